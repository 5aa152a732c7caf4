"""Indexes of custom fields: built by a job, found by the planner, and never in anybody's way."""

import pytest
from django.db import connection

from apps.core.access import system_actor
from apps.core.errors import InvalidInput
from apps.core.models import ScheduledWork
from apps.core.tenancy import current_schema, in_public
from apps.leads import field_indexes, indexes, popular_indexes, tallies
from apps.leads.field_indexes import drop_index, ensure_index, keep_index
from apps.leads.filters import parse_conditions, q_of
from apps.leads.indexes import is_whole
from apps.leads.jobs import run_now
from apps.leads.models import CustomField, Job, Lead
from apps.leads.queries import LeadFilter, matching_leads
from tests.factories import make_lead


@pytest.fixture
def actor(broker):
    return system_actor(broker.pk)


def filterable(name="comuna", **fields) -> CustomField:
    return CustomField.objects.create(name=name, is_filterable=True, **fields)


@pytest.fixture
def build(run_work):
    """Keep the field's index, in the transaction of the test: what it made must be settled first."""

    def now(field: CustomField) -> None:
        keep_index(field)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        run_work()

    return now


def definition_of(field: CustomField) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = %s AND indexname = %s",
            [current_schema(), f"lead_field_{field.pk}"],
        )
        row = cursor.fetchone()
    return row[0] if row else ""


def query(actor, field, op, value):
    conditions = parse_conditions({"all": [{"field": f"attributes.{field}", "op": op, "value": value}]})
    return Lead.objects.filter(q_of(conditions, actor)).order_by("-id")


@pytest.mark.parametrize("name", ["comuna", "tipo de 'casa'", 'm² "útiles"', "100%", "{x}"])
def test_a_field_is_indexed_whatever_its_name_and_filters_use_it(actor, build, name):
    field = filterable(name)
    inside, _outside = make_lead(attributes={name: "Ñuñoa"}), make_lead(attributes={name: "Macul"})

    build(field)

    field.refresh_from_db()
    assert field.has_index
    assert "octet_length" in definition_of(field)
    rows = query(actor, name, "is", "Ñuñoa")
    assert list(rows) == [inside]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
    assert f"lead_field_{field.pk}" in rows.explain()


def test_every_question_has_the_same_answer_with_the_index_as_without(actor, build):
    field = filterable("m2", type="number")
    values = [50, 80.5, "80", "", None, True, [80], {"x": 1}, "x" * 5_000]
    leads = [make_lead(attributes={"m2": value}) for value in values] + [make_lead()]
    questions = [("is", 50), ("is_not", 50), ("in", [50, 80.5]), ("not_in", [50]), ("gt", 50), ("lte", 80.5)]
    questions += [("between", [1, 60]), ("known", None), ("unknown", None)]

    without = [[row.pk for row in query(actor, "m2", *question)] for question in questions]
    build(field)

    assert [[row.pk for row in query(actor, "m2", *question)] for question in questions] == without
    assert without[0] == [leads[0].pk]


def test_a_value_too_long_for_an_index_is_kept_and_found(actor, build):
    field = filterable()
    build(field)

    long = make_lead(attributes={"comuna": "ñ" * 290})

    assert list(query(actor, "comuna", "is", "ñ" * 290)) == [long]
    make_lead(attributes={"comuna": "x" * 20_000})


def test_taken_back_the_index_goes_and_filters_go_on(actor, build, run_work):
    field = filterable()
    lead = make_lead(attributes={"comuna": "Ñuñoa"})
    build(field)
    field.refresh_from_db()

    field.is_filterable = False
    field.save()
    keep_index(field)
    assert not CustomField.objects.get(pk=field.pk).has_index
    run_work()

    assert definition_of(field) == ""
    assert list(query(actor, "comuna", "is", "Ñuñoa")) == [lead]


def test_the_index_of_a_deleted_field_goes_too(actor, build, run_work):
    field = filterable()
    build(field)
    number = field.pk

    drop_index(field)
    field.delete()
    run_work()

    field.pk = number
    assert definition_of(field) == ""


def test_a_broker_has_so_many_indexes_and_no_more(actor, monkeypatch):
    monkeypatch.setattr(field_indexes, "MOST_INDEXES", 1)
    filterable("uno")

    with pytest.raises(InvalidInput) as refusal:
        keep_index(filterable("dos"))

    assert refusal.value.field == "is_filterable"
    assert not Job.objects.exists()


def test_it_is_built_beside_others_work_again_and_again_and_over_a_broken_one(committed_db, actor):
    field = filterable()
    make_lead(attributes={"comuna": "Ñuñoa"})

    first = run_now(actor=actor, job=ensure_index(actor, field))
    made = definition_of(field)
    again = run_now(actor=actor, job=ensure_index(actor, field))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass",
            [f"{current_schema()}.lead_field_{field.pk}"],
        )
    over = run_now(actor=actor, job=ensure_index(actor, field))

    assert {job.state for job in (first, again, over)} == {"done"}
    assert made == definition_of(field) != ""
    assert is_whole(f"lead_field_{field.pk}")


def test_what_many_leads_have_in_common_gets_an_index_and_loses_it(actor, monkeypatch):
    monkeypatch.setattr(popular_indexes, "POPULAR_FROM", 15)
    field = filterable(has_index=True)
    for number in range(20):
        make_lead(tags=["vip", f"t{number}"], attributes={"comuna": "Ñuñoa 'sur'" if number else "Macul"})
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        indexes.build_index(f"lead_field_{field.pk}", field_indexes._columns_of("comuna"))
        cursor.execute("ANALYZE leads_lead")

    popular_indexes.keep_popular_indexes({})
    popular_indexes.keep_popular_indexes({})

    names = popular_indexes._present()
    assert len(names) == 2
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
    for rows in (
        matching_leads(actor, LeadFilter(tags=("vip",))),
        query(actor, "comuna", "is", "Ñuñoa 'sur'"),
    ):
        plan = rows.select_related(None).values("pk").explain()
        assert any(f"Index Only Scan using {name}" in plan for name in names)

    monkeypatch.setattr(popular_indexes, "POPULAR_FROM", 100)
    popular_indexes.keep_popular_indexes({})
    assert popular_indexes._present() == []


def test_a_large_brokerage_asks_for_them_after_many_changes(actor, monkeypatch):
    make_lead()
    tallies.fold_tally({})
    with in_public():
        assert not ScheduledWork.objects.filter(kind=popular_indexes.KIND).exists()

    monkeypatch.setattr(tallies, "POPULAR_FROM", 1)
    tallies.fold_tally({})
    tallies.fold_tally({})
    with in_public():
        assert ScheduledWork.objects.filter(kind=popular_indexes.KIND).count() == 1


def test_totals_of_an_indexed_field_are_near_the_truth_and_its_statistics_go_with_it(
    actor, build, monkeypatch, run_work
):
    monkeypatch.setattr(tallies, "EXACT_UP_TO", 1)
    field = filterable("m2", type="number")
    for number in range(40):
        make_lead(attributes={"m2": 10 if number < 30 else number})
    build(field)

    assert 25 <= tallies.estimate(query(actor, "m2", "is", 10))[0] <= 35
    assert 5 <= tallies.estimate(query(actor, "m2", "gte", 30))[0] <= 15

    drop_index(field)
    CustomField.objects.filter(pk=field.pk).update(is_filterable=False)
    run_work()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_statistic_ext WHERE stxname = %s", [f"lead_field_{field.pk}_values"])
        assert cursor.fetchone() == (0,)
