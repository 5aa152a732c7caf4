"""Facts of the accounts room. Published inside the user's broker; in the public schema for superadmins."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class UserCreated(Event):
    """A user was added to a broker, or to the platform (`broker_id` None)."""

    name: ClassVar[str] = "user.created"
    user_id: int
    role: str
    email: str


@dataclass(frozen=True, kw_only=True)
class UserUpdated(Event):
    """`changes` maps a field to [before, after]; passwords never appear in it."""

    name: ClassVar[str] = "user.updated"
    user_id: int
    changes: dict[str, list[object]]


@dataclass(frozen=True, kw_only=True)
class UserDeactivated(Event):
    """The user may no longer sign in; their sessions ended."""

    name: ClassVar[str] = "user.deactivated"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserLoggedIn(Event):
    """`session_id` is empty for a browser session."""

    name: ClassVar[str] = "user.logged_in"
    user_id: int
    session_id: int | None


@dataclass(frozen=True, kw_only=True)
class UserLoggedOut(Event):
    name: ClassVar[str] = "user.logged_out"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class LoginFailed(Event):
    """A sign-in was refused; `user_id` is None where no such account exists. The e-mail is what was typed."""

    name: ClassVar[str] = "user.login_failed"
    user_id: int | None
    email: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SessionRevoked(Event):
    """A login session was ended by us: `reason` is replayed, password_changed, deactivated, ..."""

    name: ClassVar[str] = "user.session_revoked"
    user_id: int
    session_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(Event):
    name: ClassVar[str] = "user.password_changed"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class PasswordResetRequested(Event):
    name: ClassVar[str] = "user.password_reset_requested"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class TwoFactorEnabled(Event):
    name: ClassVar[str] = "user.two_factor_enabled"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class TwoFactorDisabled(Event):
    name: ClassVar[str] = "user.two_factor_disabled"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class BackupCodeUsed(Event):
    """`left` is how many backup codes remain."""

    name: ClassVar[str] = "user.backup_code_used"
    user_id: int
    left: int
