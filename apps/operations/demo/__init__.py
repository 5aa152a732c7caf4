"""The demo brokerage: what a first start shows. Made up, reproducible, and unable to write to anyone."""

from apps.operations.demo.logins import CHAT_KEY, DEMO_PASSWORD, demo_logins
from apps.operations.demo.seeding import is_seeded, seed

__all__ = ["CHAT_KEY", "DEMO_PASSWORD", "demo_logins", "is_seeded", "seed"]
