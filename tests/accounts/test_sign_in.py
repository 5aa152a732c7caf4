"""Signing in, staying in, getting out: /auth, /api/auth and /v1/auth over one set of actions."""

import time
import uuid
from datetime import timedelta

import pyotp
import pytest
from django.conf import settings
from django.contrib.auth.hashers import get_hasher
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from apps.accounts.models import LoginSession, User
from apps.accounts.types import Role, UserStatus
from apps.brokers.models import Broker
from tests.factories.people import PASSWORD, make_user

REGISTRATION = {"email": "nueva@inmobiliaria.cl", "password": "Seguro123!", "broker_name": "Inmobiliaria Activa"}


def login(client, user, path="/auth/login", password=PASSWORD):
    return client.post(path, {"email": user.email, "password": password})


# ---- register


def test_registering_makes_a_broker_with_its_administrator(api):
    answer = api().post("/auth/register", REGISTRATION)

    assert answer.status_code == 200, answer.json()
    body = answer.json()
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == settings.ACCESS_TOKEN_SECONDS
    assert body["user"]["name"] == "Inmobiliaria Activa"
    assert body["user"]["role"] == "admin"
    me = api()
    me.credentials(HTTP_AUTHORIZATION=f"Bearer {body['access_token']}")
    profile = me.get("/auth/me").json()
    assert profile["email"] == REGISTRATION["email"]
    assert profile["broker_id"] == Broker.objects.latest("id").pk
    assert profile["is_active"] is True


def test_a_taken_email_registers_nothing_in_any_case_of_letters(api, admin_user):
    before = Broker.objects.count()

    answer = api().post("/auth/register", {**REGISTRATION, "email": admin_user.email.upper()})

    assert answer.status_code == 400
    assert isinstance(answer.json()["detail"], str)
    assert Broker.objects.count() == before


@pytest.mark.parametrize(
    "password", ["Seg12!", "seguro123!", "SEGURO123!", "SeguroSeguro!", "Seguro1234", "Ñ" * 300, 12345678, None, ["a"]]
)
def test_a_weak_password_registers_nothing(api, password):
    answer = api().post("/auth/register", {**REGISTRATION, "password": password})

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "password"]
    assert not User.objects.filter(email=REGISTRATION["email"]).exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "no-email"},
        {"email": None},
        {"broker_name": ""},
        {"broker_name": "A\x00B"},
        {"broker_name": {"a": 1}},
        {"broker_name": "x" * 500},
    ],
)
def test_wrong_values_at_registration_are_named(api, wrong):
    answer = api().post("/auth/register", {**REGISTRATION, **wrong})

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", next(iter(wrong))]


def test_registration_is_limited_per_address(api, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "register.address": (1, 3600)}
    api().post("/auth/register", {**REGISTRATION, "email": "no"})
    api().post("/auth/register", {**REGISTRATION, "password": "Corta1!"})

    first = api().post("/auth/register", REGISTRATION)
    second = api().post("/auth/register", {**REGISTRATION, "email": "otra@inmobiliaria.cl"})

    assert first.status_code == 200
    assert second.status_code == 429
    assert int(second["Retry-After"]) > 0


# ---- login


def test_login_answers_the_superset_at_the_root(api, admin_user):
    body = login(api(), admin_user).json()

    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
    assert {"id", "email", "name", "role", "broker_id", "is_active", "permissions"} <= set(body["user"])
    assert body["user"]["id"] == admin_user.pk


def test_login_answers_uuids_under_api(api, admin_user):
    body = login(api(), admin_user, "/api/auth/login").json()

    assert body["user"] == {
        "id": str(admin_user.uid),
        "email": admin_user.email,
        "name": admin_user.name,
        "role": "admin",
    }


def test_login_answers_role_and_permissions_under_v1(api, agent_user):
    body = login(api(), agent_user, "/v1/auth/login").json()

    assert set(body) == {"access_token", "refresh_token", "expires_in", "user"}
    assert body["user"]["role"] == {"id": 3, "name": "agent", "display_name": str(Role.AGENT.label)}
    assert "chats.read" in body["user"]["permissions"]


@pytest.mark.parametrize("path", ["/auth/login/", "/api/auth/login/", "/v1/auth/login/"])
def test_a_trailing_slash_changes_nothing(api, admin_user, path):
    assert login(api(), admin_user, path).status_code == 200


def test_the_email_is_read_in_any_case(api, admin_user):
    answer = api().post("/auth/login", {"email": admin_user.email.upper(), "password": PASSWORD})

    assert answer.status_code == 200


def test_a_wrong_password_and_an_unknown_account_look_alike(api, admin_user):
    wrong = login(api(), admin_user, password="Otra-Clave-1")
    unknown = api().post("/auth/login", {"email": "nadie@example.com", "password": "Otra-Clave-1"})

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


def test_an_unknown_account_costs_as_much_work_as_a_wrong_password(admin_user, monkeypatch):
    from apps.accounts import actions
    from apps.accounts.errors import InvalidCredentials

    hashed: list[str] = []
    hasher = type(get_hasher())
    for name in ("encode", "verify"):
        monkeypatch.setattr(hasher, name, _counted(getattr(hasher, name), hashed))
    counts = []
    for email in (admin_user.email, "nadie@example.com"):
        hashed.clear()
        with pytest.raises(InvalidCredentials):
            actions.check_credentials(email=email, password="Otra-Clave-1")
        counts.append(len(hashed))

    assert counts[0] == counts[1] == 1


def _counted(function, calls):
    def counted(*arguments, **named):
        calls.append(function.__name__)
        return function(*arguments, **named)

    return counted


@pytest.mark.parametrize(("path", "status"), [("/auth/login", 401), ("/api/auth/login", 401), ("/v1/auth/login", 403)])
def test_an_inactive_user_cannot_log_in(api, agent_user, path, status):
    User.objects.filter(pk=agent_user.pk).update(status=UserStatus.SUSPENDED)

    assert login(api(), agent_user, path).status_code == status
    assert login(api(), agent_user, path, password="wrong").status_code == 401


def test_a_user_of_a_closed_broker_cannot_log_in(api, broker, agent_user):
    Broker.objects.filter(pk=broker.pk).update(is_active=False)

    assert login(api(), agent_user).status_code == 401


def test_login_is_limited_per_account_with_retry_after(api, admin_user, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login.account": (2, 300)}
    for _attempt in range(2):
        assert login(api(), admin_user, password="x").status_code == 401

    answer = login(api(), admin_user, "/v1/auth/login")

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert answer.json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"


def test_login_is_limited_per_address(api, admin_user, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login.address": (1, 60)}
    login(api(), admin_user)

    assert api().post("/api/auth/login", {"email": "a@b.cl", "password": "x"}).status_code == 429


def test_a_dead_token_in_the_header_does_not_hinder_a_login(api, admin_user):
    client = api()
    client.credentials(HTTP_AUTHORIZATION="Bearer dead")

    assert login(client, admin_user).status_code == 200


@pytest.mark.parametrize(("path", "status"), [("/auth/login", 422), ("/api/auth/login", 400), ("/v1/auth/login", 400)])
@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"email": "\\ud800"}', b"NaN", b"[" * 3000])
def test_malformed_json_is_refused_as_the_document_says(api, path, status, body):
    answer = api().post(path, body, content_type="application/json")

    assert answer.status_code == status
    assert set(answer.json()) <= {"detail", "error"}


@pytest.mark.parametrize("path", ["/auth/login", "/api/auth/login", "/v1/auth/login"])
@pytest.mark.parametrize("body", [[], [1], "text", 7, None, {}, {"email": 7}, {"email": "a@b.cl", "password": {}}])
def test_bodies_of_the_wrong_shape_are_refused(api, path, body):
    assert api().post(path, body).status_code == 422


def test_a_huge_body_is_refused(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    answer = api().post("/v1/auth/login", {"email": "a" * 2000})

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "PAYLOAD_TOO_LARGE"


def test_another_content_type_is_refused(api):
    assert api().post("/auth/login", b"email=a", content_type="text/plain").status_code == 415


# ---- tokens


def bearer(api, token):
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer x.y.z", "Bearer \u00f1"]
)
def test_a_missing_or_broken_header_is_401(api, header):
    client = api()
    client.credentials(HTTP_AUTHORIZATION=header)

    answer = client.get("/auth/me")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


def test_an_expired_token_is_401(api, admin_user, monkeypatch):
    token = login(api(), admin_user).json()["access_token"]
    monkeypatch.setattr("rest_framework_simplejwt.tokens.aware_utcnow", lambda: timezone.now() + timedelta(days=2))

    assert bearer(api, token).get("/auth/me").status_code == 401


def test_a_token_signed_with_another_key_is_401(api, admin_user):
    import jwt

    token = login(api(), admin_user).json()["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    for forged in (jwt.encode(claims, "k" * 64, algorithm="HS256"), jwt.encode(claims, "", algorithm="none")):
        assert bearer(api, forged).get("/auth/me").status_code == 401


def test_a_refresh_token_is_no_access_token(api, admin_user):
    pair = login(api(), admin_user).json()

    assert bearer(api, pair["refresh_token"]).get("/auth/me").status_code == 401
    assert api().post("/v1/auth/refresh", {"refresh_token": pair["access_token"]}).status_code == 401


def test_a_well_signed_token_of_no_session_is_401(api, admin_user):
    for sid in (str(uuid.uuid4()), "not a uuid", None):
        access, refresh = AccessToken(), RefreshToken()
        for token in (access, refresh):
            token["user_id"] = str(admin_user.pk)
            if sid is not None:
                token["sid"] = sid
        assert bearer(api, access).get("/auth/me").status_code == 401
        assert api().post("/v1/auth/refresh", {"refresh_token": str(refresh)}).status_code == 401


def test_a_suspended_user_s_token_dies_at_once(api, agent_user):
    client = api(agent_user)
    assert client.get("/auth/me").status_code == 200

    User.objects.filter(pk=agent_user.pk).update(status=UserStatus.SUSPENDED)

    assert client.get("/auth/me").status_code == 401


def test_a_closed_broker_s_tokens_die_at_once(api, broker, agent_user):
    client = api(agent_user)

    Broker.objects.filter(pk=broker.pk).update(deleted_at=timezone.now())

    assert client.get("/auth/me").status_code == 401


def test_refreshing_replaces_both_tokens(api, admin_user):
    old = login(api(), admin_user).json()

    new = api().post("/v1/auth/refresh", {"refresh_token": old["refresh_token"]}).json()

    assert set(new) == {"access_token", "refresh_token", "expires_in"}
    assert bearer(api, new["access_token"]).get("/auth/me").status_code == 200
    assert bearer(api, old["access_token"]).get("/auth/me").status_code == 401


def test_a_replayed_refresh_token_ends_the_session(api, admin_user):
    old = login(api(), admin_user).json()
    new = api().post("/auth/refresh", {"refresh_token": old["refresh_token"]}).json()

    replay = api().post("/auth/refresh", {"refresh_token": old["refresh_token"]})

    assert replay.status_code == 401
    assert bearer(api, new["access_token"]).get("/auth/me").status_code == 401
    assert api().post("/auth/refresh", {"refresh_token": new["refresh_token"]}).status_code == 401
    assert LoginSession.objects.get(user=admin_user).revoked_reason == "replayed"


@pytest.mark.parametrize("path", ["/auth/refresh", "/api/auth/refresh"])
def test_the_access_token_is_exchanged_once(api, admin_user, path):
    old = login(api(), admin_user).json()["access_token"]

    new = bearer(api, old).post(path)

    assert new.status_code == 200
    assert {"access_token", "token_type", "user"} <= set(new.json())
    assert bearer(api, old).post(path).status_code == 401
    assert bearer(api, new.json()["access_token"]).get("/auth/me").status_code == 200


@pytest.mark.parametrize("path", ["/auth/refresh", "/api/auth/refresh"])
def test_refreshing_without_any_token_is_401(api, path):
    assert api().post(path).status_code == 401


@pytest.mark.parametrize("token", ["", "x", 7, None])
def test_refreshing_with_rubbish_is_refused(api, token):
    assert api().post("/v1/auth/refresh", {"refresh_token": token}).status_code in {401, 422}


@pytest.mark.parametrize(
    ("path", "status"), [("/auth/logout", 204), ("/api/auth/logout", 204), ("/v1/auth/logout", 200)]
)
def test_logging_out_kills_both_tokens(api, admin_user, path, status):
    pair = login(api(), admin_user).json()

    answer = bearer(api, pair["access_token"]).post(path)

    assert answer.status_code == status
    assert bearer(api, pair["access_token"]).get("/auth/me").status_code == 401
    assert api().post("/v1/auth/refresh", {"refresh_token": pair["refresh_token"]}).status_code == 401


# ---- password


def test_changing_the_password_ends_the_other_sessions(api, admin_user):
    here, elsewhere = api(admin_user), api(admin_user)
    change = {"current_password": PASSWORD, "new_password": "Nueva-Clave-9"}

    answer = here.put("/auth/change-password", change)

    assert answer.status_code == 200
    assert here.get("/auth/me").status_code == 200
    assert elsewhere.get("/auth/me").status_code == 401
    assert login(api(), admin_user, password="Nueva-Clave-9").status_code == 200
    assert login(api(), admin_user).status_code == 401


def test_a_wrong_current_password_names_the_field(api, admin_user):
    client = api(admin_user)

    answer = client.put("/v1/auth/change-password", {"current_password": "no", "new_password": "newpass456"})

    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["field"] == "current_password"


def test_each_document_has_its_password_rule(api, admin_user):
    change = {"current_password": PASSWORD, "new_password": "newpass456"}

    assert api(admin_user).put("/auth/change-password", change).status_code == 422
    assert api(admin_user).put("/v1/auth/change-password", {**change, "new_password": "short"}).status_code == 422
    assert api(admin_user).put("/v1/auth/change-password", change).status_code == 200


# ---- second factor


def code_of(secret, *, steps=0):
    return pyotp.TOTP(secret).at(int(time.time()) + 30 * steps)


@pytest.fixture
def with_two_factor(api, admin_user):
    """The admin with an active second factor: the secret and the backup codes."""
    client = api(admin_user)
    setup = client.post("/v1/auth/2fa/enable").json()
    assert client.post("/v1/auth/2fa/verify", {"code": code_of(setup["secret"], steps=-1)}).status_code == 200
    return setup


def test_enabling_shows_secret_picture_and_backup_codes(api, admin_user):
    setup = api(admin_user).post("/auth/2fa/enable").json()

    assert set(setup) == {"secret", "qr_code", "backup_codes"}
    assert setup["qr_code"].startswith("data:image/png;base64,")
    assert len(setup["backup_codes"]) == 10
    assert login(api(), admin_user).json().get("requires_2fa") is None  # not before the first code


def test_enabling_twice_is_a_conflict_only_once_verified(api, admin_user):
    client = api(admin_user)
    first = client.post("/v1/auth/2fa/enable").json()
    second = client.post("/v1/auth/2fa/enable")
    assert second.status_code == 200
    assert client.post("/v1/auth/2fa/verify", {"code": code_of(first["secret"])}).status_code == 401
    assert client.post("/v1/auth/2fa/verify", {"code": code_of(second.json()["secret"])}).status_code == 200

    assert client.post("/v1/auth/2fa/enable").status_code == 409


def test_verifying_without_a_second_factor_is_a_conflict(api, admin_user):
    assert api(admin_user).post("/v1/auth/2fa/verify", {"code": "123456"}).status_code == 409
    assert api().post("/v1/auth/2fa/verify", {"code": "123456"}).status_code == 401


@pytest.mark.parametrize("base", ["/auth", "/v1/auth"])
def test_a_login_with_a_second_factor_takes_two_steps(api, admin_user, with_two_factor, base):
    first = login(api(), admin_user, f"{base}/login").json()
    assert set(first) == {"requires_2fa", "challenge_token", "expires_in"}
    assert (first["requires_2fa"], first["expires_in"]) == (True, 300)

    second = api().post(
        f"{base}/2fa/verify",
        {"challenge_token": first["challenge_token"], "code": code_of(with_two_factor["secret"])},
    )

    assert second.status_code == 200
    assert bearer(api, second.json()["access_token"]).get("/auth/me").status_code == 200


def test_a_code_works_once(api, admin_user, with_two_factor):
    code = code_of(with_two_factor["secret"])
    statuses = []
    for _attempt in range(2):
        challenge = login(api(), admin_user).json()["challenge_token"]
        statuses.append(api().post("/auth/2fa/verify", {"challenge_token": challenge, "code": code}).status_code)

    assert statuses == [200, 401]


def test_a_backup_code_works_once(api, admin_user, with_two_factor):
    code = with_two_factor["backup_codes"][0]
    statuses = []
    for _attempt in range(2):
        challenge = login(api(), admin_user).json()["challenge_token"]
        statuses.append(api().post("/auth/2fa/verify", {"challenge_token": challenge, "code": code}).status_code)

    assert statuses == [200, 401]


def test_a_challenge_is_no_token_and_dies(api, admin_user, with_two_factor, monkeypatch):
    challenge = login(api(), admin_user).json()["challenge_token"]
    assert bearer(api, challenge).get("/auth/me").status_code == 401
    assert api().post("/auth/2fa/verify", {"challenge_token": "x" + challenge, "code": "123456"}).status_code == 401
    later = time.time() + 301
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)

    answer = api().post("/auth/2fa/verify", {"challenge_token": challenge, "code": with_two_factor["backup_codes"][1]})

    assert answer.status_code == 401


def test_guessing_codes_is_limited_per_account(api, admin_user, with_two_factor):
    challenge = login(api(), admin_user).json()["challenge_token"]
    statuses = [
        api().post("/auth/2fa/verify", {"challenge_token": challenge, "code": "abcdef"}).status_code for _ in range(7)
    ]

    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_secrets_are_stored_encrypted(admin_user, with_two_factor):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT totp_secret FROM public.accounts_user WHERE id = %s", [admin_user.pk])
        stored = cursor.fetchone()[0]

    assert with_two_factor["secret"] not in stored


# ---- the caller's own profile


def test_a_user_reads_and_changes_their_own_profile(api, agent_user):
    client = api(agent_user)

    answer = client.put("/v1/users/me", {"first_name": "Juana", "phone": "+573001234567", "role": "admin"})

    assert answer.status_code == 200
    assert answer.json()["first_name"] == "Juana"
    assert answer.json()["role"]["name"] == "agent"
    assert client.get("/v1/users/me").json()["phone"] == "+573001234567"
    assert client.get("/v1/users/me").json()["agent_status"] == "offline"


def test_the_api_document_shows_presence(api, agent_user):
    assert api(agent_user).get("/api/auth/me").json() == {
        "id": str(agent_user.uid),
        "email": agent_user.email,
        "name": agent_user.name,
        "role": "agent",
        "status": "offline",
    }


def test_a_superadmin_needs_no_broker_for_their_own_profile(api, superadmin_user):
    client = api(superadmin_user)

    for path in ("/auth/me", "/api/auth/me", "/v1/users/me"):
        assert client.get(path).status_code == 200


def test_a_second_user_cannot_take_an_email(broker):
    make_user("agent", email="uno@example.com")

    with pytest.raises(Exception, match="user_email"):
        make_user("agent", email="uno@example.com")
