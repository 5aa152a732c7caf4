"""Filters of leads: what is refused, what is found, and how it is said."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.types import Role
from apps.core.access import system_actor
from apps.core.errors import InvalidInput
from apps.leads.filters import describe, filter_fields, parse_conditions, q_of
from apps.leads.filters.fields import KIND_OF_COLUMN, Op
from apps.leads.models import CustomField, Lead
from tests.factories import make_lead, make_user

NOW = timezone.now()


@pytest.fixture
def actor(broker):
    return system_actor(broker.pk)


def one(field, op, value=None):
    return {"all": [{"field": field, "op": op, "value": value}]}


def found(actor, conditions) -> set[int]:
    return set(Lead.objects.filter(q_of(parse_conditions(conditions), actor)).values_list("pk", flat=True))


HOT = {
    "phone": "+56957775777",
    "first_name": "Íñigo",
    "last_name": "Núñez",
    "email": "Inigo@Casas.cl",
    "status": "hot",
    "score": 80,
    "stage": "agendado",
    "source": "portal",
    "tags": ["vip", "norte"],
    "city": "Ñuñoa",
    "inbound_count": 3,
    "last_contacted_at": NOW - timedelta(days=2),
    "attributes": {
        "budget": 3000,
        "kind": "Casa",
        "has_car": True,
        "visit": "2026-05-10",
        "areas": ["Ñuñoa", "Centro"],
    },
}
COLD = {
    "phone": "+525512345678",
    "first_name": "Ana",
    "last_name": "",
    "score": 10,
    "tags": ["sur"],
    "last_contacted_at": NOW - timedelta(days=40),
    "attributes": {"budget": 900, "kind": "terreno", "has_car": False, "visit": "2026-05-10T15:00:00Z", "rooms": "3"},
}
BARE = {"phone": None, "first_name": "", "last_name": "", "attributes": {"budget": "", "kind": None}}


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (("stage", "is", "agendado"), "hot"),
        (("stage", "is", "AGENDADO"), "hot"),
        (("stage", "is_not", "agendado"), "cold bare"),
        (("stage", "in", ["agendado", "entrada"]), "hot cold bare"),
        (("status", "not_in", ["hot"]), "cold bare"),
        (("score", "gte", 80), "hot"),
        (("score", "gt", "80"), ""),
        (("score", "between", [5, 20]), "cold"),
        (("score", "lt", 10), "bare"),
        (("score", "lte", 10), "cold bare"),
        (("name", "contains", "úñez"), "hot"),
        (("name", "is", "íñigo núñez"), "hot"),
        (("name", "starts_with", "an"), "cold"),
        (("name", "unknown", None), "bare"),
        (("name", "known", None), "hot cold"),
        (("email", "is", "INIGO@casas.CL"), "hot"),
        (("email", "unknown", None), "cold bare"),
        (("city", "is", "ñuñoa"), "hot"),
        (("source", "in", ["portal", "web"]), "hot"),
        (("phone", "contains", "7775"), "hot"),
        (("phone", "starts_with", "+52 55"), "cold"),
        (("phone", "is", "+5215512345678"), "cold"),
        (("phone", "unknown", None), "bare"),
        (("tags", "has_any", ["vip", "sur"]), "hot cold"),
        (("tags", "has_all", ["vip", "norte"]), "hot"),
        (("tags", "has_all", ["vip", "sur"]), ""),
        (("tags", "has_none", ["vip"]), "cold bare"),
        (("tags", "has_any", "vip"), "hot"),
        (("tags", "known", None), "hot cold"),
        (("inbound_count", "gte", 1), "hot"),
        (("is_blocked", "is", False), "hot cold bare"),
        (("last_contacted_at", "within_days", 7), "hot"),
        (("last_contacted_at", "older_than_days", 7), "cold"),
        (("last_contacted_at", "unknown", None), "bare"),
        (("odoo_partner_id", "known", None), ""),
        (("assigned_agent", "unknown", None), "hot cold bare"),
        (("assigned_agent", "is_not", 1), "hot cold bare"),
        (("assigned_agent", "is_me", None), ""),
        (("attributes.budget", "gt", 1000), "hot"),
        (("attributes.budget", "lt", "1000"), "cold"),
        (("attributes.budget", "between", [900, 3000]), "hot cold"),
        (("attributes.budget", "known", None), "hot cold"),
        (("attributes.budget", "unknown", None), "bare"),
        (("attributes.kind", "is", "Casa"), "hot"),
        (("attributes.kind", "is_not", "Casa"), "cold bare"),
        (("attributes.kind", "in", ["Casa", "terreno"]), "hot cold"),
        (("attributes.kind", "not_in", ["Casa", "terreno"]), "bare"),
        (("attributes.kind", "contains", "ERRE"), "cold"),
        (("attributes.kind", "starts_with", "ca"), "hot"),
        (("attributes.has_car", "is", True), "hot"),
        (("attributes.has_car", "is_not", True), "cold bare"),
        (("attributes.areas", "is", "Ñuñoa"), "hot"),
        (("attributes.rooms", "is", "3"), "cold"),
        (("attributes.visit", "is", "2026-05-10"), "hot"),
        (("attributes.visit", "gte", "2026-05-10"), "hot cold"),
        (("attributes.visit", "lte", "2026-05-10"), "hot cold"),
        (("attributes.visit", "gt", "2026-05-10"), ""),
        (("attributes.visit", "lt", "2026-05-10"), ""),
        (("attributes.visit", "between", ["2026-05-01", "2026-05-10"]), "hot cold"),
        (("attributes.nobody knows", "known", None), ""),
        (("attributes.0", "is", "x"), ""),
    ],
)
def test_a_condition_finds_the_leads_it_means(actor, condition, names):
    leads = {"hot": make_lead(**HOT), "cold": make_lead(**COLD), "bare": make_lead(**BARE)}

    assert found(actor, one(*condition)) == {leads[name].pk for name in names.split()}


def test_a_field_with_an_index_of_its_own_finds_the_same(actor):
    leads = {"hot": make_lead(**HOT), "cold": make_lead(**COLD), "bare": make_lead(**BARE)}
    CustomField.objects.create(name="kind", type="string", has_index=True)

    assert found(actor, one("attributes.kind", "is", "Casa")) == {leads["hot"].pk}
    assert found(actor, one("attributes.kind", "is_not", "Casa")) == {leads["cold"].pk, leads["bare"].pk}
    assert found(actor, one("attributes.kind", "in", ["Casa", "terreno"])) == {leads["hot"].pk, leads["cold"].pk}


def test_all_and_any_nest(actor):
    hot, cold, bare = make_lead(**HOT), make_lead(**COLD), make_lead(**BARE)
    scores = {"any": [{"field": "score", "op": "gte", "value": 70}, {"field": "score", "op": "lt", "value": 5}]}

    assert found(actor, scores) == {hot.pk, bare.pk}
    assert found(actor, {"all": [scores, {"field": "name", "op": "known"}]}) == {hot.pk}
    assert found(actor, {"all": []}) == found(actor, {}) == {hot.pk, cold.pk, bare.pk}


def test_is_me_is_whoever_asks(broker, agent_user):
    mine = make_lead(assigned_agent=agent_user)
    make_lead(assigned_agent=make_user(Role.AGENT))

    assert found(agent_user.actor(), one("assigned_agent", "is_me")) == {mine.pk}


def test_days_are_the_brokers(broker, actor):
    broker.timezone = "America/Mexico_City"
    broker.save()
    # 23:30 of the 9th in Mexico, and the 10th in UTC.
    late = make_lead(created_at=datetime.fromisoformat("2026-05-10T05:30:00+00:00"))

    assert found(actor, one("created_at", "is", "2026-05-09")) == {late.pk}
    assert found(actor, one("created_at", "lte", "2026-05-09")) == {late.pk}
    assert found(actor, one("created_at", "gte", "2026-05-10")) == set()
    assert found(actor, one("created_at", "gt", "2026-05-09T23:00:00-06:00")) == {late.pk}


DEEP = {"all": [{"any": [{"all": [{"any": [{"field": "score", "op": "gt", "value": 1}]}]}]}]}


@pytest.mark.parametrize(
    "value",
    [
        "hot",
        [],
        {"none": []},
        {"all": {}},
        {"all": [], "any": []},
        {"all": ["x"]},
        {"field": "score", "op": "gt", "value": 1},
        one("password", "is", "x"),
        one("attributes.", "is", "x"),
        one("score", "contains", 1),
        one("score", "gt", "many"),
        one("score", "gt", float("nan")),
        one("score", "gt", 10**30),
        one("score", "gt", True),
        one("score", "between", [1]),
        one("stage", "is", "nunca"),
        one("stage", "in", []),
        one("stage", "in", ["entrada"] * 101),
        one("name", "contains", ""),
        one("name", "contains", "a\x00b"),
        one("name", "contains", "\ud800"),
        one("name", "contains", "x" * 301),
        one("tags", "has_any", ["x" * 61]),
        one("is_blocked", "is", "maybe"),
        one("created_at", "is", "mañana"),
        one("created_at", "within_days", -1),
        one("created_at", "within_days", 1.5),
        one("assigned_agent", "is", 0),
        one("attributes.a\x00b", "is", 1),
        one("attributes." + "x" * 121, "is", 1),
        {"all": [{"field": "score", "op": "gt", "value": 1, "extra": 2}]},
        {"all": [{"field": "score", "op": "gt", "value": 1}] * 31},
        DEEP,
    ],
)
def test_what_is_no_filter_is_refused_with_a_sentence(actor, value):
    with pytest.raises(InvalidInput) as refusal:
        parse_conditions(value)

    assert refusal.value.field == "conditions"
    assert refusal.value.message


def test_a_filter_is_said_in_words(broker):
    agent = make_user(Role.AGENT, first_name="Rosa", last_name="Díaz")
    conditions = parse_conditions(
        {
            "all": [
                {"field": "stage", "op": "is", "value": "agendado"},
                {
                    "any": [
                        {"field": "assigned_agent", "op": "is", "value": agent.pk},
                        {"field": "attributes.m2", "op": "between", "value": [50, 80]},
                    ]
                },
            ]
        }
    )

    sentence = describe(conditions)

    assert "Rosa Díaz" in sentence
    assert "(" in sentence
    assert "50" in sentence
    assert describe({}) == ""


def test_the_fields_to_filter_by_are_columns_and_accepted_custom_fields(broker, django_assert_num_queries):
    agent = make_user(Role.AGENT)
    CustomField.objects.create(name="m2", label="Metros", type="number")
    CustomField.objects.create(name="raro", review="waiting")

    with django_assert_num_queries(2):
        fields = {field.name: field for field in filter_fields()}

    assert set(KIND_OF_COLUMN) < set(fields)
    assert fields["attributes.m2"].label == "Metros"
    assert "gt" in fields["attributes.m2"].ops
    assert "attributes.raro" not in fields
    assert (agent.pk, agent.name) in fields["assigned_agent"].choices


# ---------------------------------------------------------------- no input breaks it

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["2026-01-01", "hot", "3"]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=4))
FIELDS = st.one_of(
    st.sampled_from([*KIND_OF_COLUMN, "attributes.kind", "attributes.m2", "attributes.free"]),
    st.text(max_size=8).map("attributes.".__add__),
    st.text(max_size=5),
)
LEAF = st.fixed_dictionaries({"field": FIELDS, "op": st.sampled_from([*Op.values, "?"]), "value": VALUES})
TREES = st.recursive(
    LEAF,
    lambda inner: st.dictionaries(st.sampled_from(["all", "any"]), st.lists(inner, max_size=3), max_size=1),
    max_leaves=6,
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["all", "any", "field", "op", "x"]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.one_of(TREES.map(lambda tree: {"all": [tree]}), TREES, ANYTHING))
def test_any_input_is_refused_or_runs(actor, value):
    CustomField.objects.get_or_create(name="kind", defaults={"type": "string", "has_index": True})
    CustomField.objects.get_or_create(name="m2", defaults={"type": "number"})
    try:
        conditions = parse_conditions(value)
    except InvalidInput:
        return

    assert parse_conditions(conditions) == conditions
    assert isinstance(describe(conditions), str)
    assert Lead.objects.filter(q_of(conditions, actor)).count() == 0
