"""Work of the leads room: to import a module here is to register what it runs."""

from apps.leads import days, jobs, settling, tallies
from apps.leads.importing import running as importing
from apps.leads.scoring import job as recalculating

__all__ = ["days", "importing", "jobs", "recalculating", "settling", "tallies"]
