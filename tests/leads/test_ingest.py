"""Ingest below its address: many calls at once, what cannot be stored, and any bytes at all."""

import json
import threading
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.brokers.ingest_keys import key_holder, present_keys
from apps.core.errors import InvalidInput
from apps.core.tenancy import in_broker
from apps.leads.ingest import Delivery, receive
from apps.leads.ingesting.bodies import read_body, storable
from apps.leads.ingesting.mapping import fields_of, plan_of
from apps.leads.models import CustomField, IngestRecord, Lead
from apps.leads.providers import recognise, split
from tests.factories import make_lead

PARALLEL = 50


def _at_once(count: int, call: Callable[[int], None]) -> list[BaseException]:
    """Every call in a thread and on a connection of its own, all let go together."""
    gate = threading.Barrier(count)
    failed: list[BaseException] = []

    def run(number: int) -> None:
        try:
            gate.wait(60)
            call(number)
        except BaseException as error:  # noqa: BLE001 - told to the test
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return failed


def _deliver(broker, payload, **fields):
    with in_broker(broker.pk):
        return receive(holder=key_holder(broker.pk), delivery=Delivery(raw=json.dumps(payload).encode(), **fields))


def test_fifty_calls_for_one_person_at_once_make_one_lead(committed_db, broker):
    spellings = ["+5215512345678", "+525512345678", "52 55 1234 5678", "+52 1 55 1234 5678"]

    failed = _at_once(
        PARALLEL,
        lambda number: _deliver(broker, {"telefono": spellings[number % 4], "nombre": "Ana", f"campo{number}": number}),
    )

    assert failed == []
    with in_broker(broker.pk):
        lead = Lead.objects.get()
        assert IngestRecord.objects.filter(state="processed", lead=lead).count() == PARALLEL
        assert lead.attributes == {f"campo{number}": number for number in range(PARALLEL)}
        assert CustomField.objects.count() == PARALLEL + 2


def test_fifty_calls_with_one_email_at_once_make_one_lead(committed_db, broker):
    failed = _at_once(
        PARALLEL, lambda number: _deliver(broker, {"email": ["Ana@example.com", "ana@EXAMPLE.com"][number % 2]})
    )

    assert failed == []
    with in_broker(broker.pk):
        assert Lead.objects.get().email == "ana@example.com"
        assert IngestRecord.objects.filter(lead__isnull=False).count() == PARALLEL


def test_twenty_calls_with_one_idempotency_key_at_once_are_one_call(committed_db, broker):
    answers: list[tuple[object, object]] = []

    def call(number: int) -> None:
        answer = _deliver(broker, {"nombre": f"Ana {number}"}, idempotency_key="one")
        answers.append((answer.record.uid, answer.lead_uid))

    failed = _at_once(20, call)

    assert failed == []
    assert len(set(answers)) == 1
    with in_broker(broker.pk):
        assert IngestRecord.objects.count() == 1
        assert Lead.objects.count() == 1


def test_a_number_stored_by_hand_in_the_same_moment_is_found(broker, monkeypatch):
    from apps.leads.ingesting import people

    known = make_lead(phone="+56912345678")
    looks: list[str] = []

    def blind_once(*args):
        looks.append("look")
        return None if len(looks) == 1 else real(*args)

    real = people._known
    monkeypatch.setattr(people, "_known", blind_once)

    answer = _deliver(broker, {"telefono": "+56912345678"})

    assert (answer.lead_uid, len(looks)) == (known.uid, 2)


def test_other_conflicts_are_not_swallowed(broker, monkeypatch):
    def broken(*_args, **_options):
        raise IntegrityError("another constraint")

    monkeypatch.setattr("apps.leads.ingest.find_or_make", broken)

    answer = _deliver(broker, {"telefono": "+56912345678"})

    assert answer.lead_uid is None
    assert (answer.record.state, answer.record.error) == ("failed", "IntegrityError")


def test_a_brokers_key_is_one_however_many_ask_for_it(committed_db, broker):
    keys: list[str] = []

    failed = _at_once(10, lambda _number: keys.append(present_keys([broker.pk])[broker.pk].key))

    assert failed == []
    assert len(set(keys)) == 1


# ---- anything at all

_texts = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    ["", " ", "\x00", "nombre", "email", "telefono", "field_data", "entry", "changes", "value", "raw_email", "from"]
)
_numbers = st.integers() | st.floats()
_scalars = st.none() | st.booleans() | _numbers | _texts | st.sampled_from([10**400, 2**64, 1e308])
_json = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=5), max_leaves=15
)
_kinds = st.sampled_from(
    [
        "",
        "application/json",
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=latin-1",
        "application/x-www-form-urlencoded; charset=nothing",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=" + "y" * 300,
        "message/rfc822",
        "text/html",
        "; ;=\r\n",
    ]
)
_MULTIPART = b'--x\r\nContent-Disposition: form-data; name="nombre"\r\n\r\nAna\r\n--x--\r\n'
_MAIL = (
    "From: =?utf-8?q?Ana?= <a@b.co>\r\nSubject: Consulta\r\n\r\nNombre: Ana\r\nTel\u00e9fono: +56912345678\r\n".encode()
)
_bodies = (
    st.binary(max_size=300)
    | _json.map(lambda value: json.dumps(value).encode(errors="surrogatepass"))
    | st.tuples(st.sampled_from([_MULTIPART, _MAIL]), st.integers(0, 120), st.binary(max_size=8)).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :]
    )
)


@given(raw=_bodies, kind=_kinds)
@settings(max_examples=400, deadline=None)
def test_whatever_is_sent_something_storable_comes_out(raw, kind):
    body = read_body(raw, kind)

    assert storable(body.payload) == body.payload
    assert json.dumps(body.payload, allow_nan=False).encode()
    for part in split(body.payload):
        found = recognise(part)
        assert isinstance(found.names, dict) and all(isinstance(name, str) for name in found.names)


@given(raw=_bodies, kind=_kinds)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_is_kept(broker, raw, kind):
    before = IngestRecord.objects.count()

    try:
        answer = receive(holder=key_holder(broker.pk), delivery=Delivery(raw=raw, content_type=kind))
    except InvalidInput:
        assert IngestRecord.objects.latest("id").state == "failed"
    else:
        assert answer.record.state == "processed", answer.record.error
    assert IngestRecord.objects.count() > before or answer.record.idempotency_key


@given(payload=st.dictionaries(st.text(max_size=200), st.none() | st.booleans() | _numbers | st.text(), max_size=6))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_plan_loses_no_name(broker, payload):
    payload = storable(payload)
    for creates_fields in (True, False):
        plan = plan_of(payload, fields_of(list(payload)), creates_fields=creates_fields, country="CL")

        assert [one.name for one in plan.placed] == [name[:200] for name in payload]


@pytest.mark.parametrize(
    ("names", "first", "last"),
    [
        ({"nombre": "Ana María Pérez"}, "Ana", "María Pérez"),
        ({"nombre": "Ana María", "apellido": "Pérez"}, "Ana María", "Pérez"),
        ({"nombre": "Ana Pérez", "apellido": "Pérez"}, "Ana", "Pérez"),
        ({"first_name": "Ana", "last_name": "Pérez", "full_name": "Ana Pérez"}, "Ana", "Pérez"),
        ({"Nombre Completo": "Ana Pérez"}, "Ana", "Pérez"),
    ],
)
def test_names_are_put_together_as_people_write_them(broker, names, first, last):
    _deliver(broker, names)

    lead = Lead.objects.get()
    assert (lead.first_name, lead.last_name) == (first, last)
