"""Section 1 of the document: signing in."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import actions
from apps.accounts.actions import LoggedIn, SecondFactorNeeded
from apps.accounts.passwords import PasswordRule
from apps.accounts.permissions import ROLE_IDS
from apps.accounts.types import Role
from apps.api.kit.schema import documented
from apps.api.kit.serializers import Email, Int, Message, Serializer, Strings, Text, serializers
from apps.api.kit.sign_in import CODE_VERIFIED, LOGGED_OUT, PASSWORD_CHANGED, bearer_session, user_agent
from apps.api.kit.views import ApiViewSet, OpenViewSet


class CrmCredentials(Serializer):
    email = Email(max_length=254)
    password = Text(max_length=1024, trim_whitespace=False)


class CrmRefresh(Serializer):
    refresh_token = Text(max_length=4096)


class CrmPasswordChange(Serializer):
    current_password = Text(max_length=1024, trim_whitespace=False)
    new_password = Text(min_length=8, max_length=256, trim_whitespace=False)


class CrmCode(Serializer):
    code = Text(max_length=12)
    challenge_token = Text(required=False, max_length=1024)


class CrmRole(Serializer):
    """The role as the document numbers it; reads the role's name."""

    id = Int()
    name = Text()
    display_name = Text()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {"id": ROLE_IDS[instance], "name": str(instance), "display_name": Role(instance).label}


class CrmSignedInUser(Serializer):
    id = Int(source="pk")
    email = Text()
    first_name = Text()
    last_name = Text()
    role = CrmRole()
    permissions = Strings()


class CrmTokens(Serializer):
    access_token = Text(source="pair.access_token")
    refresh_token = Text(source="pair.refresh_token")
    expires_in = Int(source="pair.expires_in")


class CrmLogin(CrmTokens):
    user = CrmSignedInUser()


class CrmChallenge(Serializer):
    requires_2fa = serializers.BooleanField()
    challenge_token = Text()
    expires_in = Int()


class CrmTwoFactorSecrets(Serializer):
    secret = Text()
    qr_code = Text()
    backup_codes = Strings()


class CrmVerified(Serializer):
    message = Text()
    two_factor_enabled = serializers.BooleanField()


LoginOrChallenge = PolymorphicProxySerializer(
    component_name="CrmLoginAnswer", serializers=[CrmLogin, CrmChallenge], resource_type_field_name=None
)
VerifiedOrLogin = PolymorphicProxySerializer(
    component_name="CrmTwoFactorAnswer", serializers=[CrmVerified, CrmLogin], resource_type_field_name=None
)


class AuthDoorViewSet(OpenViewSet):
    """Where one gets tokens."""

    @documented(body=CrmCredentials, answer=LoginOrChallenge)
    def login(self, request: Request) -> Response:
        """With two-factor authentication on, the answer is a challenge for /v1/auth/2fa/verify instead of tokens."""
        return Response(_entered(actions.log_in(**self.body(CrmCredentials), user_agent=user_agent(request))))

    @documented(body=CrmRefresh, answer=CrmTokens)
    def refresh(self, request: Request) -> Response:
        """Both tokens are new; a refresh token that comes a second time ends the session."""
        return Response(CrmTokens(actions.refresh_by_refresh_token(self.body(CrmRefresh)["refresh_token"])).data)

    @documented(body=CrmCode, answer=VerifiedOrLogin, auth=[{"bearer": []}, {}])
    def verify_two_factor(self, request: Request) -> Response:
        """With a `challenge_token` it finishes a login; with a bearer token it confirms the activation."""
        code = self.body(CrmCode)
        if "challenge_token" in code:
            return Response(CrmLogin(actions.finish_log_in(**code, user_agent=user_agent(request))).data)
        actions.verify_two_factor(bearer_session(request).user, code=code["code"])
        return Response({"message": CODE_VERIFIED, "two_factor_enabled": True})


class AuthViewSet(ApiViewSet):
    """What one does with a token."""

    needs_broker = False

    @documented(answer=Message)
    def logout(self, request: Request) -> Response:
        """Both tokens of the session are dead."""
        actions.log_out(self.login_session)
        return Response({"message": LOGGED_OUT})

    @documented(body=CrmPasswordChange, answer=Message)
    def change_password(self, request: Request) -> Response:
        """The user's other sessions end."""
        change = self.body(CrmPasswordChange)
        actions.change_password(
            self.user,
            current=change["current_password"],
            new=change["new_password"],
            rule=PasswordRule.BASIC,
            keep=self.login_session,
        )
        return Response({"message": PASSWORD_CHANGED})

    @documented(answer=CrmTwoFactorSecrets)
    def enable_two_factor(self, request: Request) -> Response:
        """The secret, its QR picture and the backup codes are shown this once."""
        return Response(CrmTwoFactorSecrets(actions.enable_two_factor(self.user)).data)


def _entered(entry: LoggedIn | SecondFactorNeeded) -> dict[str, Any]:
    return dict(
        CrmLogin(entry).data
        if isinstance(entry, LoggedIn)
        else CrmChallenge({"requires_2fa": True, **vars(entry)}).data
    )
