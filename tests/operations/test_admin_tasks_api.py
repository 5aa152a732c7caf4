"""/api/v1/admin/tasks: failed work over HTTP."""

import pytest

from apps.core.models import DeadLetter, ScheduledWork


def letter_of(broker_id: int | None) -> DeadLetter:
    return DeadLetter.objects.create(broker_id=broker_id, kind="test.kind", payload={"n": 1}, error="boom", attempts=3)


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_admin_lists_retries_and_discards(api, admin_user, broker, other_broker, slash):
    first, second, foreign = letter_of(broker.pk), letter_of(broker.pk), letter_of(other_broker.pk)
    client = api(admin_user)

    body = client.get(f"/api/v1/admin/tasks{slash}").json()
    assert (body["total"], [row["id"] for row in body["data"]]) == (2, [str(second.pk), str(first.pk)])
    assert {key: body["data"][0][key] for key in ("task_name", "args", "kwargs", "error", "retries", "broker_id")} == {
        "task_name": "test.kind",
        "args": [],
        "kwargs": {"n": 1},
        "error": "boom",
        "retries": 3,
        "broker_id": broker.pk,
    }

    retried = client.post(f"/api/v1/admin/tasks/{first.pk}/retry{slash}")
    assert (retried.status_code, retried.json()) == (200, {"id": str(first.pk), "status": "requeued"})
    assert ScheduledWork.objects.filter(kind="test.kind").count() == 1
    assert client.delete(f"/api/v1/admin/tasks/{second.pk}{slash}").status_code == 204
    assert client.delete(f"/api/v1/admin/tasks/{second.pk}{slash}").status_code == 404
    assert client.post(f"/api/v1/admin/tasks/{foreign.pk}/retry{slash}").status_code == 404
    assert client.post(f"/api/v1/admin/tasks/no-number/retry{slash}").status_code == 404


def test_agents_are_refused_and_strangers_unknown(api, agent_user, broker):
    letter = letter_of(broker.pk)

    assert api(agent_user).get("/api/v1/admin/tasks").status_code == 403
    assert api(agent_user).post(f"/api/v1/admin/tasks/{letter.pk}/retry").status_code == 403
    assert api(agent_user).delete(f"/api/v1/admin/tasks/{letter.pk}").status_code == 403
    assert api().get("/api/v1/admin/tasks").status_code == 401
