"""One's own account: name, language, look, password, second factor."""

import re

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from apps.accounts.actions import (
    UserChanges,
    change_password,
    disable_two_factor,
    enable_two_factor,
    update_user,
    verify_two_factor,
)
from apps.accounts.models import User
from apps.accounts.passwords import PasswordRule
from apps.accounts.two_factor import qr_picture
from apps.core.access import Actor
from apps.core.errors import DomainError
from apps.dashboard.forms import ChangePasswordForm, CodeForm, DisableTwoFactorForm, PageForm, ProfileForm
from apps.dashboard.requests import signed_in_page

_CODES = re.compile(r"(\d{6})(,\d{6}){0,19}")


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in_page
def profile(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Name, phone, language and look."""
    user = _me(request)
    initial = {name: getattr(user, name) for name in ("first_name", "last_name", "phone", "theme")}
    form = ProfileForm(request.POST or None, initial={**initial, "language": user.language or settings.LANGUAGE_CODE})
    if request.method == "POST" and form.is_valid():
        changes = UserChanges(**form.cleaned_data)
        saved = update_user(actor=actor, user_id=user.pk, changes=changes, rule=PasswordRule.STRONG)
        messages.success(request, _("Saved."))
        return remember_choices(redirect("dashboard:profile"), saved)
    return render(request, "accounts/profile.html", {"form": form, "section": "profile"}, status=_status(form))


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@signed_in_page
def password(request: HttpRequest, _actor: Actor) -> HttpResponse:
    """A new password; this browser stays signed in, all others are signed out."""
    form = ChangePasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            user = change_password(
                _me(request), current=values["current_password"], new=values["new_password"], rule=PasswordRule.STRONG
            )
        except DomainError as error:
            form.show(error)
        else:
            update_session_auth_hash(request, user)
            messages.success(request, _("The password was changed. Your other sessions were signed out."))
            return redirect("dashboard:profile")
    return render(request, "accounts/password_change.html", {"form": form, "section": "profile"}, status=_status(form))


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in_page
def two_factor(request: HttpRequest, _actor: Actor) -> HttpResponse:
    """Set the second factor up in two steps: a picture to scan, then a code that proves it was scanned."""
    user = _me(request)
    if user.has_two_factor:
        return redirect("dashboard:two-factor-off")
    step = request.POST.get("step", "")
    if step == "scan":
        setup = enable_two_factor(user)
        return _scan_page(request, user, CodeForm(), setup.secret, setup.backup_codes)
    if step == "confirm" and user.totp_secret:
        return _confirm(request, user)
    return render(request, "accounts/two_factor_setup.html", {"step": "begin", "section": "profile"})


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in_page
def two_factor_off(request: HttpRequest, _actor: Actor) -> HttpResponse:
    """Switch the second factor off; both factors are asked for."""
    user = _me(request)
    if not user.has_two_factor:
        return redirect("dashboard:two-factor-setup")
    form = DisableTwoFactorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            disable_two_factor(user, password=form.cleaned_data["password"], code=form.cleaned_data["code"])
        except DomainError as error:
            form.show(error)
        else:
            messages.success(request, _("The second factor is off."))
            return redirect("dashboard:profile")
    return render(request, "accounts/two_factor_off.html", {"form": form, "section": "profile"}, status=_status(form))


def remember_choices(response: HttpResponse, user: User) -> HttpResponse:
    """A person's language and look follow them to the browser they use."""
    if user.language:
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, user.language, max_age=31536000, samesite="Lax")
    if user.theme in {"light", "dark"}:
        response.set_cookie("theme", user.theme, max_age=31536000, samesite="Lax")
    else:
        response.delete_cookie("theme")
    return response


def _confirm(request: HttpRequest, user: User) -> HttpResponse:
    form = CodeForm(request.POST)
    # The codes travel with the form so that they can be shown again: only their hashes are kept.
    given = request.POST.get("backup_codes", "")
    codes = given.split(",") if _CODES.fullmatch(given) else []
    if form.is_valid():
        try:
            verify_two_factor(user, code=form.cleaned_data["code"])
        except DomainError as error:
            form.show(error)
        else:
            context = {"step": "codes", "backup_codes": codes, "section": "profile"}
            return render(request, "accounts/two_factor_setup.html", context)
    return _scan_page(request, user, form, user.totp_secret, codes)


def _scan_page(request: HttpRequest, user: User, form: CodeForm, secret: str, codes: list[str]) -> HttpResponse:
    context = {
        "step": "scan",
        "form": form,
        "secret": secret,
        "qr_code": qr_picture(secret, user.email),
        "backup_codes": ",".join(codes),
        "section": "profile",
    }
    return render(request, "accounts/two_factor_setup.html", context, status=_status(form))


def _me(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User):
        raise TypeError("signed_in_page lets only users of ours through")
    return user


def _status(form: PageForm) -> int:
    return 422 if form.is_bound and form.errors else 200
