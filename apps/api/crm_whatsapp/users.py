"""Section 2 of the document: users. Now the caller's own profile."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import actions
from apps.accounts.actions import UserChanges
from apps.accounts.models import User
from apps.accounts.passwords import PasswordRule
from apps.api.crm_whatsapp.auth import CrmRole
from apps.api.kit.schema import documented
from apps.api.kit.serializers import Int, Serializer, Strings, Text, Time, serializers
from apps.api.kit.views import ApiViewSet
from apps.queues.models import AgentState
from apps.queues.queries import agent_states


class CrmUserCampaign(Serializer):
    id = Int()
    name = Text()
    priority = Int()


class CrmUserDetail(Serializer):
    """Reads the dictionary that `user_detail` makes."""

    id = Int()
    email = Text()
    first_name = Text()
    last_name = Text()
    phone = Text(allow_null=True)
    avatar_url = Text(allow_null=True)
    role = CrmRole()
    status = Text()
    agent_status = Text()
    agent_status_reason = Text(allow_null=True)
    max_concurrent_chats = Int()
    auto_assign_enabled = serializers.BooleanField()
    campaigns = CrmUserCampaign(many=True)
    permissions = Strings()
    created_at = Time()
    last_login_at = Time(allow_null=True)


class CrmProfileChanges(Serializer):
    first_name = Text(max_length=150, required=False)
    phone = Text(max_length=20, required=False, allow_blank=True)
    last_name = Text(max_length=150, required=False, allow_blank=True)
    avatar_url = serializers.URLField(max_length=200, required=False, allow_null=True)


class OwnProfileViewSet(ApiViewSet):
    """/v1/users/me."""

    needs_broker = False

    @documented(answer=CrmUserDetail)
    def get(self, request: Request) -> Response:
        return Response(CrmUserDetail(user_detail(self.user)).data)

    @documented(body=CrmProfileChanges, answer=CrmUserDetail)
    def update(self, request: Request) -> Response:
        """Only the fields that are sent change; a null picture takes it away."""
        changes = {name: value or "" for name, value in self.body(CrmProfileChanges).items()}
        user = actions.update_user(
            actor=self.actor, user_id=self.user.pk, changes=UserChanges(**changes), rule=PasswordRule.BASIC
        )
        return Response(CrmUserDetail(user_detail(user)).data)


def user_detail(user: User) -> dict[str, Any]:
    """The user as section 2 shows one, with presence and limits; a superadmin has the defaults."""
    found = agent_states().filter(user_id=user.pk).first() if user.broker_id is not None else None
    state = found or AgentState(user_id=user.pk)
    return {
        "id": user.pk,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "phone": user.phone or None,
        "avatar_url": user.avatar_url or None,
        "role": user.role,
        "status": user.status,
        "agent_status": state.presence,
        "agent_status_reason": state.reason or None,
        "max_concurrent_chats": state.max_concurrent,
        "auto_assign_enabled": state.is_auto_assigned,
        "campaigns": [],
        "permissions": sorted(user.permissions),
        "created_at": user.created_at,
        "last_login_at": user.last_login,
    }
