"""Work of the leads room: to import a module here is to register what it runs."""

from apps.leads import jobs, tallies
from apps.leads.importing import running as importing

__all__ = ["importing", "jobs", "tallies"]
