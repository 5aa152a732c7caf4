"""How a broker's schema comes to be: a template that is kept migrated, and clones of it."""

from apps.brokers.provisioning.clone import clone_template
from apps.brokers.provisioning.migration import migrate_all, share_template

__all__ = ["clone_template", "migrate_all", "share_template"]
