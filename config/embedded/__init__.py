"""A private PostgreSQL and Redis below `.data/`, so that a fresh clone needs nothing but Python.

`ensure("dev")` gives their addresses and starts what is missing. One keeper process per name is the servers' parent;
it lives as long as anybody holds the shared lock that `ensure` takes, so several commands share one cluster, nothing
is left behind when the last of them ends, and a command that is killed outright gives its share back too.
"""

from config.embedded.cluster import EmbeddedError, Services, ensure

__all__ = ["EmbeddedError", "Services", "ensure"]
