"""/api/auth: the paths of /auth under /api, in this document's own shapes and with UUIDs."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import actions
from apps.accounts.actions import LoggedIn
from apps.accounts.models import User
from apps.api.kit.schema import documented
from apps.api.kit.serializers import Email, Serializer, Text, serializers
from apps.api.kit.sign_in import bearer_session, user_agent
from apps.api.kit.views import ApiViewSet, OpenViewSet
from apps.queues.queries import presence_of
from apps.queues.types import PresenceState

STATUS_OF_PRESENCE = {
    PresenceState.AVAILABLE: "online",
    PresenceState.BUSY: "online",
    PresenceState.PAUSED: "away",
    PresenceState.OFFLINE: "offline",
}


class Credentials(Serializer):
    email = Email(max_length=254)
    password = Text(max_length=1024, trim_whitespace=False)


class Refresh(Serializer):
    refresh_token = Text(required=False, max_length=4096)


class AuthUser(Serializer):
    id = serializers.UUIDField(source="uid")
    email = Text()
    name = Text()
    role = Text()


class AuthDoorViewSet(OpenViewSet):
    """Where one gets tokens."""

    @documented(body=Credentials, answer=AuthUser)
    def login(self, request: Request) -> Response:
        """With two-factor authentication on, the answer is a challenge for /auth/2fa/verify."""
        entry = actions.log_in(**self.body(Credentials), user_agent=user_agent(request))
        if isinstance(entry, LoggedIn):
            return Response(_tokens(entry))
        return Response(
            {"requires_2fa": True, "challenge_token": entry.challenge_token, "expires_in": entry.expires_in}
        )

    @documented(body=Refresh, answer=AuthUser)
    def refresh(self, request: Request) -> Response:
        """The current access token is exchanged; a `refresh_token` in the body is taken too."""
        refresh_token = self.body(Refresh).get("refresh_token")
        if refresh_token:
            return Response(_tokens(actions.refresh_by_refresh_token(refresh_token)))
        return Response(_tokens(actions.refresh_by_access_token(bearer_session(request))))


class AuthViewSet(ApiViewSet):
    """What one does with a token."""

    needs_broker = False

    @documented(answer=AuthUser)
    def me(self, request: Request) -> Response:
        return Response({**AuthUser(self.user).data, "status": _status(self.user, self.broker_id)})

    @documented(status=204)
    def logout(self, request: Request) -> Response:
        """Both tokens of the session are dead."""
        actions.log_out(self.login_session)
        return Response(status=204)


def _tokens(entry: LoggedIn) -> dict[str, Any]:
    return {
        "access_token": entry.pair.access_token,
        "token_type": "bearer",
        "refresh_token": entry.pair.refresh_token,
        "expires_in": entry.pair.expires_in,
        "user": AuthUser(entry.user).data,
    }


def _status(user: User, broker_id: int | None) -> str:
    """A superadmin works in no queue: offline."""
    if broker_id is None:
        return "offline"
    return STATUS_OF_PRESENCE[PresenceState(presence_of(user.pk))]
