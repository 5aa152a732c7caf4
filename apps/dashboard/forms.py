"""What people type on the pages outside the inbox. They check shapes; the actions check rules."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError


class PageForm(forms.Form):
    """A form that can show what the domain refused, at the field it names."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    def show(self, error: DomainError, **renamed: str) -> None:
        """Put the refusal where it belongs; `renamed` maps the domain's field to the form's."""
        field = renamed.get(error.field or "", error.field)
        self.add_error(field if field in self.fields else None, error.message)


class SignInForm(PageForm):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    password = forms.CharField(label=_("Password"), widget=forms.PasswordInput, strip=False, max_length=256)


class RegisterForm(PageForm):
    broker_name = forms.CharField(label=_("Name of the brokerage"), max_length=200)
    first_name = forms.CharField(label=_("First name"), max_length=150)
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False)
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput,
        strip=False,
        help_text=_("At least 8 characters, with a capital, a small letter, a digit and a sign."),
    )


class CodeForm(PageForm):
    code = forms.CharField(label=_("Code"), max_length=16)


class ResetRequestForm(PageForm):
    email = forms.EmailField(label=_("E-mail"), max_length=254)


class NewPasswordForm(PageForm):
    new_password = forms.CharField(label=_("New password"), widget=forms.PasswordInput, strip=False)
    repeated = forms.CharField(label=_("New password, again"), widget=forms.PasswordInput, strip=False)

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        if cleaned.get("new_password") != cleaned.get("repeated"):
            self.add_error("repeated", _("The two passwords differ."))
        return cleaned


class ChangePasswordForm(NewPasswordForm):
    current_password = forms.CharField(label=_("Present password"), widget=forms.PasswordInput, strip=False)


class DisableTwoFactorForm(PageForm):
    password = forms.CharField(label=_("Present password"), widget=forms.PasswordInput, strip=False)
    code = forms.CharField(label=_("Code"), max_length=16)


class ProfileForm(PageForm):
    first_name = forms.CharField(label=_("First name"), max_length=150)
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=20, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    theme = forms.ChoiceField(
        label=_("Look"), required=False, choices=[("", _("As the device")), ("light", _("Light")), ("dark", _("Dark"))]
    )
