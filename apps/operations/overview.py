"""The admin's first page: how the platform is, in a handful of queries."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.utils import timezone

from apps.accounts.models import User
from apps.assistant.models import LLMUsage
from apps.brokers.models import Broker
from apps.core.models import DeadLetter, ScheduledWork
from apps.messaging.models import AccountStatus, ChannelAccount
from apps.operations.queries import LedgerLine, ledger_by_hour


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Numbers of now and of the last 24 hours."""

    open_brokers: int
    closed_brokers: int
    people: int
    connected_accounts: int
    troubled_accounts: int
    ledger: LedgerLine
    late_work: int
    dead_letters: int
    llm_calls: int
    llm_cost: Decimal


def overview() -> Overview:
    """What the first page shows."""
    now = timezone.now()
    brokers = Broker.objects.aggregate(
        open=Count("pk", filter=Q(is_active=True, deleted_at=None)),
        closed=Count("pk", filter=Q(is_active=False, deleted_at=None)),
    )
    accounts = ChannelAccount.objects.filter(deleted_at=None, is_active=True).aggregate(
        connected=Count("pk", filter=Q(status=AccountStatus.CONNECTED)),
        troubled=Count("pk", filter=Q(status__in=[AccountStatus.ERROR, AccountStatus.DISCONNECTED])),
    )
    hours = ledger_by_hour(hours=24)
    usage = LLMUsage.objects.filter(created_at__gte=now - timedelta(days=1)).aggregate(
        calls=Count("pk"), cost=Sum("cost_usd")
    )
    return Overview(
        open_brokers=brokers["open"],
        closed_brokers=brokers["closed"],
        people=User.objects.filter(status="active").count(),
        connected_accounts=accounts["connected"],
        troubled_accounts=accounts["troubled"],
        ledger=LedgerLine(
            label="",
            processed=sum(hour.processed for hour in hours),
            waiting=sum(hour.waiting for hour in hours),
            failed=sum(hour.failed for hour in hours),
        ),
        late_work=ScheduledWork.objects.filter(due_at__lt=now - timedelta(minutes=1)).count(),
        dead_letters=DeadLetter.objects.count(),
        llm_calls=usage["calls"],
        llm_cost=usage["cost"] or Decimal(0),
    )
