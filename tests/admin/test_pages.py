"""What superadmins do in the admin, and that nobody else comes in."""

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.brokers.models import Broker
from apps.brokers.resolution import STEPPED_INTO
from apps.core.models import DeadLetter, ScheduledWork
from apps.core.tenancy import in_broker, in_public
from apps.messaging.models import ChannelAccount, RawEvent
from apps.messaging.types import Channel
from apps.operations.admin import readable_body
from tests.factories import make_account, make_lead, make_raw_event

NEW_BROKER = {"name": "Nueva", "country": "MX", "timezone": "", "language": "es", "currency": ""}


@pytest.fixture
def platform(superadmin_user, browser_session):
    return browser_session(superadmin_user)


def choose(client, model: str, action: str, *rows) -> list[str]:
    answer = client.post(
        reverse(f"admin:{model}_changelist"),
        {"action": action, "_selected_action": [row.pk for row in rows], "index": 0},
        format="multipart",
    )
    assert answer.status_code == 302, answer.content[:300]
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_a_stranger_is_sent_to_the_products_own_sign_in(client, db):
    answer = client.get("/admin/")
    login = client.get(answer.headers["Location"])

    assert answer.status_code == 302
    assert login.headers["Location"] == "/app/login?next=/admin/"


@pytest.mark.parametrize("who", ["admin_user", "supervisor_user", "agent_user"])
def test_everyone_but_superadmins_is_refused_without_a_loop(who, request, browser_session):
    client = browser_session(request.getfixturevalue(who))

    answer = client.get("/admin/")
    assert (answer.status_code, client.get(answer.headers["Location"]).status_code) == (302, 403)
    assert client.post(reverse("admin:step-into", args=[1])).status_code == 302
    assert STEPPED_INTO not in client.session


@pytest.mark.parametrize("language", ["es", "en", "pt"])
def test_the_first_page_shows_how_the_platform_is(platform, language, broker):
    DeadLetter.objects.create(kind="k", error="boom")

    page = platform.get("/admin/", headers={"accept-language": language})

    assert page.status_code == 200
    assert page.context["overview"].dead_letters == 1
    assert page.context["overview"].open_brokers == 2


def test_a_broker_is_made_with_its_first_administrator(platform):
    answer = platform.post(
        reverse("admin:brokers_broker_add"),
        {**NEW_BROKER, "admin_email": "dueña@example.com", "admin_password": "Casa-Azul-77"},
        format="multipart",
    )
    assert answer.status_code == 200  # ñ is no part of an address's local name here
    answer = platform.post(
        reverse("admin:brokers_broker_add"),
        {**NEW_BROKER, "admin_email": "owner@example.com", "admin_password": "Casa-Azul-77"},
        format="multipart",
    )

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    broker = Broker.objects.get(name="Nueva")
    assert (broker.country, broker.currency) == ("MX", "MXN")
    assert User.objects.get(email="owner@example.com").broker_id == broker.pk
    assert ChannelAccount.objects.filter(broker=broker).exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"country": "ZZ"}, "country"),
        ({"name": "   "}, "name"),
        ({"admin_email": "owner@example.com", "admin_password": "weak"}, "admin_password"),
    ],
)
def test_the_domains_refusals_stand_beside_their_fields_and_nothing_is_made(platform, changes, field):
    before = Broker.objects.count()

    answer = platform.post(reverse("admin:brokers_broker_add"), {**NEW_BROKER, **changes}, format="multipart")

    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
    assert Broker.objects.count() == before


def test_a_broker_is_changed_through_the_action(platform, broker):
    values = {**NEW_BROKER, "name": "Andes Nueva", "country": "CL", "language": "pt", "currency": "CLP"}
    values["timezone"] = "America/Santiago"

    answer = platform.post(reverse("admin:brokers_broker_change", args=[broker.pk]), values, format="multipart")

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    broker.refresh_from_db()
    assert (broker.name, broker.language) == ("Andes Nueva", "pt")
    with in_public():
        entry = AuditEntry.objects.get(name="broker.updated")
    assert entry.before == {"name": "Inmobiliaria Andes", "language": "es"}
    assert {**(entry.after or {}), "label": ""} == {"name": "Andes Nueva", "language": "pt", "label": ""}


def test_a_broker_is_suspended_restored_and_deleted_by_its_buttons(platform, broker):
    for name, is_open in (("suspend", False), ("restore", True), ("delete", False), ("restore", True)):
        platform.post(reverse(f"admin:{name}-broker", args=[broker.pk]))
        broker.refresh_from_db()
        assert broker.is_open is is_open, name
        assert platform.get(reverse("admin:brokers_broker_change", args=[broker.pk])).status_code == 200
    assert platform.get(reverse("admin:suspend-broker", args=[broker.pk])).status_code == 405
    choose(platform, "brokers_broker", "suspend", broker)
    broker.refresh_from_db()
    assert not broker.is_open


def test_stepping_into_a_broker_shows_its_rows_until_stepping_out(platform, broker, other_broker):
    make_lead(first_name="Ximena")
    with in_broker(other_broker.pk):
        make_lead(first_name="Forastera")

    entered = platform.post(reverse("admin:step-into", args=[broker.pk]))
    page = platform.get(entered.headers["Location"]).content.decode()
    assert "Ximena" in page
    assert "Forastera" not in page
    assert f'data-stepped-into="{broker.pk}"' in page
    with in_public():
        assert AuditEntry.objects.filter(name="broker.stepped_into", object_id=str(broker.pk)).exists()

    platform.post(reverse("admin:step-out"))
    assert platform.get(reverse("admin:leads_lead_changelist")).status_code == 403
    assert "data-stepped-into" not in platform.get("/admin/").content.decode()


def test_a_broker_that_is_not_there_cannot_be_entered(platform):
    platform.post(reverse("admin:step-into", args=[999_999]))

    assert STEPPED_INTO not in platform.session


def test_users_are_made_and_changed_with_the_rules_of_the_product(platform, broker):
    values = {
        "broker": broker.pk,
        "email": "Agente@Example.com",
        "first_name": "Ana",
        "last_name": "",
        "role": "agent",
        "phone": "",
        "language": "",
        "new_password": "weak",
    }
    add = reverse("admin:accounts_user_add")

    refused = platform.post(add, values, format="multipart")
    assert refused.status_code == 200
    assert refused.context["adminform"].form.errors
    made = platform.post(add, {**values, "new_password": "Casa-Azul-77"}, format="multipart")
    assert made.status_code == 302, made.context["adminform"].form.errors
    user = User.objects.get(email="agente@example.com")
    assert user.check_password("Casa-Azul-77")

    page = platform.get(reverse("admin:accounts_user_change", args=[user.pk])).content.decode()
    assert "argon2" not in page
    change = {**values, "email": user.email, "first_name": "Anita", "status": "active", "new_password": ""}
    answer = platform.post(reverse("admin:accounts_user_change", args=[user.pk]), change, format="multipart")
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    user.refresh_from_db()
    assert (user.first_name, user.check_password("Casa-Azul-77")) == ("Anita", True)

    choose(platform, "accounts_user", "deactivate", user)
    user.refresh_from_db()
    assert not user.is_active


def test_credentials_are_written_and_never_shown(platform, broker):
    values = {
        "broker": broker.pk,
        "channel": Channel.WHATSAPP_META,
        "name": "Ventas",
        "external_id": "106540352242922",
        "display_number": "",
        "access_token": "EAAsecret-token",
        "verify_token": "verify-secret",
        "app_secret": "app-secret-1",
        "bot_token": "",
    }

    made = platform.post(reverse("admin:messaging_channelaccount_add"), values, format="multipart")
    assert made.status_code == 302, made.context["adminform"].form.errors
    account = ChannelAccount.objects.get(external_id="106540352242922")
    assert account.credentials["access_token"] == "EAAsecret-token"

    address = reverse("admin:messaging_channelaccount_change", args=[account.pk])
    page = platform.get(address).content.decode()
    assert "access_token: •••" in page
    for secret in ("EAAsecret-token", "verify-secret", "app-secret-1"):
        assert secret not in page
    platform.post(
        address,
        {"name": "Ventas 2", "display_number": "", "is_active": "on", "app_secret": "app-secret-2"},
        format="multipart",
    )
    account.refresh_from_db()
    assert (account.name, account.credentials["app_secret"]) == ("Ventas 2", "app-secret-2")
    assert account.credentials["access_token"] == "EAAsecret-token"


def test_a_removed_account_is_taken_back(platform, broker):
    account = make_account()

    choose(platform, "messaging_channelaccount", "remove", account)
    account.refresh_from_db()
    assert account.deleted_at is not None
    choose(platform, "messaging_channelaccount", "restore", account)
    account.refresh_from_db()
    assert account.deleted_at is None


def test_the_ledger_shows_bodies_without_secrets_and_replays(platform, broker):
    event = make_raw_event(state="failed", error="bad", body=b'{"entry": [{"access_token": "EAA-1", "text": "hola"}]}')

    listed = platform.get(reverse("admin:messaging_rawevent_changelist"))
    assert listed.context["ledger_accounts"][0].failed == 1
    page = platform.get(reverse("admin:messaging_rawevent_change", args=[event.pk])).content.decode()
    assert "hola" in page
    assert "EAA-1" not in page

    choose(platform, "messaging_rawevent", "replay", event)
    assert RawEvent.objects.get(pk=event.pk).state == "waiting"


@pytest.mark.parametrize(
    ("body", "shown"),
    [(b"not json \xff", "not json \\xff"), (b"[1]", "[\n  1\n]"), (b"", ""), (b"[" * 100_000, "[" * 100_000)],
)
def test_any_body_can_be_read(body, shown):
    assert readable_body(body) == shown


def test_failed_work_is_retried_and_discarded(platform, broker):
    payload = {"token": "never-shown"}
    retried = DeadLetter.objects.create(broker_id=broker.pk, kind="a.kind", error="boom", payload=payload)
    discarded = DeadLetter.objects.create(kind="b.kind", error="boom")
    page = platform.get(reverse("admin:core_deadletter_change", args=[retried.pk])).content.decode()
    assert "never-shown" not in page

    choose(platform, "core_deadletter", "retry", retried)
    choose(platform, "core_deadletter", "discard", discarded)

    assert not DeadLetter.objects.exists()
    assert ScheduledWork.objects.filter(kind="a.kind").exists()
    assert not ScheduledWork.objects.filter(kind="b.kind").exists()
