"""The simple parameters of a list: one column and one value each; an empty value narrows nothing."""

from collections.abc import Mapping
from typing import Final

from django.db.models import QuerySet
from django_filters import Filter

from apps.leads.models import Lead

_FILTERS: Final[Mapping[str, Filter]] = {
    "status": Filter("status"),
    "stage": Filter("stage"),
    "source": Filter("source"),
    "agent_id": Filter("assigned_agent_id"),
    "tags": Filter("tags", lookup_expr="contains"),
    "min_score": Filter("score", lookup_expr="gte"),
    "max_score": Filter("score", lookup_expr="lte"),
}


def narrowed(rows: QuerySet[Lead], parameters: Mapping[str, object]) -> QuerySet[Lead]:
    """The rows that pass all parameters; of tags, each must be there, and both scores are included."""
    for name, value in parameters.items():
        rows = _FILTERS[name].filter(rows, value)
    return rows
