"""Every list of the admin is searchable and filtered, and asks the same number of questions for 3 rows and for 30."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from apps.accounts.actions.sessions import open_session
from apps.accounts.models import LoginSession, User
from apps.assistant.models import LLMUsage
from apps.audit.models import AuditEntry
from apps.brokers.actions import add_domain, provision_broker
from apps.brokers.models import Broker, BrokerConfig, Domain, PromptVersion
from apps.brokers.resolution import STEPPED_INTO
from apps.conversations.models import Conversation, Message
from apps.core.access import system_actor
from apps.core.admin import TenantAdmin
from apps.core.models import DeadLetter, ScheduledWork
from apps.core.tenancy import in_public
from apps.leads.models import (
    CustomField,
    DuplicatePair,
    IngestRecord,
    Job,
    Lead,
    LeadMerge,
    Pipeline,
    PipelineRule,
    SavedView,
)
from apps.leads.types import JobKind, Stage
from apps.messaging.models import ChannelAccount, RawEvent
from apps.queues.models import AgentState, Queue
from tests.factories import (
    make_account,
    make_agent_state,
    make_conversation,
    make_lead,
    make_message,
    make_queue,
    make_raw_event,
    make_user,
)

PLATFORM = system_actor(None)


def _broker(n: int) -> None:
    # Rows are enough here; thirty schemas are not what a list costs.
    with in_public():
        broker = Broker(pk=900_000 + n, name=f"Casa {n}")
        broker.save()
        BrokerConfig.objects.create(broker=broker)


def _conversation(broker_id: int) -> Conversation:
    agent = make_user()
    return make_conversation(assigned_agent=agent, queue=make_queue(agent))


def _periodic_task(n: int) -> None:
    interval = IntervalSchedule.objects.create(every=n + 1, period="days")
    PeriodicTask.objects.create(name=f"task {n}", task="core.poll_work", interval=interval)


def _pipeline_rule(n: int) -> None:
    pipeline = Pipeline.objects.filter(is_default=True).first() or Pipeline.objects.create(name="Ventas")
    PipelineRule.objects.create(pipeline=pipeline, name=f"regla {n}", to_stage=Stage.AGENDADO)


# One more row of each model, each with relatives of its own where it has relatives.
MAKERS = {
    Broker: lambda n, broker: _broker(n),
    Domain: lambda n, broker: add_domain(actor=PLATFORM, broker_id=_domain_owner(n), domain=f"a{n}.example.com"),
    BrokerConfig: lambda n, broker: _broker(n),
    PromptVersion: lambda n, broker: PromptVersion.objects.create(
        broker=broker, version=n + 2, agent_name="S", created_by=make_user("admin")
    ),
    User: lambda n, broker: make_user("admin"),
    LoginSession: lambda n, broker: open_session(make_user("admin")),
    ChannelAccount: lambda n, broker: make_account(),
    RawEvent: lambda n, broker: make_raw_event(make_account()),
    DeadLetter: lambda n, broker: DeadLetter.objects.create(broker_id=broker.pk, kind="k", error="boom"),
    ScheduledWork: lambda n, broker: ScheduledWork.objects.create(broker_id=broker.pk, kind="k", due_at=timezone.now()),
    LLMUsage: lambda n, broker: LLMUsage.objects.create(broker=broker, model="m", cost_usd=1),
    AuditEntry: lambda n, broker: AuditEntry.objects.create(name="x.y", actor_kind="system"),
    Lead: lambda n, broker: make_lead(assigned_agent=make_user()),
    CustomField: lambda n, broker: CustomField.objects.create(name=f"campo {n}"),
    IngestRecord: lambda n, broker: IngestRecord.objects.create(lead=make_lead(), payload={"nombre": "Ana"}),
    Job: lambda n, broker: Job.objects.create(kind=JobKind.RESCORE, created_by=make_user("admin")),
    LeadMerge: lambda n, broker: LeadMerge.objects.create(kept=make_lead(), absorbed_id=n, absorbed={}),
    DuplicatePair: lambda n, broker: DuplicatePair.objects.create(first=make_lead(), second=make_lead(), reason="name"),
    SavedView: lambda n, broker: SavedView.objects.create(name=f"vista {n}", owner=make_user("admin")),
    PipelineRule: lambda n, broker: _pipeline_rule(n),
    Conversation: lambda n, broker: _conversation(broker.pk),
    Message: lambda n, broker: make_message(),
    Queue: lambda n, broker: make_queue(make_user()),
    AgentState: lambda n, broker: make_agent_state(),
    PeriodicTask: lambda n, broker: _periodic_task(n),
    IntervalSchedule: lambda n, broker: IntervalSchedule.objects.create(every=n + 1, period="hours"),
    CrontabSchedule: lambda n, broker: CrontabSchedule.objects.create(minute=str(n)),
    SolarSchedule: lambda n, broker: SolarSchedule.objects.create(event="sunrise", latitude=n, longitude=n),
    ClockedSchedule: lambda n, broker: ClockedSchedule.objects.create(clocked_time=timezone.now() + timedelta(hours=n)),
}
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)


def _domain_owner(n: int) -> int:
    _broker(n)
    return 900_000 + n


@pytest.fixture
def platform(broker, superadmin_user, browser_session):
    """A superadmin's browser, inside the first broker."""
    client = browser_session(superadmin_user)
    session = client.session
    session[STEPPED_INTO] = broker.pk
    session.save()
    return client


def test_every_registered_list_is_measured():
    assert {model._meta.label for model in REGISTERED} == {model._meta.label for model in MAKERS}


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_a_list_costs_the_same_for_few_rows_and_for_many(model, platform, broker):
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")

    def rows_and_queries(first: int, last: int) -> int:
        for number in range(first, last):
            MAKERS[model](number, broker)
        with CaptureQueriesContext(connection) as asked:
            answer = platform.get(address)
        assert answer.status_code == 200, answer.content[:500]
        return len([query for query in asked if not query["sql"].startswith("SET search_path")])

    rows_and_queries(0, 3)  # what is cached for good is cached now
    few = rows_and_queries(3, 4)
    many = rows_and_queries(4, 30)

    assert few == many
    assert many < 25


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_a_list_can_be_searched_and_filtered(model, platform, broker):
    model_admin = admin.site._registry[model]
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")

    assert model_admin.search_fields
    assert model_admin.list_filter
    assert platform.get(address, {"q": "12"}).status_code == 200
    assert platform.get(address, {"q": "casa'\"%\\"}).status_code == 200


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_a_rows_page_opens(model, platform, broker):
    MAKERS[model](0, broker)
    row = model._default_manager.order_by("pk").last()

    answer = platform.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk]))

    assert answer.status_code == 200, answer.content[:500]


def test_a_brokers_own_rows_are_not_shown_from_outside(broker, superadmin_user, browser_session):
    client = browser_session(superadmin_user)

    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, TenantAdmin):
            address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            assert client.get(address).status_code == 403
    assert b"leads/lead" not in client.get(reverse("admin:index")).content


def test_real_brokers_can_be_listed_too(platform):
    provision_broker(actor=PLATFORM, name="Con esquema")

    assert b"Con esquema" in platform.get(reverse("admin:brokers_broker_changelist")).content
