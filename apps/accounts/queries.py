"""Reading users within the caller's sight."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.accounts.types import Role, UserStatus
from apps.core.access import Actor
from apps.core.errors import NotFound


def visible_users(actor: Actor) -> QuerySet[User]:
    """The users of the actor's broker; every user for a superadmin who named no broker.

    Raises Forbidden without `users.read`.
    """
    actor.require("users.read")
    users = User.objects.order_by("id")
    if actor.is_superadmin and actor.broker_id is None:
        return users
    return users.filter(broker_id=actor.broker_id)


def get_user(actor: Actor, user_id: int) -> User:
    """One user in sight.

    Raises NotFound for users of other brokers.
    """
    user = visible_users(actor).filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("There is no user with this id."), field="user_id")
    return user


def search_users(users: QuerySet[User], text: str) -> QuerySet[User]:
    """Those whose name or e-mail contains every word of the text."""
    for word in text.split():
        users = users.filter(Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(email__icontains=word))
    return users


def email_is_taken(email: str, *, except_user_id: int | None = None) -> bool:
    """Whether somebody, of any broker, signs in with this e-mail."""
    return User.objects.filter(email__iexact=email).exclude(pk=except_user_id).exists()


def other_active_admins(user: User) -> QuerySet[User]:
    """The administrators that the user's broker would keep without this one (superadmins, for a superadmin)."""
    role = Role.SUPERADMIN if user.is_superadmin else Role.ADMIN
    return User.objects.filter(broker_id=user.broker_id, role=role, status=UserStatus.ACTIVE).exclude(pk=user.pk)
