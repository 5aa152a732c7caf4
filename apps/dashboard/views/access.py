"""Getting in and out: sign in, second step, sign out, forgotten password, language."""

import time

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.actions import (
    UserChanges,
    check_credentials,
    check_second_factor,
    request_password_reset,
    reset_password,
    update_user,
    user_of_reset_link,
)
from apps.accounts.backends import can_sign_in
from apps.accounts.errors import InvalidToken
from apps.accounts.models import User
from apps.accounts.passwords import PasswordRule
from apps.brokers.registration import register_broker
from apps.core.errors import DomainError
from apps.dashboard.forms import CodeForm, NewPasswordForm, PageForm, RegisterForm, ResetRequestForm, SignInForm
from apps.dashboard.requests import safe_next
from apps.dashboard.views.profile import remember_choices

_HALF_IN = "two_factor_pending"


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """E-mail and password; those with a second factor go on to the next step."""
    if request.user.is_authenticated:
        return redirect(safe_next(request, settings.LOGIN_REDIRECT_URL))
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = check_credentials(email=form.cleaned_data["email"], password=form.cleaned_data["password"])
        except DomainError as error:
            form.show(error)
        else:
            return _go_on(request, user)
    return render(request, "accounts/login.html", {"form": form, "next": safe_next(request, "")}, status=_status(form))


@never_cache
@require_http_methods(["GET", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """A code of the authenticator, or a backup code, within five minutes of the password."""
    pending = request.session.get(_HALF_IN)
    user = _pending_user(pending)
    if user is None or pending is None:
        return redirect("dashboard:login")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            check_second_factor(user=user, code=form.cleaned_data["code"])
        except DomainError as error:
            form.show(error)
        else:
            return _enter(request, user, pending["next"])
    return render(request, "accounts/two_factor.html", {"form": form}, status=_status(form))


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Make a brokerage and enter it as its administrator."""
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    form = RegisterForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = register_broker(email=given["email"], password=given["password"], broker_name=given["broker_name"])
        except DomainError as error:
            form.show(error, name="broker_name")
        else:
            changes = UserChanges(first_name=given["first_name"], last_name=given["last_name"])
            update_user(actor=made.user.actor(), user_id=made.user.pk, changes=changes, rule=PasswordRule.STRONG)
            return _enter(request, made.user, settings.LOGIN_REDIRECT_URL)
    return render(request, "accounts/register.html", {"form": form}, status=_status(form))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the browser's session."""
    logout(request)
    return redirect("dashboard:login")


@require_http_methods(["GET", "POST"])
def password_reset(request: HttpRequest) -> HttpResponse:
    """Ask for the mail; the answer is the same whether or not the account exists."""
    form = ResetRequestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            request_password_reset(email=form.cleaned_data["email"])
        except DomainError as error:
            form.show(error)
        else:
            return redirect("dashboard:password-reset-sent")
    return render(request, "accounts/password_reset.html", {"form": form}, status=_status(form))


def password_reset_sent(request: HttpRequest) -> HttpResponse:
    """What to do next."""
    return render(request, "accounts/password_reset_sent.html")


@never_cache
@sensitive_post_parameters("new_password", "repeated")
@require_http_methods(["GET", "POST"])
def password_reset_confirm(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Choose a new password from the mailed link."""
    try:
        user_of_reset_link(uid, token)
    except InvalidToken:
        return render(request, "accounts/password_reset_confirm.html", {"is_expired": True}, status=410)
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reset_password(uid=uid, token=token, new=form.cleaned_data["new_password"])
        except DomainError as error:
            form.show(error, password="new_password")
        else:
            return redirect("dashboard:password-reset-done")
    return render(request, "accounts/password_reset_confirm.html", {"form": form}, status=_status(form))


def password_reset_done(request: HttpRequest) -> HttpResponse:
    """It worked."""
    return render(request, "accounts/password_reset_done.html")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language of this browser, and of the person where one is signed in."""
    response = redirect(safe_next(request, settings.LOGIN_REDIRECT_URL))
    wanted = request.POST.get("language", "")
    if wanted not in dict(settings.LANGUAGES):
        return response
    if isinstance(request.user, User):
        changes = UserChanges(language=wanted)
        update_user(actor=request.user.actor(), user_id=request.user.pk, changes=changes, rule=PasswordRule.STRONG)
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, wanted, max_age=31536000, samesite="Lax")
    return response


def _go_on(request: HttpRequest, user: User) -> HttpResponse:
    after = safe_next(request, settings.LOGIN_REDIRECT_URL)
    if not user.has_two_factor:
        return _enter(request, user, after)
    request.session.cycle_key()
    request.session[_HALF_IN] = {
        "user_id": user.pk,
        "since": time.time(),
        "next": after,
        "hash": user.get_session_auth_hash(),
    }
    return redirect("dashboard:two-factor")


def _enter(request: HttpRequest, user: User, after: str) -> HttpResponse:
    request.session.pop(_HALF_IN, None)
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return remember_choices(redirect(after), user)


def _pending_user(pending: dict[str, object] | None) -> User | None:
    """Who typed the right password a moment ago; a changed password or a closed account ends it."""
    if not pending or time.time() - float(str(pending["since"])) > settings.TWO_FACTOR_CHALLENGE_SECONDS:
        return None
    user = User.objects.select_related("broker").filter(pk=pending["user_id"]).first()
    if user is None or not can_sign_in(user) or user.get_session_auth_hash() != pending["hash"]:
        return None
    return user


def _status(form: PageForm) -> int:
    return 422 if form.is_bound and form.errors else 200
