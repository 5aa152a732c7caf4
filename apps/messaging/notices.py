"""What providers tell about an account rather than about a message."""

from django.db import transaction

from apps.messaging.models import ChannelAccount
from apps.messaging.types import AccountNotice, AccountRef

KEPT = 20


@transaction.atomic
def keep_notice(account: AccountRef, notice: AccountNotice) -> None:
    """Keep the newest notices on the account, where its page shows them; the same notice twice is kept once."""
    row = ChannelAccount.objects.select_for_update().get(pk=account.id)
    entry = {"kind": str(notice.kind), "at": notice.at.isoformat(), "payload": notice.payload}
    notices = [known for known in row.settings.get("notices", []) if known != entry]
    row.settings = {**row.settings, "notices": [entry, *notices][:KEPT]}
    row.save(update_fields=["settings"])
