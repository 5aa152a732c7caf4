"""Registration: a new brokerage with its first administrator."""

from django.db import transaction

from apps.accounts.actions import LoggedIn, NewUser, create_user, open_session
from apps.accounts.errors import EmailTaken
from apps.accounts.passwords import PasswordRule, check_password_rule
from apps.accounts.queries import email_is_taken
from apps.accounts.types import Role
from apps.brokers.actions import provision_broker
from apps.core import limits
from apps.core.access import system_actor
from apps.core.context import request_context
from apps.core.tenancy import in_broker, in_public


def register_broker(*, email: str, password: str, broker_name: str, user_agent: str = "") -> LoggedIn:
    """Make a broker and its administrator, named after the broker, and sign them in: all of it or nothing.

    Raises EmailTaken, WeakPassword, InvalidInput for the name, RateLimited per address.
    """
    limits.spend("register.address", request_context().address)
    check_password_rule(password, PasswordRule.STRONG)
    if email_is_taken(email):
        raise EmailTaken(field="email")

    with in_public(), transaction.atomic():
        broker = provision_broker(actor=system_actor(None, name="registration"), name=broker_name)
        new = NewUser(email=email, password=password, first_name=broker.name[:150], role=Role.ADMIN)
        with in_broker(broker.pk):
            user = create_user(actor=system_actor(broker.pk, name="registration"), new=new, rule=PasswordRule.STRONG)
        user.broker = broker
        return open_session(user, user_agent=user_agent)
