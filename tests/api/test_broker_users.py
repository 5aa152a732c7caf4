"""/api/broker/users: who may see and change whom."""

import pytest

from apps.accounts.models import User
from apps.accounts.types import UserStatus
from tests.factories.people import PASSWORD, make_user

NEW = {"email": "nuevo@example.com", "password": "Clave-Nueva-1", "name": "Ana María Soto", "role": "AGENT"}


def test_an_administrator_adds_a_user_in_any_case_of_role(api, admin_user):
    answer = api(admin_user).post("/api/broker/users", NEW)

    assert answer.status_code == 201, answer.json()
    assert answer.json() == {
        "id": User.objects.get(email=NEW["email"]).pk,
        "email": NEW["email"],
        "name": "Ana María Soto",
        "role": "agent",
        "broker_id": admin_user.broker_id,
        "is_active": True,
    }
    assert api().post("/auth/login", {"email": NEW["email"], "password": NEW["password"]}).status_code == 200


@pytest.mark.parametrize("role", ["agent_user", "supervisor_user"])
def test_others_may_not_even_look(api, role, request):
    client = api(request.getfixturevalue(role))

    assert client.get("/api/broker/users").status_code == 403
    assert client.post("/api/broker/users", NEW).status_code == 403
    assert client.put("/api/broker/users/1", {"name": "x"}).status_code == 403
    assert client.delete("/api/broker/users/1").status_code == 403


def test_an_administrator_makes_no_superadmin(api, admin_user, agent_user):
    client = api(admin_user)

    assert client.post("/api/broker/users", {**NEW, "role": "superadmin"}).status_code == 403
    assert client.put(f"/api/broker/users/{agent_user.pk}", {"role": "SUPERADMIN"}).status_code == 403


def test_a_superadmin_makes_users_where_they_say(api, superadmin_user, broker):
    client = api(superadmin_user)

    assert client.post("/api/broker/users", NEW).status_code == 422
    answer = client.post(f"/api/broker/users?broker_id={broker.pk}", NEW)
    assert answer.json()["broker_id"] == broker.pk
    platform = client.post("/api/broker/users", {**NEW, "email": "otro@example.com", "role": "superadmin"})
    assert platform.json()["broker_id"] is None


def test_a_superadmin_sees_every_broker_s_users_or_one_s(api, superadmin_user, admin_user, other_admin_user, broker):
    client = api(superadmin_user)

    everyone = {row["id"] for row in client.get("/api/broker/users?limit=200").json()["data"]}
    one = {row["broker_id"] for row in client.get(f"/api/broker/users?broker_id={broker.pk}").json()["data"]}

    assert {admin_user.pk, other_admin_user.pk} <= everyone
    assert one == {broker.pk}


def test_the_list_is_paged(api, admin_user):
    for _ in range(3):
        make_user()

    page = api(admin_user).get("/api/broker/users?skip=1&limit=2").json()

    assert (page["total"], page["skip"], page["limit"], len(page["data"])) == (4, 1, 2, 2)


def test_a_taken_email_is_refused(api, admin_user, other_admin_user, agent_user):
    client = api(admin_user)

    assert client.post("/api/broker/users", {**NEW, "email": other_admin_user.email.upper()}).status_code == 400
    changed = client.put(f"/api/broker/users/{agent_user.pk}", {"email": admin_user.email})
    assert changed.status_code == 400


def test_only_what_is_sent_changes(api, admin_user, agent_user):
    answer = api(admin_user).put(f"/api/broker/users/{agent_user.pk}", {"name": "Otro Nombre"})

    assert answer.status_code == 200
    assert answer.json()["name"] == "Otro Nombre"
    assert answer.json()["role"] == "agent"
    assert answer.json()["email"] == agent_user.email


def test_a_new_password_ends_the_user_s_sessions(api, admin_user, agent_user):
    theirs = api(agent_user)
    assert theirs.get("/auth/me").status_code == 200

    answer = api(admin_user).put(f"/api/broker/users/{agent_user.pk}", {"password": "Clave-Nueva-2"})

    assert answer.status_code == 200
    assert theirs.get("/auth/me").status_code == 401
    assert api().post("/auth/login", {"email": agent_user.email, "password": PASSWORD}).status_code == 401


def test_deactivating_is_soft_and_ends_sessions(api, admin_user, agent_user):
    theirs, client = api(agent_user), api(admin_user)

    assert client.delete(f"/api/broker/users/{agent_user.pk}").status_code == 204
    assert client.delete(f"/api/broker/users/{agent_user.pk}").status_code == 204
    assert theirs.get("/auth/me").status_code == 401
    agent_user.refresh_from_db()
    assert agent_user.status == UserStatus.INACTIVE
    back = client.put(f"/api/broker/users/{agent_user.pk}", {"is_active": True})
    assert back.json()["is_active"] is True


def test_nobody_locks_themselves_out(api, admin_user):
    make_user("admin", broker_id=admin_user.broker_id)
    client = api(admin_user)

    assert client.delete(f"/api/broker/users/{admin_user.pk}").status_code == 400
    assert client.put(f"/api/broker/users/{admin_user.pk}", {"is_active": False}).status_code == 400
    assert client.put(f"/api/broker/users/{admin_user.pk}", {"role": "agent"}).status_code == 400


def test_the_last_administrator_stays(api, superadmin_user, admin_user):
    client = api(superadmin_user)

    assert client.delete(f"/api/broker/users/{admin_user.pk}").status_code == 400
    assert client.put(f"/api/broker/users/{admin_user.pk}", {"role": "agent"}).status_code == 400
    make_user("admin", broker_id=admin_user.broker_id)
    assert client.delete(f"/api/broker/users/{admin_user.pk}").status_code == 204


def test_another_broker_s_user_does_not_exist(api, admin_user, other_admin_user):
    client = api(admin_user)

    assert client.put(f"/api/broker/users/{other_admin_user.pk}", {"name": "Mía"}).status_code == 404
    assert client.delete(f"/api/broker/users/{other_admin_user.pk}").status_code == 404
    other_admin_user.refresh_from_db()
    assert other_admin_user.is_active


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "king"},
        {"role": None},
        {"email": "x"},
        {"password": "weak"},
        {"password": "onlylower1!"},
        {"name": ""},
        {"name": 7},
        {"name": "a\x00b"},
    ],
)
def test_wrong_values_are_named_and_save_nothing(api, admin_user, wrong):
    answer = api(admin_user).post("/api/broker/users", {**NEW, **wrong})

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", next(iter(wrong))]
    assert not User.objects.filter(email=NEW["email"]).exists()
