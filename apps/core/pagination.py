"""A page of rows, independent of how a document shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

T = TypeVar("T")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """`items` from `offset` on, of `total`; where that is not exact, there are about so many."""

    items: Sequence[T]
    total: int
    offset: int
    limit: int
    is_exact: bool = True


def page_of(rows: QuerySet[M], *, offset: int, limit: int) -> Page[M]:
    """One page in two queries: the count and the rows."""
    return Page(items=list(rows[offset : offset + limit]), total=rows.count(), offset=offset, limit=limit)
