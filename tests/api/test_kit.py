"""The kit: envelopes, unknown addresses, slashes, languages, brokers."""

import pytest

from apps.api.kit.dialects import dialect_of_path
from apps.api.kit.routing import mounted_operations
from apps.brokers.models import Domain
from apps.core.tenancy import in_public
from tests.api.schemas import load_urls


def envelope_of(document, body):
    """What the answer is called in the dialect; fails where it is another's envelope."""
    if document == "crm_whatsapp":
        assert set(body) == {"error"}
        assert set(body["error"]) == {"code", "message", "details"}
        return body["error"]["message"]
    assert set(body) == {"detail"}
    if document == "whatsapp_odoo":
        assert set(body["detail"]) == {"code", "message", "field"}
        return body["detail"]["message"]
    return body["detail"]


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/auth/nothing", "inmo"),
        ("/api/v1/nothing", "inmo"),
        ("/api/brokers/7/nothing", "inmo"),
        ("/webhooks/nothing/at/all", "inmo"),
        ("/api/nothing", "whatsapp_odoo"),
        ("/api/v1/admin/nothing", "centro_control"),
        ("/api/v1/ingest", "centro_control"),
        ("/v1/nothing/", "crm_whatsapp"),
        ("/v1", "crm_whatsapp"),
    ],
)
def test_an_unknown_address_answers_404_in_its_dialect(api, path, document):
    for method in ("get", "post", "delete"):
        answer = getattr(api(), method)(path)
        assert answer.status_code == 404
        assert envelope_of(document, answer.json())


@pytest.mark.parametrize(
    ("path", "document"),
    [("/auth/login", "inmo"), ("/api/auth/login", "whatsapp_odoo"), ("/v1/auth/login", "crm_whatsapp")],
)
def test_another_method_answers_405_with_the_allowed_ones(api, path, document):
    answer = api().get(path)

    assert answer.status_code == 405
    assert answer["Allow"] == "OPTIONS, POST"
    assert envelope_of(document, answer.json())
    assert api().options(path).status_code == 204


def test_every_pending_operation_answers_501_or_asks_for_a_token(api, admin_user):
    load_urls()
    client, stranger = api(admin_user), api()
    wrong = []
    for each in mounted_operations():
        if each.operation.is_built:
            continue
        path = each.operation.plain_path
        for name in ("{tag}", "{stage}", "{agent_type}", "{provider_name}"):
            path = path.replace(name, "x")
        path = path.replace("{", "").replace("}", "")
        known = client.generic(each.operation.method, path)
        unknown = stranger.generic(each.operation.method, path)
        is_open = not each.operation.viewset.authentication_classes
        if known.status_code != 501 or unknown.status_code != (501 if is_open else 401):
            wrong.append((each.operation.id, known.status_code, unknown.status_code))
        else:
            envelope_of(each.dialect.document, known.json())

    assert not wrong


@pytest.mark.parametrize(
    ("path", "document"), [("/api/v1/leads", "inmo"), ("/api/contacts", "whatsapp_odoo"), ("/v1/chats", "crm_whatsapp")]
)
def test_without_a_token_every_dialect_answers_401_in_its_envelope(api, path, document):
    answer = api().get(path)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert envelope_of(document, answer.json())


def test_a_fault_of_ours_shows_no_trace(api, admin_user, monkeypatch):
    def explode(*_arguments, **_named):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("apps.api.crm_whatsapp.users.user_detail", explode)

    answer = api(admin_user).get("/v1/users/me")

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "secret" not in answer.content.decode()


def test_an_accept_header_for_pages_still_gets_json(api, admin_user):
    answer = api(admin_user).get("/auth/me", HTTP_ACCEPT="text/html")

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"


def test_times_are_utc_with_a_z_and_whole_seconds(api, admin_user):
    created = api(admin_user).get("/auth/me").json()["created_at"]

    assert created.endswith("Z")
    assert "." not in created


def test_head_is_served_where_get_is(api, admin_user):
    assert api(admin_user).head("/auth/me").status_code == 200


@pytest.mark.parametrize("value", ["abc", "1.5", "-1", "٣", "9" * 30, "1 2"])
def test_a_path_id_of_the_wrong_type_is_named(api, admin_user, value):
    answer = api(admin_user).put(f"/api/broker/users/{value}", {"name": "x"})

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["path", "user_id"]


@pytest.mark.parametrize(
    "query", ["limit=201", "limit=0", "skip=-1", "limit=x", "skip=99999999999999999999", "limit=%00"]
)
def test_a_page_past_its_limits_is_refused(api, admin_user, query):
    answer = api(admin_user).get(f"/api/broker/users?{query}")

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", query.split("=")[0]]


# ---- languages


def test_the_answer_is_in_the_broker_s_language_unless_asked_otherwise(api, admin_user, monkeypatch):
    seen = []
    from django.utils import translation

    from apps.api.inmo.auth import AuthViewSet

    original = AuthViewSet.me

    def me(*arguments, **named):
        seen.append(translation.get_language())
        return original(*arguments, **named)

    monkeypatch.setattr(AuthViewSet, "me", me)
    client = api(admin_user)
    client.get("/auth/me")
    client.get("/auth/me", HTTP_ACCEPT_LANGUAGE="pt")
    type(admin_user).objects.filter(pk=admin_user.pk).update(language="en")
    client.get("/auth/me")

    assert seen == ["es", "pt", "en"]


# ---- brokers


def test_a_token_and_another_broker_s_host_disagree(api, admin_user, other_broker):
    with in_public():
        Domain.objects.create(domain="otro.example.com", tenant=other_broker)

    answer = api(admin_user).get("/auth/me", HTTP_HOST="otro.example.com")

    assert answer.status_code == 403


def test_a_token_and_its_own_broker_s_host_agree(api, admin_user, broker):
    with in_public():
        Domain.objects.create(domain="casa.example.com", tenant=broker)

    assert api(admin_user).get("/auth/me", HTTP_HOST="casa.example.com").status_code == 200


@pytest.mark.parametrize(("query", "status"), [("999999", 404), ("abc", 422), ("-1", 422), ("9" * 40, 404)])
def test_a_superadmin_s_broker_must_exist(api, superadmin_user, query, status):
    assert api(superadmin_user).get(f"/api/broker/users?broker_id={query}").status_code == status


def test_the_broker_id_of_anyone_else_is_ignored(api, admin_user, other_broker):
    rows = api(admin_user).get(f"/api/broker/users?broker_id={other_broker.pk}").json()["data"]

    assert {row["broker_id"] for row in rows} == {admin_user.broker_id}


# ---- limits


def test_calls_are_limited_per_user(api, admin_user, agent_user, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "api.user": (2, 60)}
    client = api(admin_user)
    statuses = [client.get("/v1/users/me").status_code for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert api(agent_user).get("/v1/users/me").status_code == 200


def test_calls_are_limited_per_broker(api, admin_user, agent_user, other_admin_user, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "api.broker": (1, 60)}
    assert api(admin_user).get("/v1/users/me").status_code == 200

    refused = api(agent_user).get("/v1/users/me")

    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert int(refused["Retry-After"]) > 0
    assert api(other_admin_user).get("/v1/users/me").status_code == 200


def test_the_longest_prefix_names_the_dialect():
    load_urls()

    for path, document in (
        ("/api/v1/leads", "inmo"),
        ("/api/v1/ingest/cc_x", "centro_control"),
        ("/api/contacts", "whatsapp_odoo"),
    ):
        dialect = dialect_of_path(path)
        assert dialect is not None
        assert dialect.document == document
    assert dialect_of_path("/app/") is None
    assert dialect_of_path("/v1x") is None


def test_the_database_being_away_answers_503(api, admin_user, monkeypatch):
    from django.db import OperationalError

    def away(*_arguments, **_named):
        raise OperationalError("connection refused at 10.0.0.1")

    monkeypatch.setattr("apps.api.crm_whatsapp.users.user_detail", away)

    answer = api(admin_user).get("/v1/users/me")

    assert answer.status_code == 503
    assert "10.0.0.1" not in answer.content.decode()


def test_a_token_costs_four_statements_and_no_more(api, admin_user, django_assert_max_num_queries):
    client = api(admin_user)

    # The search path, the host's domain twice, and the session with its user and broker once.
    with django_assert_max_num_queries(4):
        assert client.get("/auth/me").status_code == 200
