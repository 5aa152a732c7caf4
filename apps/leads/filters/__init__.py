"""Filters of leads: a small tree of conditions, the same for lists, saved views, bulk actions, exports and rules.

`parse_conditions` reads what somebody sent, `q_of` makes a Q of it, `describe` says it in words, `filter_fields` lists
what can be asked.
"""

from apps.leads.filters.fields import FilterField, Kind, Op, filter_fields
from apps.leads.filters.meaning import q_of
from apps.leads.filters.parsing import parse_conditions
from apps.leads.filters.words import describe

__all__ = ["FilterField", "Kind", "Op", "describe", "filter_fields", "parse_conditions", "q_of"]
