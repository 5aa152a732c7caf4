"""Rules about users that no document shows, password reset, the first superadmin."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection

from apps.accounts import actions
from apps.accounts.actions import NewUser, UserChanges
from apps.accounts.actions.sessions import open_session
from apps.accounts.errors import EmailTaken, InvalidCode, InvalidToken, WeakPassword, WrongPassword
from apps.accounts.events import LoginFailed, PasswordChanged, UserCreated, UserLoggedIn, UserUpdated
from apps.accounts.models import LoginSession, User
from apps.accounts.passwords import PasswordRule
from apps.accounts.queries import get_user, search_users, visible_users
from apps.core import events
from apps.core.errors import Forbidden, NotFound, RateLimited
from apps.core.tenancy import current_broker_id, in_broker
from tests.factories.people import PASSWORD, make_user


@pytest.fixture
def announced(monkeypatch):
    """Every event of the test, with the broker that was entered when it was announced."""
    seen = []

    def listen(event):
        seen.append((event, current_broker_id()))

    monkeypatch.setitem(events._listeners, events.Phase.IN_TRANSACTION, [((events.Event,), listen)])
    return seen


def kinds(announced):
    return [type(event) for event, _broker in announced]


# ---- events


def test_a_login_is_announced_inside_the_user_s_broker(admin_user, other_broker, announced):
    with in_broker(other_broker.pk):
        actions.log_in(email=admin_user.email, password=PASSWORD)

    event, broker_id = announced[-1]
    assert isinstance(event, UserLoggedIn)
    assert event.broker_id == broker_id == admin_user.broker_id


def test_failures_are_announced_with_their_reason(admin_user, announced):
    for email, password in ((admin_user.email, "x"), ("nadie@example.com", "x")):
        with pytest.raises(Exception, match="INVALID_CREDENTIALS|correct"):
            actions.log_in(email=email, password=password)

    reasons = [(event.reason, event.user_id) for event, _broker in announced if isinstance(event, LoginFailed)]
    assert reasons == [("wrong_password", admin_user.pk), ("unknown_email", None)]


def test_an_update_tells_what_changed_and_never_a_password(admin_user, agent_user, announced):
    changes = UserChanges(first_name="Otra", last_name=agent_user.last_name, password="Clave-Nueva-1")

    actions.update_user(actor=admin_user.actor(), user_id=agent_user.pk, changes=changes, rule=PasswordRule.STRONG)

    updated = next(event for event, _broker in announced if isinstance(event, UserUpdated))
    assert updated.changes == {"first_name": ["Agent", "Otra"]}
    assert PasswordChanged in kinds(announced)


def test_a_browser_login_is_announced(browser_session, admin_user, announced):
    browser_session(admin_user)

    assert UserLoggedIn in kinds(announced)


# ---- who may do what


def test_a_supervisor_changes_names_but_no_role_email_or_password(supervisor_user, agent_user):
    actor = supervisor_user.actor()

    def update(**changes):
        actions.update_user(actor=actor, user_id=agent_user.pk, changes=UserChanges(**changes), rule=PasswordRule.BASIC)

    update(first_name="Otra")
    for changes in ({"role": "supervisor"}, {"email": "x@example.com"}, {"password": "password123"}):
        with pytest.raises(Forbidden):
            update(**changes)


def test_a_supervisor_does_not_touch_an_administrator(supervisor_user, admin_user):
    with pytest.raises(Forbidden):
        actions.update_user(
            actor=supervisor_user.actor(),
            user_id=admin_user.pk,
            changes=UserChanges(status="suspended"),
            rule=PasswordRule.BASIC,
        )


def test_an_agent_changes_nobody_else_and_only_little_of_themselves(agent_user, admin_user):
    actor = agent_user.actor()
    rule = PasswordRule.BASIC

    actions.update_user(actor=actor, user_id=agent_user.pk, changes=UserChanges(first_name="Yo"), rule=rule)
    for user_id, changes in (
        (agent_user.pk, UserChanges(role="admin")),
        (agent_user.pk, UserChanges(email="yo@example.com")),
        (admin_user.pk, UserChanges(first_name="Tú")),
    ):
        with pytest.raises(Forbidden):
            actions.update_user(actor=actor, user_id=user_id, changes=changes, rule=rule)
    with pytest.raises(Forbidden):
        actions.create_user(
            actor=actor, new=NewUser(email="n@example.com", password=PASSWORD, first_name="N", role="agent"), rule=rule
        )


def test_users_of_other_brokers_do_not_exist(admin_user, other_admin_user):
    actor = admin_user.actor()

    assert other_admin_user not in visible_users(actor)
    with pytest.raises(NotFound):
        get_user(actor, other_admin_user.pk)


def test_the_search_reads_names_and_emails(admin_user, agent_user):
    found = search_users(visible_users(admin_user.actor()), f"AGENT {agent_user.last_name.lower()}")

    assert list(found) == [agent_user]


def test_a_taken_email_is_refused_also_by_the_database(admin_user, announced, monkeypatch):
    answers = iter([False, True])  # somebody takes it between the look and the insert
    monkeypatch.setattr("apps.accounts.actions.users.email_is_taken", lambda *_a, **_k: next(answers))
    new = NewUser(email=admin_user.email, password=PASSWORD, first_name="N", role="agent")
    with pytest.raises(EmailTaken):
        actions.create_user(actor=admin_user.actor(), new=new, rule=PasswordRule.STRONG)

    assert UserCreated not in kinds(announced)


# ---- password reset


def reset_link(run_work):
    run_work()
    text = mail.outbox[-1].body
    uid, token = text.split("/app/reset/")[1].split()[0].split("/")
    return uid, token


def test_a_reset_link_sets_a_new_password_once(admin_user, run_work):
    session = open_session(admin_user).session
    actions.request_password_reset(email=admin_user.email.upper())
    uid, token = reset_link(run_work)

    user = actions.reset_password(uid=uid, token=token, new="Clave-Nueva-1")

    assert user == admin_user
    assert User.objects.get(pk=admin_user.pk).check_password("Clave-Nueva-1")
    assert LoginSession.objects.get(pk=session.pk).revoked_at is not None
    with pytest.raises(InvalidToken):
        actions.reset_password(uid=uid, token=token, new="Clave-Nueva-2")


def test_an_unknown_email_gets_no_mail_and_no_other_answer(database, run_work):
    actions.request_password_reset(email="nadie@example.com")

    run_work()
    assert mail.outbox == []


def test_a_weak_new_password_leaves_the_link_alive(admin_user, run_work):
    actions.request_password_reset(email=admin_user.email)
    uid, token = reset_link(run_work)

    with pytest.raises(WeakPassword):
        actions.reset_password(uid=uid, token=token, new="corta")
    assert actions.user_of_reset_link(uid, token) == admin_user


@pytest.mark.parametrize(("uid", "token"), [("MQ", "x"), ("", ""), ("ñ", "ñ"), ("\x00", "\x00"), ("OTk5OTk5", "a-b")])
def test_made_up_links_are_refused(database, uid, token):
    with pytest.raises(InvalidToken):
        actions.user_of_reset_link(uid, token)


def test_asking_for_mail_is_limited_per_account(admin_user):
    for _attempt in range(3):
        actions.request_password_reset(email=admin_user.email)

    with pytest.raises(RateLimited):
        actions.request_password_reset(email=admin_user.email)


# ---- second factor


def test_switching_the_second_factor_off_asks_for_both(admin_user):
    setup = actions.enable_two_factor(admin_user)
    User.objects.filter(pk=admin_user.pk).update(totp_confirmed_at="2026-01-01T00:00:00Z")
    admin_user.refresh_from_db()

    with pytest.raises(WrongPassword):
        actions.disable_two_factor(admin_user, password="x", code=setup.backup_codes[0])
    with pytest.raises(InvalidCode):
        actions.disable_two_factor(admin_user, password=PASSWORD, code="abc")
    actions.disable_two_factor(admin_user, password=PASSWORD, code=setup.backup_codes[0])

    admin_user.refresh_from_db()
    assert not admin_user.has_two_factor
    assert admin_user.totp_secret == ""
    assert admin_user.backup_codes.count() == 0


def test_new_backup_codes_replace_the_old_ones(admin_user):
    setup = actions.enable_two_factor(admin_user)
    User.objects.filter(pk=admin_user.pk).update(totp_confirmed_at="2026-01-01T00:00:00Z")
    admin_user.refresh_from_db()

    fresh = actions.renew_backup_codes(admin_user, code=setup.backup_codes[0])

    assert len(fresh.codes) == 10
    with pytest.raises(InvalidCode):
        actions.check_second_factor(user=admin_user, code=setup.backup_codes[1])
    actions.check_second_factor(user=admin_user, code=fresh.codes[0])


# ---- the first superadmin


def test_the_first_superadmin_comes_from_the_environment(database, settings, capsys):
    settings.SUPERADMIN_EMAIL, settings.SUPERADMIN_PASSWORD = "root@example.com", "Muy-Segura-1"

    call_command("ensure_superadmin")
    call_command("ensure_superadmin")

    user = User.objects.get(email="root@example.com")
    assert user.is_superadmin
    assert user.broker_id is None
    assert user.check_password("Muy-Segura-1")


def test_a_broker_s_user_is_not_made_superadmin(admin_user, settings):
    settings.SUPERADMIN_EMAIL, settings.SUPERADMIN_PASSWORD = admin_user.email, "Muy-Segura-1"

    with pytest.raises(CommandError):
        call_command("ensure_superadmin")


def test_django_s_own_command_makes_a_superadmin_too(database, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "Muy-Segura-1")

    call_command("createsuperuser", "--email", "raiz@example.com", "--no-input")

    assert User.objects.get(email="raiz@example.com").is_superadmin


# ---- at the same time


def test_two_uses_of_a_refresh_token_at_once_leave_no_session(committed_db, broker):
    user = make_user("agent", broker_id=broker.pk)
    pair = open_session(user).pair

    def refresh(_number):
        try:
            return actions.refresh_by_refresh_token(pair.refresh_token).pair.access_token
        except InvalidToken:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(refresh, range(4)))

    assert len([answer for answer in answers if answer]) == 1
    assert LoginSession.objects.get(user=user).revoked_reason == "replayed"


def test_a_one_time_code_at_once_in_two_places_works_once(committed_db, broker):
    user = make_user("agent", broker_id=broker.pk)
    code = actions.enable_two_factor(user).backup_codes[0]
    User.objects.filter(pk=user.pk).update(totp_confirmed_at="2026-01-01T00:00:00Z")

    def use(_number):
        try:
            actions.check_second_factor(user=User.objects.get(pk=user.pk), code=code)
        except InvalidCode:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(use, range(4))) == 1
