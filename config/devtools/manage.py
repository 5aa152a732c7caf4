"""Commands that need the embedded services for as long as they run."""

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

from cryptography.fernet import Fernet

from config.embedded import Services, ensure
from config.embedded.files import read_secret, write_secret
from config.embedded.places import ROOT


def run(arguments: list[str]) -> int:
    """manage.py with its services; shares them with a running `up`."""
    with ensure("dev") as services:
        return call([sys.executable, "manage.py", *arguments], environment_of(services))


def call(command: list[str], environment: dict[str, str]) -> int:
    """Run in the foreground and return its status, 128 + the signal's number where one ended it."""
    child = subprocess.Popen(command, cwd=ROOT, env=environment)
    before = signal.signal(signal.SIGTERM, lambda number, _frame: child.send_signal(number))
    try:
        status = _wait(child)
    finally:
        signal.signal(signal.SIGTERM, before)
    return status if status >= 0 else 128 - status


def _wait(child: "subprocess.Popen[bytes]") -> int:
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            # The terminal told the child as well; what it makes of it is its business.
            continue


def environment_of(services: Services) -> dict[str, str]:
    """The variables of a development process; what the caller has set wins."""
    return {
        "SOFIA_ENV": "embedded",
        "DATA_DIR": str(services.home),
        "PORT": "8000",
        **development_secrets(services.home),
        **os.environ,
        **services.environment(),
    }


def development_secrets(home: Path) -> dict[str, str]:
    """This clone's own keys, made once: what is encrypted stays readable over restarts."""
    path = home / "env"
    record = {name: str(value) for name, value in read_secret(path).items()}
    if set(record) != {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS"}:
        record = {"SECRET_KEY": secrets.token_urlsafe(50), "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode()}
        write_secret(path, dict(record))
    return record
