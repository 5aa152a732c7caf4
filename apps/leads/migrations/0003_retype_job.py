"""One more kind of job; nothing changes in the tables."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leads", "0002_whole_leads")]
    operations = [
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[
                    ("import", "Import"),
                    ("export", "Export"),
                    ("bulk", "Bulk action"),
                    ("rescore", "Recalculation of scores"),
                    ("duplicates", "Search for duplicates"),
                    ("index", "Index of a field"),
                    ("retype", "Conversion of a field"),
                ],
                max_length=20,
            ),
        ),
    ]
