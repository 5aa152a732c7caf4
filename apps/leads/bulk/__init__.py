"""One change to many leads: to those that were picked, or to all that a filter finds.

`count_for` says how many before anybody confirms, `start_bulk` does it (a few at once, many as a job), `undo_job` takes
it back. Deleting alone cannot be taken back.
"""

from apps.leads.bulk.acts import BulkAction, can_be_undone, describe_action
from apps.leads.bulk.running import start_bulk
from apps.leads.bulk.targets import Target, count_for, parse_target
from apps.leads.bulk.undoing import undo_job

__all__ = [
    "BulkAction",
    "Target",
    "can_be_undone",
    "count_for",
    "describe_action",
    "parse_target",
    "start_bulk",
    "undo_job",
]
