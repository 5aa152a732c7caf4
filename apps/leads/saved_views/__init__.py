"""Lists of leads under a name: five that everybody begins with, one's own, and those that somebody shares with all."""

from apps.leads.saved_views.keeping import (
    ViewExists,
    create_view,
    delete_view,
    get_view,
    list_views,
    reorder_views,
    update_view,
)
from apps.leads.saved_views.views import View

__all__ = [
    "View",
    "ViewExists",
    "create_view",
    "delete_view",
    "get_view",
    "list_views",
    "reorder_views",
    "update_view",
]
