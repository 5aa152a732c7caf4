"""Brings the database up to date and, the first time, to life; one Django start for all steps.

Run as a child of the supervisor: progress goes to stderr, what the person needs at the end (the logins) to stdout.
"""

import sys
import time
from collections.abc import Callable

import django


def main(arguments: list[str]) -> None:
    django.setup()
    from django.core.management import call_command

    step("translations", lambda: call_command("compile_translations", stdout=sys.stderr))
    step("database", lambda: call_command("migrate_all", stdout=sys.stderr))
    step("first superadmin", lambda: call_command("ensure_superadmin", stdout=sys.stderr))
    if "--no-demo" not in arguments:
        step("demo brokerage", lambda: call_command("seed_demo", "--if-empty", stdout=sys.stderr))
    call_command("demo_logins", stdout=sys.stdout)


def step(title: str, run: Callable[[], object]) -> None:
    started = time.monotonic()
    print(f"{title} ...", file=sys.stderr, flush=True)
    run()
    print(f"{title}: {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
