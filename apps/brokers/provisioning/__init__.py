"""How a broker's schema comes to be: a template that is kept migrated, and clones of it."""

from apps.brokers.provisioning.clone import clone_template
from apps.brokers.provisioning.migration import lock_template, migrate_all

__all__ = ["clone_template", "lock_template", "migrate_all"]
