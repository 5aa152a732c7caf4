"""From a document's list of operations to URL patterns.

Each operation is named by its contract id. A path is served with and without a trailing slash, without redirects;
literal paths win over parameters; another method than the documented ones answers 405 in the dialect's envelope.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, re_path
from rest_framework.exceptions import MethodNotAllowed

from apps.api.kit.dialects import Dialect
from apps.api.kit.errors import error_response
from apps.api.kit.views import ApiViewSet, OpenPendingViewSet, PendingViewSet
from apps.core.errors import NotFound

_PARAMETER: Final = re.compile(r"{(\w+)(?::(\w+))?}")
View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One documented operation. `ids` are the contract ids that it fulfils, of one or more documents."""

    ids: tuple[str, ...]
    method: str
    path: str
    viewset: type[ApiViewSet]
    action: str
    aliases: tuple[str, ...] = ()
    is_built: bool = True
    is_listed: bool = True

    @property
    def id(self) -> str:
        """The contract id under which OpenAPI lists it."""
        return self.ids[0]

    @property
    def plain_path(self) -> str:
        """The path as the document writes it: `/api/v1/leads/{lead_id}`."""
        return "/" + _PARAMETER.sub(r"{\1}", self.path)


@dataclass(frozen=True, kw_only=True)
class Mounted:
    """An operation, where it is mounted, and the view that serves it."""

    operation: Operation
    dialect: Dialect
    view: View


@dataclass(frozen=True, eq=False)  # Django looks views up by identity
class Endpoint:
    """All operations of one path."""

    views: Mapping[str, View] = field(default_factory=dict)
    csrf_exempt = True

    def __call__(self, request: HttpRequest, **kwargs: str) -> HttpResponseBase:
        method = str(request.method)
        view = self.views.get("GET" if method == "HEAD" and "HEAD" not in self.views else method)
        if view is not None:
            return view(request, **kwargs)
        response = HttpResponse(status=204)
        if method != "OPTIONS":
            response = error_response(request, MethodNotAllowed(method))
        response.headers["Allow"] = ", ".join(sorted({*self.views, "OPTIONS"}))
        return response


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A documented address that is no viewset: a plain page, or a door of the ASGI application."""

    ids: tuple[str, ...]
    method: str
    path: str
    media_type: str


_mounted: dict[str, list[Mounted]] = {}
_elsewhere: list[Elsewhere] = []


def op(
    contract_id: str,
    method: str,
    path: str,
    viewset: type[ApiViewSet],
    action: str,
    *,
    aliases: Iterable[str] = (),
    also: Iterable[str] = (),
) -> Operation:
    """A served operation: `op("inmo.leads.get", "GET", "api/v1/leads/{lead_id}", LeadViewSet, "get")`.

    Parameters take the dialect's id type, or the one written: `{stage:str}`. `aliases` are further paths of the
    document, served but not listed in OpenAPI; `also` are the other documents' ids that the same path fulfils.
    """
    ids = (contract_id, *also)
    return Operation(ids=ids, method=method, path=path, viewset=viewset, action=action, aliases=tuple(aliases))


def addition(contract_id: str, method: str, path: str, viewset: type[ApiViewSet], action: str) -> Operation:
    """An operation that no document names but a user would expect; its id is in no contract, which OpenAPI marks."""
    return Operation(ids=(contract_id,), method=method, path=path, viewset=viewset, action=action)


def alias(contract_id: str, method: str, path: str, viewset: type[ApiViewSet], action: str) -> Operation:
    """A further path of a document whose answer differs from that of the main one; OpenAPI lists the main one."""
    return Operation(ids=(contract_id,), method=method, path=path, viewset=viewset, action=action, is_listed=False)


def pending(
    contract_id: str,
    method: str,
    path: str,
    *,
    aliases: Iterable[str] = (),
    also: Iterable[str] = (),
    viewset: type[PendingViewSet] = PendingViewSet,
) -> Operation:
    """A documented operation that answers 501; `viewset=OpenPendingViewSet` where the document asks for no token."""
    return Operation(
        ids=(contract_id, *also),
        method=method,
        path=path,
        viewset=viewset,
        action="not_built",
        aliases=tuple(aliases),
        is_built=False,
    )


def open_pending(contract_id: str, method: str, path: str, *, aliases: Iterable[str] = ()) -> Operation:
    """A pending operation whose callers hold no token."""
    return pending(contract_id, method, path, aliases=aliases, viewset=OpenPendingViewSet)


def elsewhere(
    contract_id: str, method: str, path: str, *, also: Iterable[str] = (), media_type: str = "application/json"
) -> None:
    """Say that something outside the kit serves these contract ids, so that they are counted and documented."""
    _elsewhere.append(Elsewhere(ids=(contract_id, *also), method=method, path=path, media_type=media_type))


def mount(dialect: Dialect, operations: Iterable[Operation]) -> list[URLPattern]:
    """The URL patterns of a document.

    Raises ImproperlyConfigured where two operations claim the same method and path.
    """
    mounted: list[Mounted] = []
    by_path: dict[str, dict[str, View]] = {}
    for operation in operations:
        view = view_of(operation, dialect)
        mounted.append(Mounted(operation=operation, dialect=dialect, view=view))
        for path in (operation.path, *operation.aliases):
            views = by_path.setdefault(_regex(path), {})
            if operation.method in views:
                raise ImproperlyConfigured(f"{operation.method} {path} is mounted twice ({operation.id})")
            views[operation.method] = view
    _mounted[dialect.document] = mounted
    return [re_path(regex, Endpoint(views)) for regex, views in sorted(by_path.items(), key=_literal_first)]


def view_of(operation: Operation, dialect: Dialect) -> View:
    """The view of one operation, which knows its dialect, its id and its path's types."""
    options: dict[str, Any] = {
        "dialect": dialect,
        "operation_id": operation.id,
        "path_types": path_types(operation, dialect) if operation.is_built else {},
    }
    view: View = operation.viewset.as_view({operation.method.lower(): operation.action}, **options)
    return view


def mounted_operations() -> list[Mounted]:
    """Every operation of every dialect, in the documents' order; complete once the root urls are loaded."""
    return [each for mounted in _mounted.values() for each in mounted]


def operations_served_elsewhere() -> list[Elsewhere]:
    """The HTTP operations that the kit does not mount."""
    return [each for each in _elsewhere if each.method != "WEBSOCKET"]


def served_contract_ids() -> set[str]:
    """Every contract id that is answered with more than 501."""
    built = {
        contract_id for each in mounted_operations() if each.operation.is_built for contract_id in each.operation.ids
    }
    return built | {contract_id for each in _elsewhere for contract_id in each.ids}


def unknown_address(request: HttpRequest, **_kwargs: str) -> HttpResponseBase:
    """What is below a dialect's prefix and in no document: 404 in its envelope."""
    return error_response(request, NotFound())


unknown_address.csrf_exempt = True  # type: ignore[attr-defined]


def path_types(operation: Operation, dialect: Dialect) -> dict[str, str]:
    """The type of each path parameter: int, uuid or str."""
    return {name: kind or dialect.id_type for name, kind in _PARAMETER.findall(operation.path)}


def _regex(path: str) -> str:
    return "^" + _PARAMETER.sub(r"(?P<\1>[^/]+)", path.strip("/")) + "/?$"


def _literal_first(item: tuple[str, object]) -> tuple[str, ...]:
    """Sorts literal segments before parameters at each depth."""
    return tuple("~" if "(?P<" in segment else " " + segment for segment in item[0].split("/"))
