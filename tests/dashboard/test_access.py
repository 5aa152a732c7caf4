"""Getting in and out through the browser."""

import re

import pyotp
import pytest
from django.core import mail
from django.test import Client

from apps.accounts.actions import enable_two_factor, verify_two_factor
from apps.accounts.actions.passwords import reset_link_parts
from apps.accounts.models import User
from apps.brokers.models import Broker
from apps.core.tenancy import in_public
from tests.factories.people import PASSWORD

NEW_PASSWORD = "Otra-Casa-88"


def sign_in(page, email, password=PASSWORD, **more):
    return page.post("/app/login", {"email": email, "password": password, **more})


def is_in(page):
    return page.get("/app/profile").status_code == 200


def test_the_right_password_opens_the_inbox(browser, agent_user):
    page = browser()

    answer = sign_in(page, agent_user.email.upper())

    assert (answer.status_code, answer["Location"]) == (302, "/app/")
    assert page.get("/app/").status_code == 200


@pytest.mark.parametrize("email", ["agent", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_person_look_alike(browser, agent_user, email):
    page = browser()

    answer = sign_in(page, agent_user.email if email == "agent" else email, "Wrong-pass-1")

    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors()
    assert not is_in(page)


def test_an_inactive_user_stays_outside(browser, agent_user):
    User.objects.filter(pk=agent_user.pk).update(status="inactive")
    page = browser()

    assert sign_in(page, agent_user.email).status_code == 422
    assert not is_in(page)


def test_a_session_ends_with_the_broker(browser, agent_user, broker):
    page = browser(agent_user)
    assert is_in(page)

    with in_public():
        Broker.objects.filter(pk=broker.pk).update(is_active=False)

    assert not is_in(page)


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/app/inbox/7?tab=bot", "/app/inbox/7?tab=bot"),
        ("https://evil.example/", "/app/"),
        ("//evil.example", "/app/"),
        ("javascript:alert(1)", "/app/"),
    ],
)
def test_after_signing_in_one_goes_on_within_this_site(browser, agent_user, wanted, reached):
    assert sign_in(browser(), agent_user.email, next=wanted)["Location"] == reached


def test_too_many_attempts_are_refused(browser, agent_user, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login.account": (2, 300)}
    page = browser()
    for _attempt in range(3):
        sign_in(page, agent_user.email, "Wrong-pass-1")

    assert sign_in(page, agent_user.email).status_code == 422
    assert not is_in(page)


def test_signing_out_needs_a_post_and_ends_the_session(browser, agent_user):
    page = browser(agent_user)

    assert page.get("/app/logout").status_code == 405
    assert page.post("/app/logout").status_code == 302
    assert not is_in(page)


def test_forms_without_the_token_are_refused(agent_user):
    strict = Client(enforce_csrf_checks=True)

    assert strict.post("/app/login", {"email": agent_user.email, "password": PASSWORD}).status_code == 403


class TestSecondFactor:
    @pytest.fixture
    def secret(self, agent_user):
        setup = enable_two_factor(agent_user)
        agent_user.refresh_from_db()
        verify_two_factor(agent_user, code=pyotp.TOTP(setup.secret).now())
        User.objects.filter(pk=agent_user.pk).update(totp_last_step=None)
        self.backup_codes = setup.backup_codes
        return setup.secret

    def test_the_password_alone_does_not_open_anything(self, browser, agent_user, secret):
        page = browser()

        answer = sign_in(page, agent_user.email)

        assert answer["Location"] == "/app/login/code"
        assert not is_in(page)

    def test_the_code_finishes_and_works_once(self, browser, agent_user, secret):
        code = pyotp.TOTP(secret).now()
        page, thief = browser(), browser()
        sign_in(page, agent_user.email, next="/app/profile")
        sign_in(thief, agent_user.email)

        assert page.post("/app/login/code", {"code": code})["Location"] == "/app/profile"
        assert is_in(page)
        assert thief.post("/app/login/code", {"code": code}).status_code == 422
        assert not is_in(thief)

    def test_a_backup_code_opens_too(self, browser, agent_user, secret):
        page = browser()
        sign_in(page, agent_user.email)

        assert page.post("/app/login/code", {"code": self.backup_codes[0]}).status_code == 302
        assert is_in(page)

    def test_a_password_changed_meanwhile_ends_the_half_open_door(self, browser, agent_user, secret):
        page = browser()
        sign_in(page, agent_user.email)
        agent_user.set_password(NEW_PASSWORD)
        agent_user.save()

        answer = page.post("/app/login/code", {"code": pyotp.TOTP(secret).now()})

        assert answer["Location"] == "/app/login"

    def test_nobody_comes_to_the_second_step_alone(self, browser):
        assert browser().get("/app/login/code")["Location"] == "/app/login"


def test_the_second_factor_is_set_up_with_a_picture_and_switched_off(browser, agent_user):
    page = browser(agent_user)

    shown = page.post("/app/profile/two-factor", {"step": "scan"})
    secret, codes = shown.context["secret"], shown.context["backup_codes"]
    wrong = page.post("/app/profile/two-factor", {"step": "confirm", "code": "000000", "backup_codes": codes})
    right = page.post(
        "/app/profile/two-factor", {"step": "confirm", "code": pyotp.TOTP(secret).now(), "backup_codes": codes}
    )

    assert 'src="data:image/png' in shown.content.decode()
    assert wrong.status_code == 422 and wrong.context["secret"] == secret
    assert all(code in right.content.decode() for code in codes.split(","))
    agent_user.refresh_from_db()
    assert agent_user.has_two_factor

    off = page.post("/app/profile/two-factor/off", {"password": PASSWORD, "code": codes.split(",")[0]})
    agent_user.refresh_from_db()
    assert off.status_code == 302
    assert not agent_user.has_two_factor


def test_a_forgotten_password_is_set_anew_by_mail(browser, agent_user, run_work):
    other = browser(agent_user)
    page = browser()

    assert page.post("/app/reset", {"email": agent_user.email})["Location"] == "/app/reset/sent"
    run_work()
    link = re.findall(r"/app/reset/\S+", str(mail.outbox[0].body))[0]
    assert page.get(link).status_code == 200
    assert page.post(link, {"new_password": "weak", "repeated": "weak"}).status_code == 422
    assert page.post(link, {"new_password": NEW_PASSWORD, "repeated": "Other-77"}).status_code == 422
    assert page.post(link, {"new_password": NEW_PASSWORD, "repeated": NEW_PASSWORD}).status_code == 302

    assert not is_in(other)
    assert page.get(link).status_code == 410
    assert sign_in(page, agent_user.email, NEW_PASSWORD).status_code == 302


def test_asking_for_a_reset_tells_nothing_about_who_exists(browser, agent_user, run_work):
    assert browser().post("/app/reset", {"email": "nobody@example.com"})["Location"] == "/app/reset/sent"
    run_work()
    assert mail.outbox == []


def test_a_made_up_reset_link_is_refused(browser, agent_user):
    uid, _token = reset_link_parts(agent_user)

    assert browser().get(f"/app/reset/{uid}/made-up").status_code == 410
    assert browser().get("/app/reset/%00/x").status_code == 410


def test_changing_the_password_keeps_this_browser_and_ends_the_others(browser, agent_user):
    here, there = browser(agent_user), browser(agent_user)
    form = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "repeated": NEW_PASSWORD}

    assert here.post("/app/profile/password", {**form, "current_password": "no"}).status_code == 422
    assert here.post("/app/profile/password", form).status_code == 302

    assert is_in(here)
    assert not is_in(there)


def test_the_profile_keeps_name_language_and_look(browser, agent_user):
    page = browser(agent_user)

    answer = page.post(
        "/app/profile",
        {"first_name": "Rosa", "last_name": "Soto", "phone": "", "language": "pt", "theme": "dark", "role": "admin"},
    )

    agent_user.refresh_from_db()
    assert answer.cookies["theme"].value == "dark"
    assert answer.cookies["django_language"].value == "pt"
    assert (agent_user.first_name, agent_user.language, agent_user.theme) == ("Rosa", "pt", "dark")
    assert agent_user.role == "agent"


def test_the_language_switch_accepts_only_ours(browser):
    page = browser()

    assert page.post("/app/language", {"language": "en", "next": "/app/login"}).cookies["django_language"].value == "en"
    assert "django_language" not in page.post("/app/language", {"language": "xx"}).cookies


def test_a_brokerage_registers_and_is_inside(browser, broker):
    page = browser()
    form = {
        "broker_name": "Casas del Lago",
        "first_name": "Inés",
        "last_name": "Lago",
        "email": "ines@lago.example",
        "password": NEW_PASSWORD,
    }

    assert page.post("/app/register", {**form, "password": "weak"}).status_code == 422
    assert page.post("/app/register", form).status_code == 302
    assert page.get("/app/").status_code == 200
    assert browser().post("/app/register", form).status_code == 422

    made = User.objects.get(email="ines@lago.example")
    assert (made.name, made.role, made.broker.name) == ("Inés Lago", "admin", "Casas del Lago")
