"""What the timeline says, kind by kind, in the reader's language."""

import pytest
from django.utils import translation

from apps.leads import actions
from apps.leads.models import Activity, CustomField
from apps.leads.timeline import Words, changes_of, doer_of, sentence_of, timeline_page, words_for
from tests.factories import make_lead, make_user


def said(kind: str, words: Words | None = None, /, **details) -> str:
    with translation.override("en"):
        return sentence_of(Activity(kind=kind, details=details), words)


@pytest.mark.parametrize(
    ("kind", "details", "sentence"),
    [
        ("created", {"source": "whatsapp_meta"}, "First contact through WhatsApp"),
        ("created", {"source": ""}, "Lead created"),
        ("created", {}, "Lead created"),
        ("updated", {"changes": {"city": ["", "Lima"]}}, "City: Lima"),
        ("updated", {"changes": {"city": ["Lima", "Quito"]}}, "City: Lima → Quito"),
        ("updated", {"changes": {"city": ["Lima", ""]}}, "City: Lima → —"),
        ("updated", {"changes": {"tags": [[], ["vip", "nuevo"]]}}, "Tags: vip, nuevo"),
        ("updated", {"changes": {"is_blocked": [False, True]}}, "Blocked: No → Yes"),
        ("updated", {"changes": {"contact_status": ["new", "contacted"]}}, "Contact status: New → Contacted"),
        (
            "updated",
            {"changes": {"attributes": [{"purpose": "buy", "x": 1}, {"purpose": "rent", "x": 1}]}},
            "Purpose: Buy → Rent",
        ),
        (
            "updated",
            {"changes": {"last_name": ["Soto", "Rojas"], "first_name": ["Ana", "Eva"]}},
            "Name: Ana Soto → Eva Rojas",
        ),
        ("updated", {"changes": {"phone_key": ["1", "2"]}}, "Details updated"),
        ("updated", {"changes": "x"}, "Details updated"),
        ("updated", {}, "Details updated"),
        ("stage_changed", {"from": "entrada", "to": "agendado"}, "Moved from “Entry” to “Visit scheduled”"),
        ("stage_changed", {"from": "", "to": "agendado"}, "Moved to “Visit scheduled”"),
        (
            "stage_changed",
            {"from": "entrada", "to": "perdido", "reason": "Precio"},
            "Moved from “Entry” to “Lost” · Precio",
        ),
        ("scored", {"before": 10, "after": 45.4, "status": "warm"}, "Score 10 → 45 · Warm"),
        ("scored", {}, "Score 0 → 0"),
        ("assigned", {"agent_id": 7}, "Given to Ana"),
        ("assigned", {"agent_id": 7, "previous_agent_id": 8}, "Given to Ana, before with a colleague"),
        ("assigned", {"agent_id": None, "previous_agent_id": 7}, "Taken from Ana"),
        ("identity_added", {"kind": "telegram", "external_id": "77"}, "Also known on Telegram as 77"),
        ("conversation_started", {"channel": "webchat"}, "Conversation began on Web chat"),
        ("conversation_started", {}, "Conversation began"),
        ("conversation_assigned", {"agent_id": 7}, "Conversation given to Ana"),
        ("conversation_queued", {}, "Waiting for a person"),
        ("conversation_closed", {"reason": "resolved"}, "Conversation closed: Resolved"),
        ("merged", {"label": "Rosa"}, "Merged with “Rosa”"),
        ("something_new", {}, "Something new"),
    ],
)
def test_each_kind_is_a_sentence(kind, details, sentence):
    assert said(kind, Words(names={7: "Ana"}), **details) == sentence


def test_every_kind_that_is_written_has_a_sentence_of_its_own():
    from apps.leads.timeline import _sayers

    written = {"created", "updated", "stage_changed", "scored", "assigned", "identity_added", "merged", "merge_undone"}
    written |= {"inactive", "conversation_started", "conversation_assigned", "conversation_queued"}

    assert written | {"conversation_closed"} <= set(_sayers)


def test_custom_fields_go_by_their_labels_and_people_by_their_names(broker, admin_user, django_assert_num_queries):
    CustomField.objects.create(name="nro_piezas", label="Piezas")
    agent = make_user(first_name="Ana", last_name="Soto")
    lead = make_lead()
    actions.update_lead(actor=admin_user.actor(), lead_id=lead.pk, attributes={"nro_piezas": 3})
    actions.assign_lead(actor=admin_user.actor(), lead_id=lead.pk, agent_id=agent.pk)
    activities = list(Activity.objects.filter(lead=lead).order_by("id"))

    with django_assert_num_queries(2):
        words = words_for(activities)

    sentences = [sentence_of(activity, words) for activity in activities]
    assert any(sentence.startswith("Piezas: 3") for sentence in sentences)
    assert any("Ana Soto" in sentence for sentence in sentences)


def test_several_changes_are_told_one_by_one():
    activity = Activity(kind="updated", details={"changes": {"city": ["", "Lima"], "email": ["a@b.cl", ""]}})

    with translation.override("en"):
        changes = changes_of(activity)

    assert [(change.label, change.before, change.after) for change in changes] == [
        ("City", "", "Lima"),
        ("E-mail", "a@b.cl", ""),
    ]


@pytest.mark.parametrize(
    ("kind", "name", "doer"),
    [
        ("user", "Ana", "Ana"),
        ("assistant", "", "Sofía"),
        ("system", "x", "Automatically"),
        ("customer", "", "The customer"),
    ],
)
def test_it_says_who_did_it(kind, name, doer):
    with translation.override("en"):
        assert doer_of(Activity(kind="updated", actor_kind=kind, actor_name=name)) == doer


def test_a_page_of_the_timeline_costs_four_queries(broker, admin_user, django_assert_num_queries):
    actor, lead = admin_user.actor(), make_lead()
    for number in range(35):
        actions.update_lead(actor=actor, lead_id=lead.pk, attributes={f"campo{number}": number})
    actions.assign_lead(actor=actor, lead_id=lead.pk, agent_id=admin_user.pk)

    with django_assert_num_queries(4):
        page = timeline_page(actor, lead.pk)

    assert len(page.activities) == 30
    assert page.older == page.activities[-1].pk
