"""What people type about custom fields."""

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.dashboard.forms import PageForm
from apps.leads.types import FieldType


class FieldForm(PageForm):
    """A field's definition."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        help_text=_("As other systems and files write it, for example presupuesto_max. It cannot be changed later."),
    )
    label = forms.CharField(
        label=_("Shown as"), max_length=120, required=False, help_text=_("Left empty, the name is shown.")
    )
    type = forms.ChoiceField(label=_("Type"), choices=FieldType.choices)
    description = forms.CharField(label=_("Description"), max_length=500, required=False)
    is_required = forms.BooleanField(label=_("Required"), required=False)

    def keep_name(self, name: str) -> None:
        """The name is shown, and stays."""
        self.fields["name"].disabled = True
        self.fields["name"].initial = name
