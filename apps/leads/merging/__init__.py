"""Two leads that are one person become one, and can be parted again."""

from apps.leads.merging.merge import merge_automatically, merge_leads
from apps.leads.merging.preview import MergePreview, preview_merge
from apps.leads.merging.undo import AlreadyUndone, KeptLeadGone, left_by_undo, recent_merges, undo_merge
from apps.leads.merging.values import Side

__all__ = [
    "AlreadyUndone",
    "KeptLeadGone",
    "MergePreview",
    "Side",
    "left_by_undo",
    "merge_automatically",
    "merge_leads",
    "preview_merge",
    "recent_merges",
    "undo_merge",
]
