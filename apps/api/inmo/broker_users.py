"""/api/broker/users: the broker's team, for its administrators."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import actions
from apps.accounts.actions import NewUser, UserChanges
from apps.accounts.passwords import PasswordRule
from apps.accounts.queries import visible_users
from apps.accounts.types import Role, UserStatus
from apps.api.kit.pagination import SkipLimitQuery, skip_limit, skip_limit_page_of, window_of
from apps.api.kit.schema import documented
from apps.api.kit.serializers import AnyCaseChoice, Email, Int, Serializer, Text, serializers
from apps.api.kit.views import ApiViewSet
from apps.core.errors import Forbidden
from apps.core.pagination import page_of


class BrokerUser(Serializer):
    id = Int(source="pk")
    email = Text()
    name = Text()
    role = Text()
    broker_id = Int(allow_null=True)
    is_active = serializers.BooleanField()


class NewBrokerUser(Serializer):
    email = Email(max_length=254)
    password = Text(min_length=8, max_length=256, trim_whitespace=False)
    name = Text(max_length=300)
    role = AnyCaseChoice(choices=Role.values)


class BrokerUserChanges(Serializer):
    email = Email(max_length=254, required=False)
    password = Text(min_length=8, max_length=256, trim_whitespace=False, required=False)
    name = Text(max_length=300, required=False)
    role = AnyCaseChoice(choices=Role.values, required=False)
    is_active = serializers.BooleanField(required=False)


class BrokerUserViewSet(ApiViewSet):
    """Only administrators; a superadmin sees every broker's users, or one's with `?broker_id=`."""

    needs_broker = False
    takes_broker_id = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.actor.role not in {Role.ADMIN, Role.SUPERADMIN}:
            raise Forbidden()

    @documented(query=SkipLimitQuery, answer=skip_limit_page_of(BrokerUser))
    def list(self, request: Request) -> Response:
        window = window_of(self.query(SkipLimitQuery))
        page = page_of(visible_users(self.actor), offset=window.offset, limit=window.limit)
        return Response(skip_limit(page, BrokerUser(page.items, many=True).data))

    @documented(body=NewBrokerUser, answer=BrokerUser, status=201)
    def create(self, request: Request) -> Response:
        """Nobody makes a user of a role above their own."""
        new = _named(self.body(NewBrokerUser))
        user = actions.create_user(actor=self.actor, new=NewUser(**new), rule=PasswordRule.STRONG)
        return Response(BrokerUser(user).data, status=201)

    @documented(body=BrokerUserChanges, answer=BrokerUser)
    def update(self, request: Request, user_id: int) -> Response:
        """Only the fields that are sent change."""
        changes = UserChanges(**_with_status(_named(self.body(BrokerUserChanges))))
        user = actions.update_user(actor=self.actor, user_id=user_id, changes=changes, rule=PasswordRule.STRONG)
        return Response(BrokerUser(user).data)

    @documented(status=204)
    def deactivate(self, request: Request, user_id: int) -> Response:
        """The row stays; the user's sessions end."""
        actions.deactivate_user(actor=self.actor, user_id=user_id)
        return Response(status=204)


def _named(fields: dict[str, Any]) -> dict[str, Any]:
    """A full name is split at its first space."""
    if "name" not in fields:
        return fields
    first, _space, last = fields.pop("name").partition(" ")
    return {**fields, "first_name": first[:150], "last_name": last.strip()[:150]}


def _with_status(fields: dict[str, Any]) -> dict[str, Any]:
    if "is_active" not in fields:
        return fields
    is_active = fields.pop("is_active")
    return {**fields, "status": UserStatus.ACTIVE if is_active else UserStatus.INACTIVE}
