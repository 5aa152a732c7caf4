"""Leads that may be one person: found, shown, and settled by a person."""

from apps.leads.duplicates.pairs import (
    LikelyPair,
    dismiss_pair,
    get_pair,
    open_count,
    open_pairs,
    pairs_of,
    reopen_pair,
    suggest_pair,
)

__all__ = [
    "LikelyPair",
    "dismiss_pair",
    "get_pair",
    "open_count",
    "open_pairs",
    "pairs_of",
    "reopen_pair",
    "suggest_pair",
]
