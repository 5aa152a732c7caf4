"""The base of every viewset: who calls, in which broker and language, how often; what was sent."""

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.serializers import ListField
from rest_framework.throttling import BaseThrottle
from rest_framework.viewsets import ViewSet

from apps.accounts.models import LoginSession, User
from apps.api.kit.authentication import ApiKey, BearerAuthentication
from apps.api.kit.dialects import Dialect
from apps.api.kit.errors import exception_handler
from apps.api.kit.inspector import ContractSchema
from apps.api.kit.parsers import JSONParser
from apps.api.kit.problems import InvalidRequest
from apps.api.kit.renderers import JSONRenderer
from apps.core import limits
from apps.core.access import Actor
from apps.core.errors import InvalidInput, NotBuilt

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class CallerThrottle(BaseThrottle):
    """Counts the call against the caller and against their broker; core.limits raises where one is used up."""

    def allow_request(self, request: Request, _view: object) -> bool:
        if isinstance(request.auth, ApiKey):
            limits.spend("api.user", "admin-api-key")
        elif isinstance(request.user, User):
            limits.spend("api.user", str(request.user.pk))
            if request.user.broker_id is not None:
                limits.spend("api.broker", str(request.user.broker_id))
        return True


class FirstRenderer(BaseContentNegotiation):
    """Answers in the one format of the view whatever `Accept` says; `?format=` means files in the documents."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(self, _request: Request, renderers: Any, _format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class ApiViewSet(ViewSet):
    """A section of a document. Methods read with `body` and `query`, call one action or query, and answer.

    `needs_broker`: a superadmin must name one. `max_body_bytes`: less or more than the usual limit.
    `path_names_broker`: the path's `broker_id` must be the caller's. `takes_broker_id`: shown in OpenAPI.
    `wire_names`: how the document calls fields that the domain's refusals name otherwise.
    """

    authentication_classes: ClassVar[list[type[BaseAuthentication]]] = [BearerAuthentication]  # type: ignore[misc]
    permission_classes: ClassVar[list[type[BasePermission]]] = [IsAuthenticated]  # type: ignore[misc]
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)
    throttle_classes = (CallerThrottle,)
    schema = ContractSchema()
    content_negotiation_class = FirstRenderer
    needs_broker = True
    path_names_broker = False
    takes_broker_id = False
    max_body_bytes: int | None = None
    wire_names: ClassVar[Mapping[str, str]] = {}

    # Set by the kit's routing for each mounted operation.
    dialect: Dialect | None = None
    operation_id = ""
    path_types: Mapping[str, str] = {}

    def get_exception_handler(self) -> Callable[..., Any]:
        return exception_handler

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After the caller is known: their language, their broker, and the path's values as what they are."""
        super().initial(request, *args, **kwargs)
        _speak_the_callers_language(request)
        if self.needs_broker and request.user is not None and self.broker_id is None:
            raise InvalidInput(_("Say in which broker: add ?broker_id= to the address."), field="broker_id")
        # DRF hands this very dictionary on to the method.
        self.kwargs.update({name: self._path_value(name, value) for name, value in self.kwargs.items()})

    @property
    def broker_id(self) -> int | None:
        """The broker that the call is in."""
        return getattr(self.request._request, "broker_id", None) if self.request.user is not None else None

    @property
    def actor(self) -> Actor:
        """The caller as the doer of actions."""
        return self.request.user.actor(broker_id=self.broker_id)  # type: ignore[union-attr]

    @property
    def user(self) -> User:
        """The signed-in user."""
        user = self.request.user
        if not isinstance(user, User):
            raise InvalidInput(_("This needs a user's token."))
        return user

    @property
    def login_session(self) -> LoginSession:
        """The session of the bearer token."""
        session = self.request.auth
        if not isinstance(session, LoginSession):
            raise InvalidInput(_("This needs a user's token."))
        return session

    def body(self, serializer: type[Any], **options: Any) -> dict[str, Any]:
        """The validated body.

        Raises InvalidRequest, naming each wrong field; MalformedBody; PayloadTooLarge.
        """
        return _validated(serializer(data=self.request.data, **options), "body")

    def query(self, serializer: type[Any]) -> dict[str, Any]:
        """The validated query string; a list takes every value of a repeated parameter, all else the last.

        Raises InvalidRequest, naming each wrong parameter.
        """
        given = self.request.query_params
        lists = {
            name: given.getlist(name)
            for name, field in serializer().fields.items()
            if isinstance(field, ListField) and name in given
        }
        return _validated(serializer(data={**given.dict(), **lists}), "query")

    def _path_value(self, name: str, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        kind = self.path_types.get(name, "str")
        if kind == "int":
            if not _NUMBER.fullmatch(value):
                raise InvalidRequest({name: [_("This must be a whole number.")]}, where="path")
            return int(value)
        if kind == "uuid":
            if not _UUID.fullmatch(value):
                raise InvalidRequest({name: [_("This must be a UUID.")]}, where="path")
            return uuid.UUID(value)
        if "\x00" in value:
            raise InvalidRequest({name: [_("Null characters are not allowed.")]}, where="path")
        return value


class OpenViewSet(ApiViewSet):
    """Operations that need no token: one that comes along, perhaps a dead one, is not looked at."""

    authentication_classes: ClassVar[list[type[BaseAuthentication]]] = []  # type: ignore[misc]
    permission_classes: ClassVar[list[type[BasePermission]]] = [AllowAny]  # type: ignore[misc]
    needs_broker = False


class PendingViewSet(ApiViewSet):
    """A documented operation that is not built: 401 without a token, else 501."""

    needs_broker = False
    path_types: Mapping[str, str] = {}

    def not_built(self, request: Request, **_kwargs: Any) -> None:
        raise NotBuilt()


class OpenPendingViewSet(PendingViewSet):
    """The same for operations without a token."""

    authentication_classes: ClassVar[list[type[BaseAuthentication]]] = []  # type: ignore[misc]
    permission_classes: ClassVar[list[type[BasePermission]]] = [AllowAny]  # type: ignore[misc]


def _validated(serializer: Any, where: str) -> dict[str, Any]:
    if not serializer.is_valid():
        raise InvalidRequest(serializer.errors, where=where)
    values: dict[str, Any] = serializer.validated_data
    return values


def _speak_the_callers_language(request: Request) -> None:
    """Accept-Language was applied by the middleware; without it the user's or broker's own language counts."""
    if request.headers.get("Accept-Language", "*") != "*":
        return
    user = request.user
    language = ""
    if isinstance(user, User):
        language = user.language or (user.broker.language if user.broker else "")
    translation.activate(language or settings.LANGUAGE_CODE)
