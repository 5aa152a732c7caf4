"""Custom fields: names, types, values, review, and what becomes of values that leads hold."""

import pytest

from apps.audit.models import AuditEntry
from apps.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from apps.leads.field_actions import (
    accept_field,
    change_field,
    define_field,
    delete_field,
    ignore_field,
    map_field,
    retype_field,
)
from apps.leads.fields import (
    accepted_fields,
    clean_value,
    column_of,
    common_type,
    ensure_fields,
    field_named,
    infer_type,
    type_for,
    waiting_fields,
)
from apps.leads.jobs import run_now
from apps.leads.models import Activity, CustomField, Job, Lead
from apps.leads.types import FieldReview, JobKind
from tests.factories import make_lead


@pytest.fixture
def admin(admin_user, broker):
    return admin_user.actor(broker_id=broker.pk)


def field(name="campo", **values):
    return CustomField.objects.create(name=name, **values)


def converted(admin, job):
    return run_now(actor=admin, job=job).result


# ---- names and values


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("nombre", "name"),
        ("Nombre Completo", "name"),
        ("full_name", "name"),
        ("Teléfono", "phone"),
        ("TELEFONO_MOVIL", "phone"),
        ("phone-number", "phone"),
        ("celular", "phone"),
        ("Correo electrónico", "email"),
        ("E-mail", "email"),
        ("Apellidos", "last_name"),
        ("empresa", "company"),
        ("País", "country"),
        ("color", ""),
        ("", ""),
    ],
)
def test_what_senders_call_a_lead_s_columns_is_known(name, column):
    assert column_of(name) == column


@pytest.mark.parametrize(
    ("value", "type"),
    [
        (True, "boolean"),
        ("true", "boolean"),
        ("sí", "boolean"),
        (3, "number"),
        (3.5, "number"),
        ("3", "number"),
        ("-3.25", "number"),
        ("007", "string"),
        ("2026-02-12", "datetime"),
        ("2026-02-12T10:00:00-03:00", "datetime"),
        ("2026-13-40", "string"),
        ("ana@example.com", "email"),
        ("+54 9 11 5555-1234", "phone"),
        ("hola", "string"),
        ("", "string"),
        (None, "string"),
        ([1], "string"),
        ({"a": 1}, "string"),
    ],
)
def test_a_type_is_what_a_value_looks_like(value, type):
    assert infer_type(value) == type


@pytest.mark.parametrize("name", ["id", "ad_id", "Código propiedad", "rut", "codigo-postal", "CP"])
def test_ids_and_codes_are_text_though_they_look_like_numbers(name):
    assert type_for(name, "00123") == type_for(name, "123") == type_for(name, 123) == "string"
    assert type_for("piezas", "3") == "number"


def test_values_that_differ_are_text():
    assert common_type(["1", 2, None, ""]) == "number"
    assert common_type(["1", "dos"]) == "string"
    assert common_type([]) == "string"


@pytest.mark.parametrize(
    ("type", "raw", "value"),
    [
        ("string", " hola ", "hola"),
        ("string", 7, "7"),
        ("string", "", None),
        ("number", "1.234.567,89", 1234567.89),
        ("number", "1,234,567.89", 1234567.89),
        ("number", "120.000", 120000),
        ("number", "12,5", 12.5),
        ("number", "0.500", 0.5),
        ("number", "$ 2.500.000", 2500000),
        ("number", 3.5, 3.5),
        ("number", "-5", -5),
        ("boolean", "Sí", True),
        ("boolean", "no", False),
        ("boolean", 1, True),
        ("datetime", "12/02/2026", "2026-02-12"),
        ("datetime", "2026-02-12T10:00:00-03:00", "2026-02-12T13:00:00Z"),
        ("email", "ANA@Example.com ", "ana@example.com"),
        ("phone", "+56 9 1234 5678", "+56912345678"),
        ("phone", None, None),
    ],
)
def test_a_value_is_kept_as_its_type(broker, type, raw, value):
    assert clean_value(CustomField(name="x", type=type), raw) == value


@pytest.mark.parametrize(
    ("type", "raw"),
    [
        ("number", "mucho"),
        ("number", "1.2.3"),
        ("number", True),
        ("number", float("nan")),
        ("number", 10**20),
        ("number", "9" * 30),
        ("boolean", "quizás"),
        ("boolean", 2),
        ("datetime", "mañana"),
        ("datetime", 20260212),
        ("datetime", "0001-01-01T00:00:00+14:00"),
        ("email", "no es"),
        ("email", 7),
        ("phone", "abc"),
        ("string", {"a": 1}),
        ("string", "x" * 10_001),
    ],
)
def test_a_value_that_is_none_of_its_type_is_refused(broker, type, raw):
    with pytest.raises(InvalidInput) as refused:
        clean_value(CustomField(name="x", type=type), raw)

    assert refused.value.field == "x"


# ---- fields that come by themselves


def test_new_names_become_fields_once(admin):
    field("zona")

    made = ensure_fields(admin, {"zona": "x", "m2": "80", "correo": "a@b.co", "": 1, "x" * 121: 1}, "import")

    assert [(row.name, row.type, row.review, row.mapped_to, row.origin) for row in made] == [
        ("correo", "email", "accepted", "email", "import"),
        ("m2", "number", "waiting", "", "import"),
    ]
    assert ensure_fields(admin, {"m2": "80"}, "import") == []


def test_lists_tell_apart_what_is_reviewed_and_what_waits(admin):
    field("a", review=FieldReview.WAITING)
    field("b")
    field("c", mapped_to="b")
    field("d", review=FieldReview.IGNORED)

    assert [row.name for row in accepted_fields()] == ["b"]
    assert [row.name for row in waiting_fields()] == ["a"]
    assert field_named("d") is not None
    assert field_named("e") is None


# ---- by hand


def test_a_field_is_defined_and_the_trail_says_so(admin):
    made = define_field(actor=admin, name=" rut ", type="string", label="RUT", is_required=True)

    assert (made.name, made.label, made.review) == ("rut", "RUT", "accepted")
    assert AuditEntry.objects.get(name="field.created").object_id == str(made.pk)
    with pytest.raises(Conflict):
        define_field(actor=admin, name="rut", type="number")


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 121}, {"name": "a\x00b"}, {"type": "texto"}, {"label": "x" * 121}]
)
def test_a_definition_that_makes_no_sense_is_refused(admin, wrong):
    with pytest.raises(InvalidInput):
        define_field(**{"actor": admin, "name": "rut", "type": "string", **wrong})


def test_only_administrators_define_fields(supervisor_user, agent_user, broker):
    row = field()
    for user in (supervisor_user, agent_user):
        actor = user.actor(broker_id=broker.pk)
        with pytest.raises(Forbidden):
            define_field(actor=actor, name="x", type="string")
        with pytest.raises(Forbidden):
            delete_field(actor=actor, field_id=row.pk)
        with pytest.raises(Forbidden):
            accept_field(actor=actor, field_id=row.pk)


def test_what_is_not_there_cannot_be_changed(admin):
    with pytest.raises(NotFound):
        change_field(actor=admin, field_id=7, changes={"label": "x"})


def test_a_change_is_told_with_before_and_after(admin):
    row = field()

    change_field(actor=admin, field_id=row.pk, changes={"label": "Campo", "is_required": True})

    entry = AuditEntry.objects.get(name="field.updated")
    assert entry.before == {"label": "", "is_required": False}
    with pytest.raises(InvalidInput):
        change_field(actor=admin, field_id=row.pk, changes={"name": "otro"})


def test_a_deleted_field_leaves_the_values_with_their_leads(admin):
    row, other = field("zona"), field("barrio", mapped_to="zona")
    lead = make_lead(attributes={"zona": "Sur"})

    delete_field(actor=admin, field_id=row.pk)

    lead.refresh_from_db()
    other.refresh_from_db()
    assert lead.attributes == {"zona": "Sur"}
    assert other.mapped_to == ""


# ---- review


def test_ignoring_is_taken_back_by_accepting(admin):
    row = field(review=FieldReview.WAITING, is_required=True)

    assert ignore_field(actor=admin, field_id=row.pk).review == FieldReview.IGNORED
    assert accept_field(actor=admin, field_id=row.pk).review == FieldReview.ACCEPTED


def test_another_type_converts_what_leads_hold_and_tells_what_it_could_not(admin):
    row = field("presupuesto", review=FieldReview.WAITING)
    numbers = [make_lead(attributes={"presupuesto": value}) for value in ("120.000", "$ 5", 7, "mucho", None)]
    make_lead(attributes={"otro": "1"})

    result = converted(admin, retype_field(actor=admin, field_id=row.pk, type="number"))

    held = [Lead.objects.get(pk=lead.pk).attributes["presupuesto"] for lead in numbers]
    assert held == [120000, 5, 7, "mucho", None]
    assert (result["converted"], result["unchanged"], result["kept"]) == (2, 1, 1)
    assert result["examples"] == [{"lead_id": numbers[3].pk, "value": "mucho"}]
    row.refresh_from_db()
    assert (row.type, row.review) == ("number", "accepted")


def test_the_same_type_again_is_no_work(admin):
    row = field(type="number")

    assert retype_field(actor=admin, field_id=row.pk, type="number") is None
    with pytest.raises(InvalidInput):
        retype_field(actor=admin, field_id=row.pk, type="x")


def test_a_conversion_goes_through_many_leads_in_parts(admin, monkeypatch):
    monkeypatch.setattr("apps.leads.field_conversion.BATCH", 3)
    row = field("m2", type="string")
    for number in range(10):
        make_lead(attributes={"m2": str(number)})

    result = converted(admin, retype_field(actor=admin, field_id=row.pk, type="number"))

    assert result["converted"] == 10
    assert {lead.attributes["m2"] for lead in Lead.objects.all()} == set(range(10))


def test_a_name_with_signs_is_found_too(admin):
    row = field('el "precio" $.x ñ')
    lead = make_lead(attributes={row.name: "5"})

    converted(admin, retype_field(actor=admin, field_id=row.pk, type="number"))

    lead.refresh_from_db()
    assert lead.attributes == {row.name: 5}


def test_a_mapped_field_hands_on_what_leads_hold_where_there_is_nothing_yet(admin):
    row = field("budget", review=FieldReview.WAITING)
    field("presupuesto", type="number")
    empty, full, wrong = (
        make_lead(attributes=attributes)
        for attributes in ({"budget": "5"}, {"budget": "6", "presupuesto": 1}, {"budget": "mucho"})
    )

    result = converted(admin, map_field(actor=admin, field_id=row.pk, target="presupuesto"))

    held = [Lead.objects.get(pk=lead.pk).attributes for lead in (empty, full, wrong)]
    assert held == [{"presupuesto": 5}, {"budget": "6", "presupuesto": 1}, {"budget": "mucho"}]
    assert (result["converted"], result["kept"]) == (1, 2)


def test_a_field_mapped_to_a_column_fills_it_and_the_timeline_says_so(admin):
    row = field("ciudad_interes")
    empty = make_lead(attributes={"ciudad_interes": "Lima", "m2": 3})
    full = make_lead(city="Quito", attributes={"ciudad_interes": "Lima"})

    result = converted(admin, map_field(actor=admin, field_id=row.pk, target="city"))

    empty.refresh_from_db()
    full.refresh_from_db()
    assert (empty.city, empty.attributes) == ("Lima", {"m2": 3})
    assert (full.city, full.attributes) == ("Quito", {"ciudad_interes": "Lima"})
    assert (result["converted"], result["kept"]) == (1, 1)
    assert Activity.objects.filter(lead=empty, kind="updated").exists()


def test_a_number_that_another_lead_has_stays_where_it_was(admin):
    row = field("tel2")
    make_lead(phone="+56912345678")
    lead = make_lead(phone=None, attributes={"tel2": "+56 9 1234 5678"})

    result = converted(admin, map_field(actor=admin, field_id=row.pk, target="phone"))

    lead.refresh_from_db()
    assert (lead.phone, lead.attributes) == (None, {"tel2": "+56 9 1234 5678"})
    assert result["kept"] == 1


def test_a_target_must_be_one(admin):
    row, other = field("a"), field("b", mapped_to="a")

    for target in ("nowhere", "b", "a"):
        with pytest.raises(InvalidInput):
            map_field(actor=admin, field_id=row.pk, target=target)
    with pytest.raises(InvalidInput):
        map_field(actor=admin, field_id=row.pk, target=field("c").name)
    assert map_field(actor=admin, field_id=other.pk, target="") is None


# ---- filtered often


def test_a_field_that_is_filtered_often_gets_an_index_and_loses_it(admin):
    row = field("zona")

    change_field(actor=admin, field_id=row.pk, changes={"is_filterable": True})
    change_field(actor=admin, field_id=row.pk, changes={"is_filterable": True})
    assert Job.objects.filter(kind=JobKind.INDEX).count() == 1
    run_now(actor=admin, job=Job.objects.get(kind=JobKind.INDEX))
    row.refresh_from_db()
    assert row.has_index

    delete_field(actor=admin, field_id=row.pk)
    result = run_now(actor=admin, job=Job.objects.filter(kind=JobKind.INDEX).latest("id")).result
    assert result["is_there"] is False
