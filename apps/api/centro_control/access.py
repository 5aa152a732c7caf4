"""Who may call /api/v1/admin/*, and how an id leads into its account."""

from typing import ClassVar
from uuid import UUID

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.accounts.errors import InvalidToken
from apps.accounts.models import LoginSession
from apps.accounts.tokens import session_of_access_token
from apps.api.kit.authentication import (
    AdminKeyAuthentication,
    AdminKeyScheme,
    ApiKey,
    PlatformKeyHolder,
    bearer_of,
    is_admin_key,
)
from apps.api.kit.views import ApiViewSet
from apps.brokers.ingest_keys import get_account, visible_accounts
from apps.brokers.models import Broker
from apps.core.errors import NotFound, Unauthenticated
from apps.core.ids import broker_of
from apps.core.tenancy import enter_broker, leave_broker

# The document's own words, in its own language.
NO_KEY = "Invalid or missing API key"
NO_ACCOUNT = "Account not found"


class PlatformAuthentication(AdminKeyAuthentication):
    """ADMIN_API_KEY or a superadmin's token; with AUTH_ENABLED=false anybody. The broker is entered by the view."""

    def authenticate(self, request: Request) -> tuple[object, LoginSession | ApiKey]:
        """Raises Unauthenticated in the document's words."""
        request._request.broker_id = None  # type: ignore[attr-defined]
        leave_broker()
        if not settings.AUTH_ENABLED:
            return PlatformKeyHolder(), ApiKey(name="nobody")
        try:
            raw = bearer_of(request._request)
            if raw is None:
                raise Unauthenticated(NO_KEY)
            if is_admin_key(raw):
                return PlatformKeyHolder(), ApiKey()
            session = session_of_access_token(raw)
        except InvalidToken as error:
            raise Unauthenticated(NO_KEY) from error
        return session.user, session


class PlatformScheme(AdminKeyScheme):
    """How OpenAPI names it."""

    target_class = PlatformAuthentication


class IsPlatform(BasePermission):
    """A broker's own people have no business here."""

    def has_permission(self, request: Request, _view: object) -> bool:
        return bool(getattr(request.user, "is_superadmin", False))


class PlatformViewSet(ApiViewSet):
    """A section of the document for whoever holds the key."""

    authentication_classes: ClassVar[list[type[BaseAuthentication]]] = [PlatformAuthentication]  # type: ignore[misc]
    permission_classes: ClassVar[list[type[BasePermission]]] = [IsPlatform]  # type: ignore[misc]
    needs_broker = False

    def account(self, account_id: UUID) -> Broker:
        """The account, not entered.

        Raises NotFound.
        """
        try:
            return get_account(self.actor, account_id)
        except NotFound as error:
            raise NotFound(NO_ACCOUNT) from error

    def enter_account(self, account_id: UUID) -> Broker:
        """The account; from here on its rows are read and written."""
        broker = self.account(account_id)
        self._enter(broker)
        return broker

    def enter_account_of(self, row_id: UUID, *, missing: str) -> Broker:
        """The account whose number is in the row's id, entered.

        Raises NotFound, in these words, where there is none.
        """
        broker_id = broker_of(row_id)
        broker = visible_accounts(self.actor).filter(pk=broker_id).first() if broker_id else None
        if broker is None:
            raise NotFound(missing)
        self._enter(broker)
        return broker

    def _enter(self, broker: Broker) -> None:
        self.request._request.broker_id = broker.pk  # type: ignore[attr-defined]
        enter_broker(broker.pk)
