"""The orders of a list of leads. Every one ends with the lead's number, so that pages never overlap."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.db.models import Expression, F
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.leads.filters.attributes import json_value
from apps.leads.filters.fields import ATTRIBUTE

SORTS: Final[Mapping[str, tuple[Expression | F, ...]]] = {
    "id": (),
    "created_at": (F("created_at"),),
    "name": (Lower("first_name"), Lower("last_name")),
    "email": (Lower("email"),),
    "phone": (F("phone"),),
    "company": (Lower("company"),),
    "city": (Lower("city"),),
    "source": (F("source"),),
    "stage": (F("stage"),),
    "status": (F("status"),),
    "score": (F("score"),),
    "contact_status": (F("contact_status"),),
    "assigned_agent": (F("assigned_agent_id"),),
    "updated_at": (F("updated_at"),),
    "last_contacted_at": (Coalesce("last_contacted_at", "created_at"),),
    "last_inbound_at": (F("last_inbound_at"),),
    "stage_changed_at": (F("stage_changed_at"),),
    "lifetime_value": (F("lifetime_value"),),
    "inbound_count": (F("inbound_count"),),
}
_NULLABLE: Final = frozenset({"phone", "assigned_agent", "last_inbound_at"})
_LONGEST: Final = 131


def order_of(sort: str) -> list[OrderBy]:
    """What `order_by` takes for `sort`: a name of SORTS or `attributes.<name>`, a minus in front for downwards.

    Raises InvalidInput for anything else.
    """
    name = sort.removeprefix("-")
    is_down = sort.startswith("-") or not name
    if name in SORTS:
        expressions = SORTS[name]
    elif not name:
        expressions = ()
    elif name.startswith(ATTRIBUTE) and len(ATTRIBUTE) < len(name) <= _LONGEST and name.isprintable():
        expressions = (json_value(name.removeprefix(ATTRIBUTE)),)
    else:
        raise InvalidInput(
            _("Leads cannot be sorted by “%(name)s”. Use one of: %(names)s")
            % {"name": name[:60], "names": ", ".join([*SORTS, "attributes.…"])},
            field="sort",
        )
    # Where nothing is known, a lead stands at the end either way.
    has_gaps = name in _NULLABLE or name.startswith(ATTRIBUTE)
    ordered = [OrderBy(expression, descending=is_down, nulls_last=has_gaps or None) for expression in expressions]
    return [*ordered, OrderBy(F("id"), descending=is_down)]


def is_newest_first(order: Sequence[object]) -> bool:
    """Whether a queryset's order is the list's own: by the lead's number, downwards."""
    return list(order) == order_of("")
