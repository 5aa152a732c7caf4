"""Whether an account works, and taking it out of service when its provider says that it does not."""

from django.utils import timezone

from apps.messaging.models import AccountStatus, ChannelAccount
from apps.messaging.providers import adapter_for
from apps.messaging.types import Health


def check_account(account_id: int) -> Health:
    """Ask the provider, and keep the answer on the account."""
    account = ChannelAccount.objects.get(pk=account_id)
    health = adapter_for(account.channel).health(account.ref())
    account.status = AccountStatus.CONNECTED if health.ok else AccountStatus.ERROR
    account.status_detail = health.detail[:300]
    account.save(update_fields=["status", "status_detail"])
    return health


def stop_account(account_id: int, reason: str) -> None:
    """The provider refuses everything (token expired, number locked): show it until somebody mends it."""
    ChannelAccount.objects.filter(pk=account_id).update(
        status=AccountStatus.ERROR, status_detail=f"{timezone.now():%Y-%m-%d %H:%M} UTC: {reason}"[:300]
    )
