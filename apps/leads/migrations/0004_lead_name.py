from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    """The list in the order of names is read off an index, as in every other order that people choose often."""

    dependencies = [("leads", "0003_retype_job")]

    operations = [
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(Lower("first_name"), Lower("last_name"), models.F("id"), name="lead_name"),
        ),
    ]
