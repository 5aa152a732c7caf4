"""OpenAPI: which operations it lists, and how a viewset says what it takes and answers."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiResponse, extend_schema

from apps.api.kit import routing
from apps.api.kit.contracts import contract_operation
from apps.api.kit.inspector import tag_of
from apps.api.kit.serializers import JSONObject

Endpoint = tuple[str, str, str, Any]
F = TypeVar("F", bound=Callable[..., Any])


def documented(
    *,
    body: Any = None,
    query: Any = None,
    answer: Any = None,
    status: int = 200,
    media_type: str | None = None,
    **options: Any,
) -> Callable[[F], F]:
    """Tell OpenAPI what a viewset method takes and answers: `@documented(body=NewLead, answer=Lead, status=201)`.

    `body=JSONObject` is a free one; `media_type` is for answers that are no JSON. All else comes from the contract.
    """
    said = answer if answer is not None else OpenApiResponse(description="Done; the body is empty.")
    key: Any = (status, media_type) if media_type else status
    decorate: Callable[[F], F] = extend_schema(
        request=_body_of(body), parameters=[query] if query else [], responses={key: said}, **options
    )
    return decorate


def _body_of(body: Any) -> Any:
    """A free JSON object is no serializer: drf-spectacular wants its schema spelled out."""
    if not isinstance(body, type) or not issubclass(body, JSONObject):
        return body
    free = {"type": "object", "additionalProperties": {}, "description": (body.__doc__ or "").strip()}
    return {"application/json": free}


def only_documented_paths(endpoints: list[Endpoint]) -> list[Endpoint]:
    """drf-spectacular's preprocessing hook: the built operations under the paths that the documents write."""
    del endpoints  # the walk over the urls: it knows neither aliases nor what is pending
    return [
        (each.operation.plain_path, each.operation.plain_path, each.operation.method, each.view)
        for each in routing.mounted_operations()
        if each.operation.is_built and each.operation.is_listed
    ]


class DocumentedGenerator(SchemaGenerator):
    """Adds the documented addresses that plain Django views serve (/health, /docs)."""

    def parse(self, input_request: Any, public: bool) -> dict[str, Any]:
        paths: dict[str, Any] = super().parse(input_request, public)
        for each in routing.operations_served_elsewhere():
            contract = contract_operation(each.ids[0])
            paths.setdefault(each.path, {})[each.method.lower()] = {
                "operationId": each.ids[0],
                "summary": contract.get("summary", ""),
                "tags": [tag_of(each.ids[0])],
                "security": [{}],
                "responses": {"200": {"description": "Done.", "content": {each.media_type: {"schema": {}}}}},
            }
        return paths
