"""/auth at the root: Inmo's shapes with the superset of the other documents'."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import actions
from apps.accounts.actions import LoggedIn, SecondFactorNeeded
from apps.accounts.passwords import PasswordRule
from apps.api.kit.schema import documented
from apps.api.kit.serializers import Email, Int, Message, Serializer, Strings, Text, Time, serializers
from apps.api.kit.sign_in import CODE_VERIFIED, PASSWORD_CHANGED, bearer_session, user_agent
from apps.api.kit.views import ApiViewSet, OpenViewSet
from apps.brokers.registration import register_broker


class Registration(Serializer):
    email = Email(max_length=254)
    password = Text(min_length=8, max_length=256, trim_whitespace=False)
    broker_name = Text(max_length=150)


class Credentials(Serializer):
    email = Email(max_length=254)
    password = Text(max_length=1024, trim_whitespace=False)


class Refresh(Serializer):
    refresh_token = Text(required=False, max_length=4096)


class PasswordChange(Serializer):
    current_password = Text(max_length=1024, trim_whitespace=False)
    new_password = Text(min_length=8, max_length=256, trim_whitespace=False)


class Code(Serializer):
    code = Text(max_length=12)
    challenge_token = Text(required=False, max_length=1024)


class InmoUserProfile(Serializer):
    id = Int(source="pk")
    email = Text()
    name = Text()
    role = Text()
    broker_id = Int(allow_null=True)
    is_active = serializers.BooleanField()
    uid = serializers.UUIDField()
    first_name = Text()
    last_name = Text()
    phone = Text()
    avatar_url = Text()
    status = Text()
    language = Text()
    permissions = Strings()
    two_factor_enabled = serializers.BooleanField(source="has_two_factor")
    created_at = Time()
    last_login_at = Time(source="last_login", allow_null=True)


class InmoTokens(Serializer):
    access_token = Text(source="pair.access_token")
    token_type = serializers.ChoiceField(choices=["bearer"], default="bearer")
    refresh_token = Text(source="pair.refresh_token")
    expires_in = Int(source="pair.expires_in")
    user = InmoUserProfile()


class TwoFactorChallenge(Serializer):
    requires_2fa = serializers.BooleanField(default=True)
    challenge_token = Text()
    expires_in = Int()


class TwoFactorSecrets(Serializer):
    secret = Text()
    qr_code = Text()
    backup_codes = Strings()


class InmoTwoFactorVerified(Serializer):
    message = Text()
    two_factor_enabled = serializers.BooleanField()


TokensOrChallenge = PolymorphicProxySerializer(
    component_name="InmoLoginAnswer", serializers=[InmoTokens, TwoFactorChallenge], resource_type_field_name=None
)
VerifiedOrTokens = PolymorphicProxySerializer(
    component_name="InmoTwoFactorAnswer",
    serializers=[InmoTwoFactorVerified, InmoTokens],
    resource_type_field_name=None,
)


class AuthDoorViewSet(OpenViewSet):
    """Where one gets tokens."""

    @documented(body=Registration, answer=InmoTokens)
    def register(self, request: Request) -> Response:
        """The first user is the broker's administrator and is named after it."""
        return Response(tokens(register_broker(**self.body(Registration), user_agent=user_agent(request))))

    @documented(body=Credentials, answer=TokensOrChallenge)
    def login(self, request: Request) -> Response:
        """With two-factor authentication on, the answer is a challenge for /auth/2fa/verify instead of tokens."""
        return Response(entered(actions.log_in(**self.body(Credentials), user_agent=user_agent(request))))

    @documented(body=Refresh, answer=InmoTokens, auth=[{"bearer": []}, {}])
    def refresh(self, request: Request) -> Response:
        """Takes a `refresh_token` in the body, else the current access token as bearer; the old pair is dead."""
        refresh_token = self.body(Refresh).get("refresh_token")
        if refresh_token:
            return Response(tokens(actions.refresh_by_refresh_token(refresh_token)))
        return Response(tokens(actions.refresh_by_access_token(bearer_session(request))))

    @documented(body=Code, answer=VerifiedOrTokens, auth=[{"bearer": []}, {}])
    def verify_two_factor(self, request: Request) -> Response:
        """With a `challenge_token` it finishes a login; with a bearer token it confirms the activation."""
        code = self.body(Code)
        if "challenge_token" in code:
            return Response(tokens(actions.finish_log_in(**code, user_agent=user_agent(request))))
        session = bearer_session(request)
        actions.verify_two_factor(session.user, code=code["code"])
        return Response({"message": CODE_VERIFIED, "two_factor_enabled": True})


class AuthViewSet(ApiViewSet):
    """What one does with a token."""

    needs_broker = False

    @documented(answer=InmoUserProfile)
    def me(self, request: Request) -> Response:
        return Response(InmoUserProfile(self.user).data)

    @documented(status=204)
    def logout(self, request: Request) -> Response:
        """Both tokens of the session are dead."""
        actions.log_out(self.login_session)
        return Response(status=204)

    @documented(body=PasswordChange, answer=Message)
    def change_password(self, request: Request) -> Response:
        """The user's other sessions end."""
        change = self.body(PasswordChange)
        actions.change_password(
            self.user,
            current=change["current_password"],
            new=change["new_password"],
            rule=PasswordRule.STRONG,
            keep=self.login_session,
        )
        return Response({"message": PASSWORD_CHANGED})

    @documented(answer=TwoFactorSecrets)
    def enable_two_factor(self, request: Request) -> Response:
        """The secret, its QR picture and the backup codes are shown this once."""
        return Response(TwoFactorSecrets(actions.enable_two_factor(self.user)).data)


def tokens(entry: LoggedIn) -> dict[str, Any]:
    """The superset of what the documents answer to a login."""
    return dict(InmoTokens(entry).data)


def entered(entry: LoggedIn | SecondFactorNeeded) -> dict[str, Any]:
    """Tokens, or the challenge."""
    if isinstance(entry, LoggedIn):
        return tokens(entry)
    return {"requires_2fa": True, "challenge_token": entry.challenge_token, "expires_in": entry.expires_in}
