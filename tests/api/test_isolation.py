"""Every operation of the OpenAPI schema, with another broker's token, with rubbish, and without a broker.

The list is generated: an operation that is served tomorrow is walked tomorrow.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction

from apps.api.kit.contracts import contract_operation
from apps.core.models import DeadLetter
from apps.core.tenancy import in_broker, leave_broker
from apps.files.models import StoredFile
from apps.leads.models import CustomField, ImportFile, IngestRecord, Job
from tests.api.schemas import Described, mounted_by_id, operations, resolved
from tests.databases import reset_test_database
from tests.factories import (
    make_account,
    make_conversation,
    make_lead,
    make_message,
    make_queue,
    make_user,
)

MARK = "CASA-SECRETA-DE-A"
# An operation that takes several kinds of thing under one name: what the first broker's is called there.
NAMES = {
    "id": "quick_reply",
    "entry_id": "knowledge",
    "agent_id": "user",
    "chat_id": "conversation",
    "client_id": "lead",
    "contact_id": "lead",
    "number_id": "account",
}
WORDS = {"stage": "entrada", "agent_type": "perfilador", "provider_name": "whatsapp", "tag": "vip"}
RUBBISH = [
    "0",
    "abc",
    "-1",
    "99999999999999999999999",
    "00000000-0000-0000-0000-000000000000",
    "%00",
    "ñ",
    "a" * 400,
    "1;--",
]
VALUES: list[Any] = [None, [], {"a": "\u0000"}, "x" * 70_000, -1, 2**70, 1e300, True, "\u0000", "ñ🏠"]
BODIES: list[Any] = [
    [],
    [[]],
    "text",
    7,
    None,
    True,
    {},
    {"email": {"a": [1]}},
    {"\u0000": "\u0000"},
    {"name": "x" * 100_000},
]


def ids(fits: Callable[[Described], bool] = lambda operation: True) -> list[str]:
    """The operations that are served and fit: each test walks those that it can say something about."""
    return [each.id for each in operations() if each.id in mounted_by_id() and fits(each)]


def named(contract_id: str) -> Described:
    return next(each for each in operations() if each.id == contract_id)


def is_webhook(operation: Described) -> bool:
    """Webhooks are opened by a signature, not by a token; their own tests hold them."""
    return contract_operation(operation.id).get("auth") in {"webhook-secret", "webhook-signature", "verify-token"} or (
        "webhooks" in operation.path and operation.is_open
    )


def names_a_row(operation: Described) -> bool:
    """Whether the path holds an id; a stage or a provider is a word that every broker has."""
    return bool(set(operation.path_parameters) - set(WORDS))


def names_a_row_for_a_token(operation: Described) -> bool:
    return names_a_row(operation) and needs_a_token(operation)


def is_list(operation: Described) -> bool:
    return operation.method == "GET" and not names_a_row(operation) and not operation.is_open


def needs_a_token(operation: Described) -> bool:
    return not operation.is_open and not is_webhook(operation)


def is_closed(operation: Described) -> bool:
    return not operation.is_open


@dataclass(frozen=True)
class Row:
    """A row of the first broker under its two kinds of id."""

    id: int
    uid: Any


@pytest.fixture(scope="module", autouse=True)
def as_new_afterwards(django_db_setup: str, django_db_blocker: Any) -> Iterator[None]:
    """Streamed answers are written in a thread of their own, which no test's rollback reaches."""
    yield
    with django_db_blocker.unblock():
        leave_broker()
        reset_test_database(django_db_setup)


@pytest.fixture
def rows_of_a(broker) -> dict[str, Row]:
    """One row of every kind in the first broker, each with the mark in it."""
    with in_broker(broker.pk):
        user = make_user("agent", first_name=MARK)
        lead = make_lead(first_name=MARK, last_name="A")
        account = make_account(name=MARK)
        conversation = make_conversation(lead, account, assigned_agent=user)
        message = make_message(conversation, text=MARK)
        queue = make_queue(user, name=MARK)
        task = DeadLetter.objects.create(broker_id=broker.pk, kind="a.kind", error=MARK)
        field = CustomField.objects.create(name=MARK)
        record = IngestRecord.objects.create(payload={"nombre": MARK})
        job = Job.objects.create(kind="import", state="done", error=MARK)
        ImportFile.objects.create(job=job, name=MARK, path="none", sha256="0" * 64, size=1, format="csv")
        file = StoredFile.objects.create(name=MARK, mime_type="text/plain", size=1, sha256="0" * 64, path="none")
    rows = {
        "user": user,
        "lead": lead,
        "account": account,
        "conversation": conversation,
        "message": message,
        "queue": queue,
        "file": file,
        "field": field,
        "record": record,
        "job": job,
        "task": task,
        "broker": broker,
    }
    return {name: Row(row.pk, getattr(row, "uid", None)) for name, row in rows.items()}


def path_with(operation: Described, rows: dict[str, Row]) -> str | None:
    """The operation's path with the first broker's ids; None where it names what `rows_of_a` lacks."""
    path = operation.path
    types = mounted_by_id()[operation.id].view.initkwargs["path_types"]  # type: ignore[attr-defined]
    for name in operation.path_parameters:
        if name in WORDS:
            path = path.replace(f"{{{name}}}", WORDS[name])
            continue
        row = rows.get(NAMES.get(name, name.removesuffix("_id")))
        if row is None:
            return None
        path = path.replace(f"{{{name}}}", str(row.uid if types.get(name) == "uuid" else row.id))
    return path


def example_body(operation: Described) -> Any:
    """The document's example, else the least that the schema asks for."""
    example = (contract_operation(operation.id).get("body") or {}).get("example")
    return example if example is not None else sample(operation.body())


def sample(schema: dict[str, Any]) -> Any:
    schema = resolved(schema)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: sample(schema["properties"][name]) for name in schema.get("required", [])}
    samples = {"array": [], "integer": 1, "number": 1, "boolean": True, "string": "texto"}
    formats = {"email": "a@example.com", "uuid": "00000000-0000-8000-8000-000000000001", "uri": "https://example.com"}
    return formats.get(str(schema.get("format"))) or samples.get(str(kind), {})


def call(client: Any, method: str, path: str, body: Any = None) -> Any:
    """One request, taken back afterwards: each starts from the same rows."""
    with transaction.atomic():
        answer = client.generic(
            method, path, b"" if body is None else json.dumps(body).encode(), content_type="application/json"
        )
        transaction.set_rollback(True)
    return answer


def text_of(answer: Any) -> str:
    return "" if getattr(answer, "streaming", False) else answer.content.decode("utf-8", "replace")


@pytest.mark.parametrize("contract_id", ids(names_a_row_for_a_token))
def test_a_row_of_another_broker_is_out_of_reach(api, rows_of_a, other_admin_user, contract_id):
    operation = named(contract_id)
    path = path_with(operation, rows_of_a)
    assert path is not None, "rows_of_a makes no row of this kind"

    answer = call(api(other_admin_user), operation.method, path, example_body(operation))

    assert answer.status_code in {403, 404}, (answer.status_code, text_of(answer)[:300])
    assert MARK not in text_of(answer)


@pytest.mark.parametrize("contract_id", ids(is_list))
def test_a_list_shows_no_row_of_another_broker(api, rows_of_a, other_admin_user, contract_id):
    operation = named(contract_id)

    answer = call(api(other_admin_user), "GET", str(path_with(operation, rows_of_a)))

    assert MARK not in text_of(answer)
    assert answer.status_code < 500 or answer.status_code == 503


@pytest.mark.parametrize("contract_id", ids(needs_a_token))
def test_without_a_token_nothing_is_answered(api, rows_of_a, contract_id):
    operation = named(contract_id)
    path = path_with(operation, rows_of_a) or operation.path.replace("{", "").replace("}", "")

    answer = call(api(), operation.method, path, example_body(operation))

    assert answer.status_code == 401, (answer.status_code, text_of(answer)[:300])


def rubbish_of(operation: Described, rows: dict[str, Row]) -> Iterator[tuple[str, Any]]:
    good = path_with(operation, rows) or operation.path.replace("{", "").replace("}", "")
    for name in operation.path_parameters:
        for value in RUBBISH:
            path = operation.path.replace(f"{{{name}}}", value)
            for other in operation.path_parameters:
                path = path.replace(f"{{{other}}}", "1")
            yield path, example_body(operation)
    for name in operation.parameters("query"):
        for value in RUBBISH:
            yield f"{good}?{name}={value}", example_body(operation)
    if operation.method != "GET":
        for body in BODIES:
            yield good, body
        for name in resolved(operation.body()).get("properties", {}):
            for wrong in VALUES:
                yield good, {**(example_body(operation) or {}), name: wrong}


@pytest.mark.parametrize("contract_id", ids())
def test_no_rubbish_is_a_fault_of_ours(api, rows_of_a, admin_user, contract_id, settings):
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, (1000000, 60))
    operation = named(contract_id)
    client = api(admin_user)
    if contract_operation(contract_id).get("auth") == "admin-api-key":
        settings.ADMIN_API_KEY = "the-key-of-this-test"
        client.credentials(HTTP_AUTHORIZATION="Bearer the-key-of-this-test")
    wrong = []
    for path, body in rubbish_of(operation, rows_of_a):
        answer = call(client, operation.method, path, body)
        if answer.status_code >= 500 and answer.status_code not in {502, 503}:  # the outside is away: not our fault
            wrong.append((path[:120], str(body)[:120], answer.status_code, text_of(answer)[:200]))

    assert not wrong, wrong[:5]


@pytest.mark.parametrize("contract_id", ids(is_closed))
def test_a_superadmin_without_a_broker_is_told_or_served(api, rows_of_a, superadmin_user, contract_id):
    operation = named(contract_id)
    path = path_with(operation, rows_of_a) or operation.path.replace("{", "").replace("}", "")

    answer = call(api(superadmin_user), operation.method, path, example_body(operation))

    assert answer.status_code < 500 or answer.status_code == 503, text_of(answer)[:300]
