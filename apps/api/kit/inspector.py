"""How one operation looks in OpenAPI: the contract's id, summary and section, typed paths, the dialect's errors."""

from collections.abc import Mapping
from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter
from rest_framework.serializers import ListSerializer

from apps.api.kit.contracts import contract_operation
from apps.api.kit.dialects import Dialect

_REASONS = {
    400: "The request contradicts the present state, or could not be read.",
    401: "The bearer token is missing, expired or not valid.",
    403: "The caller may not do this.",
    404: "There is no such row in the caller's sight.",
    409: "It conflicts with what is already there.",
    413: "The content is too large.",
    422: "A value is missing, mistyped or outside its limits.",
    429: "Too many calls; Retry-After says when to try again.",
}


class ContractSchema(AutoSchema):
    """drf-spectacular's inspector, with what the contract and the kit's routing know."""

    view: Any

    def get_operation_id(self) -> str:
        return str(self.view.operation_id)

    def get_summary(self) -> str | None:
        return contract_operation(self.view.operation_id).get("summary")

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular calls it
        method = getattr(self.view, self.view.action)
        return (method.__doc__ or "").strip()

    def get_tags(self) -> list[str]:
        return [tag_of(self.view.operation_id)]

    def get_extensions(self) -> dict[str, Any]:
        return {} if contract_operation(self.view.operation_id) else {"x-addition": True}

    def get_serializer_name(self, serializer: Any, direction: str) -> str:
        """`Received` of two documents are two components: each carries its document's name."""
        name = type(serializer).__name__
        folders = type(serializer).__module__.split(".")
        if folders[:2] != ["apps", "api"] or folders[2] not in _SHORT_NAMES:
            return name
        return _SHORT_NAMES[folders[2]] + name.removeprefix(_SHORT_NAMES[folders[2]])

    def _is_list_view(self, serializer: Any = None) -> bool:
        """Only what is declared with many=True is an array: our lists are objects that hold one."""
        return isinstance(serializer, ListSerializer)

    def get_override_parameters(self) -> list[Any]:
        parameters = list(super().get_override_parameters())
        if getattr(self.view, "takes_broker_id", False):
            parameters.append(_BROKER_ID)
        return parameters

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        types: Mapping[str, str] = self.view.path_types
        return [
            {"name": name, "in": "path", "required": True, "schema": _PATH_SCHEMAS[types.get(name, "str")]}
            for name in variables
        ]

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        responses: dict[str, Any] = super()._get_response_bodies(direction)
        dialect: Dialect = self.view.dialect
        schema = self._error_component(dialect)
        for status in sorted(self._refusals(dialect)):
            responses[str(status)] = {
                "description": _REASONS.get(status, "The request was refused."),
                "content": {"application/json": {"schema": schema}},
            }
        return responses

    def _refusals(self, dialect: Dialect) -> set[int]:
        """The statuses the contract names, and those that follow from the operation's own shape."""
        contract = contract_operation(self.view.operation_id)
        statuses = {int(error["status"]) for error in contract.get("errors", [])} | {429}
        if self.view.authentication_classes:
            statuses |= {401, 403}
        if self.view.path_types:
            statuses |= {404, 422}
        if self.method in {"POST", "PUT", "PATCH"} or self._get_parameters():
            statuses |= {422, dialect.malformed_status} if self._get_request_body() else {422}
        return statuses

    def _error_component(self, dialect: Dialect) -> dict[str, str]:
        component = ResolvedComponent(
            name=f"{''.join(part.title() for part in dialect.document.split('_'))}Error",
            type=ResolvedComponent.SCHEMA,
            schema=dict(dialect.error_schema),
            object=dialect.document,
        )
        self.registry.register_on_missing(component)
        return component.ref


def tag_of(contract_id: str) -> str:
    """`inmo.broker_users.list` stands under "inmo · broker users"."""
    document, section, *_rest = contract_id.split(".")
    return f"{document} · {section.replace('_', ' ')}"


_SHORT_NAMES = {"inmo": "Inmo", "whatsapp_odoo": "Odoo", "centro_control": "Centro", "crm_whatsapp": "Crm"}
_PATH_SCHEMAS = {
    "int": {"type": "integer", "format": "int64", "minimum": 1},
    "uuid": {"type": "string", "format": "uuid"},
    "str": {"type": "string"},
}
_BROKER_ID = OpenApiParameter("broker_id", int, required=False, description="The broker to act in, for a superadmin.")
