"""Users of every broker, their login sessions and second factors. Public: a user is found before their broker is."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.permissions import permissions_of
from apps.accounts.types import Role, UserStatus
from apps.core.access import Actor
from apps.core.context import request_context
from apps.core.crypto import EncryptedTextField
from apps.core.ids import uid_for


def _new_platform_uid() -> object:
    return uid_for(0)


class UserManager(BaseUserManager):  # type: ignore[type-arg]  # not subscriptable at run time
    """Finds users by e-mail without regard to case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.uid = uid_for(user.broker_id or 0)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, **{"role": Role.SUPERADMIN, "first_name": "Superadmin", **fields})


class User(AbstractBaseUser):
    """A person who signs in: with their e-mail, into one broker, in one role."""

    uid = models.UUIDField(unique=True, editable=False, default=_new_platform_uid)
    email = models.EmailField(_("email"), unique=True)
    first_name = models.CharField(_("first name"), max_length=150)
    last_name = models.CharField(_("last name"), max_length=150, blank=True, default="")
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.AGENT)
    status = models.CharField(_("status"), max_length=20, choices=UserStatus.choices, default=UserStatus.ACTIVE)
    # The one upward reference of the room: the tenant of a user, without importing its app.
    broker = models.ForeignKey("brokers.Broker", models.PROTECT, null=True, blank=True, related_name="+")
    phone = models.CharField(_("phone"), max_length=20, blank=True, default="")
    avatar_url = models.URLField(_("picture"), blank=True, default="")
    language = models.CharField(_("language"), max_length=5, blank=True, default="")
    theme = models.CharField(_("theme"), max_length=10, blank=True, default="")
    totp_secret = EncryptedTextField(blank=True, default="")
    totp_confirmed_at = models.DateTimeField(null=True, blank=True)
    totp_last_step = models.BigIntegerField(null=True, blank=True)
    password_changed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        indexes = [models.Index(fields=["broker", "role", "status"], name="user_broker_role")]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_lower"),
            models.CheckConstraint(
                condition=models.Q(role=Role.SUPERADMIN, broker__isnull=True)
                | (~models.Q(role=Role.SUPERADMIN) & models.Q(broker__isnull=False)),
                name="user_superadmin_has_no_broker",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def name(self) -> str:
        """First and last name, or the e-mail where there is none."""
        return f"{self.first_name} {self.last_name}".strip() or self.email

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Django's own gate: only active users may sign in."""
        return self.status == UserStatus.ACTIVE

    @property
    def is_superadmin(self) -> bool:
        """A platform operator."""
        return self.role == Role.SUPERADMIN

    @property
    def has_two_factor(self) -> bool:
        """Whether signing in needs a second factor."""
        return self.totp_confirmed_at is not None

    @property
    def permissions(self) -> frozenset[str]:
        """The permission codes of the role."""
        return permissions_of(self.role)

    # What django.contrib.admin asks of a user: only superadmins enter it, and they may do all there.
    @property
    def is_staff(self) -> bool:
        return self.is_superadmin

    @property
    def is_superuser(self) -> bool:
        return self.is_superadmin

    def has_perm(self, _perm: str, _obj: object = None) -> bool:
        return self.is_active and self.is_superadmin

    def has_perms(self, _perms: object, _obj: object = None) -> bool:
        return self.is_active and self.is_superadmin

    def has_module_perms(self, _app_label: str) -> bool:
        return self.is_active and self.is_superadmin

    def actor(self, *, broker_id: int | None = None) -> Actor:
        """This user as the doer of an action; a superadmin names the broker entered."""
        context = request_context()
        return Actor(
            kind="user",
            broker_id=self.broker_id if self.broker_id is not None else broker_id,
            user_id=self.pk,
            role=self.role,
            name=self.name,
            permissions=self.permissions,
            address=context.address,
            request_id=context.request_id,
        )


class LoginSession(models.Model):
    """One sign-in through the API: every token carries its id, so that revoking the row ends them all at once."""

    uid = models.UUIDField(unique=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="login_sessions")
    refresh_jti = models.CharField(max_length=64, blank=True, default="")
    access_jti = models.CharField(max_length=64, blank=True, default="")
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    refreshed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at"], name="login_session_user"),
            models.Index(fields=["expires_at"], name="login_session_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} @ {self.created_at:%Y-%m-%d %H:%M}"


class BackupCode(models.Model):
    """A second factor for the day the telephone is lost; works once."""

    user = models.ForeignKey(User, models.CASCADE, related_name="backup_codes")
    code_hash = models.CharField(max_length=128)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user"], name="backup_code_user")]

    def __str__(self) -> str:
        return f"backup code of {self.user_id}"
