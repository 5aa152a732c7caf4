"""What happens to channel accounts. Published inside the account's broker."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class ChannelAccountEvent(Event):
    """Anything about one account; `label` is its name, for the trail that outlives it."""

    account_id: int
    channel: str
    label: str


@dataclass(frozen=True, kw_only=True)
class ChannelAccountCreated(ChannelAccountEvent):
    name: ClassVar[str] = "channel_account.created"


@dataclass(frozen=True, kw_only=True)
class ChannelAccountUpdated(ChannelAccountEvent):
    """`fields` that changed; of credentials only the names, never a value."""

    name: ClassVar[str] = "channel_account.updated"
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ChannelAccountRemoved(ChannelAccountEvent):
    """Its webhooks are refused from now on; its conversations stay."""

    name: ClassVar[str] = "channel_account.removed"


@dataclass(frozen=True, kw_only=True)
class ChannelAccountRestored(ChannelAccountEvent):
    name: ClassVar[str] = "channel_account.restored"


@dataclass(frozen=True, kw_only=True)
class ChannelAccountStatusChanged(ChannelAccountEvent):
    """It was connected, disconnected, or needs attention (`detail` says why)."""

    name: ClassVar[str] = "channel_account.status_changed"
    status: str
    previous: str
    detail: str = ""
