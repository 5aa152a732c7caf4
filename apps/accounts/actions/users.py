"""Adding, changing and deactivating users, with who may do what to whom."""

from dataclasses import dataclass, field, fields
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.actions.home import at_home_of
from apps.accounts.actions.sessions import revoke_sessions
from apps.accounts.errors import EmailTaken, LastAdmin, OwnAccount
from apps.accounts.events import PasswordChanged, UserCreated, UserDeactivated, UserUpdated
from apps.accounts.models import User
from apps.accounts.passwords import PasswordRule, check_password_rule
from apps.accounts.queries import email_is_taken, get_user, other_active_admins
from apps.accounts.types import Role, UserStatus
from apps.core.access import Actor, system_actor
from apps.core.errors import Forbidden, InvalidInput
from apps.core.events import publish

RANK: Final = {Role.AGENT: 1, Role.SUPERVISOR: 2, Role.ADMIN: 3, Role.SUPERADMIN: 4}


@dataclass(frozen=True, kw_only=True)
class NewUser:
    """`name` is split at its first space where no last name is given."""

    email: str
    password: str = field(repr=False)
    first_name: str
    role: str
    last_name: str = ""
    phone: str = ""
    status: str = UserStatus.ACTIVE
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class UserChanges:
    """Only what is not None changes."""

    email: str | None = None
    password: str | None = field(default=None, repr=False)
    first_name: str | None = None
    last_name: str | None = None
    role: str | None = None
    status: str | None = None
    phone: str | None = None
    avatar_url: str | None = None
    language: str | None = None
    theme: str | None = None


# What everyone may change of themselves without any permission.
_OWN_FIELDS: Final = frozenset({"first_name", "last_name", "phone", "avatar_url", "language", "theme"})
# What only administrators change: it decides who gets in and as what.
_ADMIN_FIELDS: Final = frozenset({"email", "password", "role"})


@transaction.atomic
def create_user(*, actor: Actor, new: NewUser, rule: PasswordRule) -> User:
    """Add a user to the actor's broker, or a superadmin to the platform.

    Raises Forbidden (without `users.create`, or for a role above the actor's own), EmailTaken, WeakPassword,
    InvalidInput for a superadmin who named no broker.
    """
    actor.require("users.create")
    _require_rank(actor, new.role)
    if new.role != Role.SUPERADMIN and actor.broker_id is None:
        raise InvalidInput(_("Say in which broker: add ?broker_id= to the address."), field="broker_id")
    check_password_rule(new.password, rule)
    if email_is_taken(new.email):
        raise EmailTaken(field="email")

    user = _insert(new, broker_id=None if new.role == Role.SUPERADMIN else actor.broker_id)
    with at_home_of(user):
        publish(UserCreated(broker_id=user.broker_id, actor=actor, user_id=user.pk, role=user.role, email=user.email))
    return user


@transaction.atomic
def update_user(*, actor: Actor, user_id: int, changes: UserChanges, rule: PasswordRule) -> User:
    """Change what is given of a user in sight; a new role, e-mail or password is for administrators.

    Raises NotFound, Forbidden, EmailTaken, WeakPassword, OwnAccount, LastAdmin.
    """
    wanted = {each.name: value for each in fields(changes) if (value := getattr(changes, each.name)) is not None}
    user = _locked(_user_to_change(actor, user_id, frozenset(wanted)))
    if "role" in wanted and wanted["role"] != user.role:
        _check_new_role(actor, user, str(wanted["role"]))
    if wanted.get("status", UserStatus.ACTIVE) != UserStatus.ACTIVE and user.is_active:
        _check_leaving(actor, user)
    if "email" in wanted:
        wanted["email"] = str(wanted["email"]).strip().lower()
        if email_is_taken(str(wanted["email"]), except_user_id=user.pk):
            raise EmailTaken(field="email")
    password = wanted.pop("password", None)
    if password is not None:
        check_password_rule(str(password), rule)

    before = {name: getattr(user, name) for name in wanted}
    changed: dict[str, list[object]] = {
        name: [before[name], value] for name, value in wanted.items() if before[name] != value
    }
    _write(user, changed, password=None if password is None else str(password))
    with at_home_of(user):
        if changed:
            publish(UserUpdated(broker_id=user.broker_id, actor=actor, user_id=user.pk, changes=changed))
        if password is not None:
            publish(PasswordChanged(broker_id=user.broker_id, actor=actor, user_id=user.pk))
        if "status" in changed and not user.is_active:
            publish(UserDeactivated(broker_id=user.broker_id, actor=actor, user_id=user.pk))
    return user


@transaction.atomic
def deactivate_user(*, actor: Actor, user_id: int) -> User:
    """Close the account softly: the row stays, sessions end. Doing it twice changes nothing.

    Raises NotFound, Forbidden without `users.delete`, OwnAccount, LastAdmin.
    """
    user = _locked(get_user(actor, user_id))
    actor.require("users.delete")
    _require_rank(actor, user.role)
    if not user.is_active:
        return user
    _check_leaving(actor, user)

    _write(user, {"status": [user.status, UserStatus.INACTIVE]}, password=None)
    with at_home_of(user):
        publish(UserDeactivated(broker_id=user.broker_id, actor=actor, user_id=user.pk))
    return user


@transaction.atomic
def ensure_superadmin(*, email: str, password: str) -> User:
    """The superadmin with this e-mail, made if missing; an existing user keeps their password.

    Raises WeakPassword, EmailTaken where the e-mail is a broker's user.
    """
    found = User.objects.filter(email__iexact=email.strip()).first()
    if found is not None:
        if not found.is_superadmin:
            raise EmailTaken(field="email")
        return found
    new = NewUser(email=email, password=password, first_name="Superadmin", role=Role.SUPERADMIN)
    return create_user(actor=system_actor(None), new=new, rule=PasswordRule.STRONG)


def _insert(new: NewUser, *, broker_id: int | None) -> User:
    try:
        with transaction.atomic():
            return User.objects.create_user(
                new.email.strip(),
                new.password,
                first_name=new.first_name,
                last_name=new.last_name,
                role=new.role,
                phone=new.phone,
                status=new.status,
                language=new.language,
                broker_id=broker_id,
            )
    except IntegrityError as error:  # somebody took the e-mail between the look and the insert
        if email_is_taken(new.email):
            raise EmailTaken(field="email") from error
        raise


def _user_to_change(actor: Actor, user_id: int, names: frozenset[str]) -> User:
    if user_id == actor.user_id and names <= _OWN_FIELDS:
        return User.objects.get(pk=user_id)
    user = get_user(actor, user_id)
    actor.require("users.update")
    if names & _ADMIN_FIELDS:
        actor.require("users.create")
    if user.pk != actor.user_id:
        _require_rank(actor, user.role)
    return user


def _locked(user: User) -> User:
    return User.objects.select_for_update().get(pk=user.pk)


def _require_rank(actor: Actor, role: str) -> None:
    """Nobody makes, changes or deactivates someone above themselves; programs of ours may."""
    if actor.kind == "user" and RANK[Role(role)] > RANK[Role(actor.role)]:
        raise Forbidden(_("Your role does not allow this for a user of a higher role."))


def _check_new_role(actor: Actor, user: User, role: str) -> None:
    _require_rank(actor, role)
    if Role.SUPERADMIN in {role, user.role}:
        raise InvalidInput(_("A superadmin belongs to no broker: make a separate account for it."), field="role")
    if user.pk == actor.user_id:
        raise OwnAccount(field="role")
    if user.role == Role.ADMIN and not other_active_admins(user).exists():
        raise LastAdmin(field="role")


def _check_leaving(actor: Actor, user: User) -> None:
    if user.pk == actor.user_id:
        raise OwnAccount()
    if user.role in {Role.ADMIN, Role.SUPERADMIN} and not other_active_admins(user).exists():
        raise LastAdmin()


def _write(user: User, changed: dict[str, list[object]], *, password: str | None) -> None:
    for name, (_before, after) in changed.items():
        setattr(user, name, after)
    if password is not None:
        user.set_password(password)
        user.password_changed_at = timezone.now()
        changed_fields = [*changed, "password", "password_changed_at"]
    else:
        changed_fields = list(changed)
    if changed_fields:
        user.save(update_fields=changed_fields)
    if password is not None or ("status" in changed and not user.is_active):
        revoke_sessions(user, reason="deactivated" if password is None else "password_changed")
