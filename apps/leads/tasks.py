"""Work of the leads room: to import a module here is to register what it runs."""

from apps.leads import bulk, days, field_conversion, field_indexes, ingest, jobs, settling, tallies
from apps.leads.exporting import running as exporting
from apps.leads.importing import running as importing
from apps.leads.scoring import job as recalculating

__all__ = [
    "bulk",
    "days",
    "exporting",
    "field_conversion",
    "field_indexes",
    "importing",
    "ingest",
    "jobs",
    "recalculating",
    "settling",
    "tallies",
]
