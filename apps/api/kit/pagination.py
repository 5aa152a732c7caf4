"""Two ways to ask for a page. A value past its limit is refused, never clamped."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apps.api.kit.serializers import Int, Serializer
from apps.core.pagination import Page


class SkipLimitQuery(Serializer):
    """Inmo: skip and limit."""

    skip = Int(default=0, min_value=0)
    limit = Int(default=50, min_value=1, max_value=200)


class PageLimitQuery(Serializer):
    """WhatsApp + Odoo and WhatsApp CRM: page and limit."""

    page = Int(default=1, min_value=1)
    limit = Int(default=20, min_value=1, max_value=100)


class PageSizeQuery(Serializer):
    """Centro de Control: page and page_size."""

    page = Int(default=1, min_value=1)
    page_size = Int(default=20, min_value=1, max_value=100)


class PageMeta(Serializer):
    current_page = Int()
    per_page = Int()
    total = Int()
    total_pages = Int()


@dataclass(frozen=True)
class Window:
    """Rows to fetch: `offset` of the first and how many."""

    offset: int
    limit: int


def window_of(query: dict[str, Any]) -> Window:
    """The rows that a read query asks for, whichever of the three ways it was put."""
    if "skip" in query:
        return Window(query["skip"], query["limit"])
    size = query.get("page_size") or query["limit"]
    return Window((query["page"] - 1) * size, size)


def skip_limit_page_of(item: type[Serializer]) -> type[Serializer]:
    """The serializer of Inmo's page of such items, for OpenAPI."""
    fields = {"data": item(many=True), "total": Int(), "skip": Int(), "limit": Int()}
    return _page_class(item, fields)


def items_page_of(item: type[Serializer]) -> type[Serializer]:
    """The serializer of WhatsApp + Odoo's page of such items."""
    return _page_class(item, {"items": item(many=True), "total": Int(), "page": Int(), "limit": Int()})


def data_meta_page_of(item: type[Serializer]) -> type[Serializer]:
    """The serializer of WhatsApp CRM's page of such items."""
    return _page_class(item, {"data": item(many=True), "meta": PageMeta()})


def skip_limit(page: Page[Any], rows: Iterable[Any]) -> dict[str, Any]:
    """Inmo's envelope."""
    return {"data": rows, "total": page.total, "skip": page.offset, "limit": page.limit}


def items_page(page: Page[Any], rows: Iterable[Any]) -> dict[str, Any]:
    """WhatsApp + Odoo's envelope."""
    return {"items": rows, "total": page.total, "page": _number(page), "limit": page.limit}


def items_page_size(page: Page[Any], rows: Iterable[Any]) -> dict[str, Any]:
    """Centro de Control's envelope of leads and records."""
    return {"items": rows, "total": page.total, "page": _number(page), "page_size": page.limit}


def data_meta(page: Page[Any], rows: Iterable[Any]) -> dict[str, Any]:
    """WhatsApp CRM's envelope."""
    meta = {
        "current_page": _number(page),
        "per_page": page.limit,
        "total": page.total,
        "total_pages": -(-page.total // page.limit),
    }
    return {"data": rows, "meta": meta}


def _number(page: Page[Any]) -> int:
    return page.offset // page.limit + 1


def _page_class(item: type[Serializer], fields: dict[str, Any]) -> type[Serializer]:
    return type(f"{item.__name__}Page", (Serializer,), {"__module__": item.__module__, **fields})
