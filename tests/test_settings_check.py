"""Production does not start with what only development may have."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parent.parent
GOOD = {
    "SOFIA_ENV": "production",
    "SECRET_KEY": "q8Zr2vN5xK1mW7tY4uB9cE3fH6jL0pS-aDgIoRwTyUiMnBvCxZlK",
    "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "ALLOWED_HOSTS": "crm.example.com",
    "PUBLIC_URL": "https://crm.example.com",
    "DATABASE_URL": "postgres://sofia:x@db:5432/sofia",
    "REDIS_URL": "redis://redis:6379/0",
    "EMAIL_URL": "smtp+tls://user:x@mail.example.com:587",
}
DEVELOPMENT_SECRET_KEY = "development-only-secret-key-never-for-production-0123456789"
DEVELOPMENT_ENCRYPTION_KEY = "ZGV2ZWxvcG1lbnQtb25seS1rZXktMzItYnl0ZXMtISE="


def start(then: str = "settings.DEBUG; print('started')", /, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Import the settings in a process of their own, with these variables changed or (None) taken away."""
    wanted = {**GOOD, **changes}
    environment = {name: value for name, value in wanted.items() if value is not None}
    environment["PATH"] = os.environ.get("PATH", "")
    return subprocess.run(
        [sys.executable, "-c", f"import django; from django.conf import settings; {then}"],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_complete_production_configuration_starts():
    done = start()

    assert done.stdout.strip() == "started", done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", None),
        ("SECRET_KEY", DEVELOPMENT_SECRET_KEY),
        ("SECRET_KEY", "too-short"),
        ("SECRET_KEY", "a" * 60),
        ("FIELD_ENCRYPTION_KEYS", None),
        ("FIELD_ENCRYPTION_KEYS", DEVELOPMENT_ENCRYPTION_KEY),
        ("FIELD_ENCRYPTION_KEYS", "not-a-key"),
        ("ALLOWED_HOSTS", None),
        ("ALLOWED_HOSTS", "crm.example.com,*"),
        ("DEBUG", "true"),
        ("PUBLIC_URL", "http://crm.example.com"),
        ("PUBLIC_URL", None),
        ("DATABASE_URL", None),
        ("REDIS_URL", None),
        ("EMAIL_URL", None),
    ],
)
def test_production_refuses_to_start_and_names_the_variable(name, value):
    done = start(**{name: value})

    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr
    assert f"\n  {name}: " in done.stderr


def test_all_findings_are_told_at_once():
    done = start(SECRET_KEY=None, ALLOWED_HOSTS="*", DEBUG="true")

    assert all(f"\n  {name}: " in done.stderr for name in ("SECRET_KEY", "ALLOWED_HOSTS", "DEBUG"))


def test_a_refusal_never_prints_a_secret():
    done = start(SECRET_KEY="hunter2-hunter2")

    assert "hunter2" not in done.stderr


def test_development_starts_with_nothing_set():
    done = start(**dict.fromkeys(GOOD))

    assert done.stdout.strip() == "started", done.stderr


def test_installations_that_share_a_redis_server_do_not_hear_each_other():
    """Redis' publish and subscribe reach every database number of a server."""
    show = "print(settings.CHANNEL_LAYERS['default']['CONFIG']['prefix'])"
    changes: list[dict[str, str | None]] = [
        {},
        {"REDIS_URL": "redis://redis:6379/1"},
        {"SECRET_KEY": GOOD["SECRET_KEY"][::-1]},
    ]
    names = [start(show, **change).stdout.strip() for change in changes]

    assert len(set(names)) == 3
    assert all(name.startswith("ws.") for name in names)
