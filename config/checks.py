"""What must not be in production: found at start, before anything is served, each with what to do about it.

The same findings are Django system checks, so that `manage.py check --deploy` lists them too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

_SECRET_KEY_LENGTH = 50
# Services that must be named in production: what is embedded or printed in development would be silently used.
_MUST_BE_SET = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL")
_BUILD_COMMANDS = frozenset({"collectstatic", "compile_translations"})


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: `name` is the variable to set."""

    name: str
    message: str


def refuse_unsafe_production(settings: Mapping[str, Any], command: Sequence[str] = ()) -> None:
    """Raise ImproperlyConfigured with every finding: one restart mends them all.

    `command` is the process's argv: the commands that build an image have no secrets yet and serve nobody.
    """
    if len(command) > 1 and command[0].endswith("manage.py") and command[1] in _BUILD_COMMANDS:
        return
    found = findings(settings)
    if found:
        lines = "\n".join(f"  {finding.name}: {finding.message}" for finding in found)
        raise ImproperlyConfigured(f"SOFIA_ENV=production refuses to start:\n{lines}")


def findings(settings: Mapping[str, Any]) -> list[Finding]:
    """What in these settings must not be in production."""
    return [
        *_secret_key(str(settings["SECRET_KEY"]), str(settings["DEVELOPMENT_SECRET_KEY"])),
        *_encryption_keys(list(settings["FIELD_ENCRYPTION_KEYS"]), str(settings["DEVELOPMENT_ENCRYPTION_KEY"])),
        *_hosts(list(settings["ALLOWED_HOSTS"])),
        *_public_url(str(settings["PUBLIC_URL"])),
        *([Finding("DEBUG", "must be false: debug pages show secrets")] if settings["DEBUG"] else []),
        *([] if settings["AUTH_ENABLED"] else [Finding("AUTH_ENABLED", "must be true: /api/v1/admin would be open")]),
        *_services(settings["env"].ENVIRON),
    ]


def _secret_key(key: str, development: str) -> list[Finding]:
    if not key:
        return [Finding("SECRET_KEY", f"is missing; make one of at least {_SECRET_KEY_LENGTH} random characters")]
    if key == development:
        return [Finding("SECRET_KEY", "is the development key, which everybody knows")]
    if len(key) < _SECRET_KEY_LENGTH or len(set(key)) < 5:
        return [Finding("SECRET_KEY", f"is too weak: use at least {_SECRET_KEY_LENGTH} random characters")]
    return []


def _encryption_keys(keys: list[str], development: str) -> list[Finding]:
    name = "FIELD_ENCRYPTION_KEYS"
    if not keys:
        return [Finding(name, "is missing: stored provider tokens could not be encrypted; make a Fernet key")]
    if development in keys:
        return [Finding(name, "holds the development key, which everybody knows")]
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            return [Finding(name, "holds something that is no Fernet key (32 bytes in url-safe base64)")]
    return []


def _hosts(hosts: list[str]) -> list[Finding]:
    if not hosts:
        return [Finding("ALLOWED_HOSTS", "is missing: name the hosts that people use")]
    if any(host.strip() in {"*", ".", ""} for host in hosts):
        return [Finding("ALLOWED_HOSTS", "is open to every host: name them")]
    return []


def _public_url(address: str) -> list[Finding]:
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname:
        return [Finding("PUBLIC_URL", "must be the https address that people and providers use")]
    return []


def _services(environment: Mapping[str, str]) -> list[Finding]:
    return [
        Finding(name, "is missing: in production it must be named")
        for name in _MUST_BE_SET
        if not environment.get(name)
    ]


@register(Tags.security, deploy=True)
def check_production(**_kwargs: object) -> list[CheckMessage]:
    """The findings as system checks."""
    from django.conf import settings

    from config import settings as module

    values = {name: getattr(settings, name) for name in dir(module) if name.isupper()}
    return [
        Error(f"{finding.name} {finding.message}", id=f"sofia.{finding.name.lower()}")
        for finding in findings({**values, "env": module.env})
    ]
