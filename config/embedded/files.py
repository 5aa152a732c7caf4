"""Small files below `.data/`: locks that a dead process cannot keep, and records that only their owner reads."""

import fcntl
import json
import os
from pathlib import Path
from typing import IO


class Lock:
    """An advisory lock on a file; the kernel takes it back when the holder dies, so it is never stale."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file: IO[str] | None = None

    def share(self) -> None:
        """Hold it together with others; waits for an exclusive holder."""
        fcntl.flock(self._open(), fcntl.LOCK_SH)

    def take(self) -> None:
        """Hold it alone; waits."""
        fcntl.flock(self._open(), fcntl.LOCK_EX)

    def try_share(self) -> bool:
        return self._try(fcntl.LOCK_SH)

    def try_take(self) -> bool:
        return self._try(fcntl.LOCK_EX)

    def release(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def write(self, text: str) -> None:
        """Leave a note for who finds it held (a pid, an address)."""
        file = self._open()
        file.truncate(0)
        file.seek(0)
        file.write(text)
        file.flush()

    def read(self) -> str:
        return self._path.read_text() if self._path.exists() else ""

    def _open(self) -> IO[str]:
        if not self._file:
            # Opened for appending: asking for the lock must not erase the holder's note.
            self._file = open(self._path, "a+")  # noqa: SIM115 - it stays open as long as the lock is held
        return self._file

    def _try(self, how: int) -> bool:
        try:
            fcntl.flock(self._open(), how | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True


def is_held(path: Path) -> bool:
    """Whether some process holds the lock on the file now."""
    lock = Lock(path)
    was_free = lock.try_take()
    lock.release()
    return not was_free


def write_secret(path: Path, record: dict[str, str | int]) -> None:
    """Replace the file in one step, readable by its owner alone."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(record, file)
    fresh.replace(path)


def read_secret(path: Path) -> dict[str, str | int]:
    """The record, empty where the file is missing or was cut short by a crash."""
    try:
        record: dict[str, str | int] = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return record
