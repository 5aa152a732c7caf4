"""The embedded servers through everything a crash can leave behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.embedded import EmbeddedError, Services
from config.embedded.files import Lock, is_held, read_secret, write_secret
from config.embedded.places import ROOT
from config.embedded.processes import is_port_free, living_in

HOLD = """
import sys, time
from pathlib import Path
from config.embedded import Services
Services(Path(sys.argv[1]), is_fast=True).join()
print("joined", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with spaces, below a directory that is closed to everybody else."""
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o700)
    place = closed / "a place with spaces"
    place.mkdir()
    return place


@pytest.fixture
def services(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    shared = Services(home, is_fast=True)
    shared.join()
    yield shared
    shared.stop()


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def eventually(is_so: Callable[[], bool], *, within: float = 60.0) -> bool:
    deadline = time.monotonic() + within
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def keeper_of(home: Path) -> psutil.Process:
    commands = {process: _command(process) for process in psutil.process_iter()}
    return next(found for found, words in commands.items() if "config.embedded.keeper" in words and str(home) in words)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_both_servers_answer_and_a_new_database_knows_vectors(services):
    url = services.postgres.create_database("with_vectors")

    assert one(url, "SELECT '[1,2]'::vector <-> '[1,3]'::vector") == 1.0
    assert redis.Redis.from_url(services.redis_url).ping()


def test_letters_fold_the_spanish_way(services):
    assert one(services.database_url, "SELECT upper('ñandú')") == "ÑANDÚ"


def test_strangers_without_the_password_are_refused(services):
    open_url = services.database_url.replace(services.postgres.password, "guess")

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(open_url)
    with pytest.raises(redis.RedisError):
        redis.Redis(port=services.redis.port, retry=Retry(NoBackoff(), 0)).ping()


def test_the_servers_listen_on_loopback_alone(services):
    listening = {
        connection.laddr.ip
        for server in (services.postgres, services.redis)
        for connection in psutil.Process(server.pid()).net_connections()
        if connection.status == psutil.CONN_LISTEN
    }

    assert listening == {"127.0.0.1"}


def test_passwords_are_readable_by_their_owner_alone(services):
    secret_files = [services.home / name for name in ("postgres.json", "redis.json", "redis.conf")]

    assert {oct(path.stat().st_mode & 0o777) for path in secret_files} == {"0o600"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the user")
def test_root_runs_postgresql_as_nobody(services):
    assert psutil.Process(services.postgres.pid()).username() == "nobody"


def test_a_killed_postgresql_comes_back_by_itself_with_its_data(services):
    one_url = services.postgres.create_database("kept")
    with psycopg.connect(one_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")

    services.postgres.send(signal.SIGKILL)

    assert eventually(services.postgres.answers)
    assert one(one_url, "SELECT count(*) FROM kept") == 0


def test_redis_keeps_what_it_was_told_over_a_kill(services):
    redis.Redis.from_url(services.redis_url).set("kept", "yes")
    time.sleep(0.1)

    services.kill_redis()
    services.start_redis()

    assert redis.Redis.from_url(services.redis_url).get("kept") == b"yes"


def test_a_killed_redis_stays_down_until_it_is_started(services):
    services.kill_redis()
    try:
        time.sleep(0.5)
        assert not services.redis.answers()
    finally:
        services.start_redis()


def test_an_emptied_redis_starts_with_nothing(services):
    redis.Redis.from_url(services.redis_url).set("gone", "yes")

    services.kill_redis()
    services.empty_redis()
    services.start_redis()

    assert redis.Redis.from_url(services.redis_url).get("gone") is None


def test_a_restart_cuts_connections_and_serves_again(services):
    before = psycopg.connect(services.database_url)

    services.restart_postgres()

    with pytest.raises(psycopg.OperationalError):
        before.execute("SELECT 1")
    assert one(services.database_url, "SELECT 1") == 1


def test_the_servers_live_until_the_last_share_is_given_back(services):
    second = Services(services.home, is_fast=True)
    second.join()

    second.stop()

    assert services.postgres.answers()
    services.stop()
    assert not living_in(services.postgres.directory)
    assert not living_in(services.redis.directory)


def test_a_user_that_is_killed_gives_its_share_back(services):
    services.stop()
    user = subprocess.Popen([sys.executable, "-c", HOLD, str(services.home)], cwd=ROOT, stdout=subprocess.PIPE)
    assert user.stdout is not None and user.stdout.readline() == b"joined\n"

    user.kill()
    user.wait()

    assert eventually(lambda: not is_held(services.home / "keeper.lock"))
    assert not living_in(services.postgres.directory)


def test_a_killed_keeper_leaves_nothing_and_the_next_start_works(services):
    keeper_of(services.home).kill()

    assert eventually(lambda: not living_in(services.postgres.directory) and not living_in(services.redis.directory))
    services.join()
    assert one(services.database_url, "SELECT 1") == 1


def test_a_pid_file_that_names_a_stranger_does_not_stop_a_start(services):
    services.stop()
    stale = services.postgres.directory / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{services.postgres.directory}\n")

    services.join()

    assert one(services.database_url, "SELECT 1") == 1
    assert psutil.pid_exists(os.getpid())


def test_a_remembered_port_that_was_taken_is_replaced(services):
    services.stop()
    taken = services.postgres.port
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", taken))
        stranger.listen()
        assert not is_port_free(taken)

        services.join()

        assert services.postgres.port != taken
        assert one(services.database_url, "SELECT 1") == 1


def test_addresses_in_the_environment_replace_the_servers(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/x")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")

    with Services(tmp_path, is_fast=True) as replaced:
        replaced.join()

        assert replaced.environment() == {"DATABASE_URL": "postgresql://elsewhere/x", "REDIS_URL": "redis://elsewhere"}
        assert not is_held(tmp_path / "keeper.lock")
        with pytest.raises(EmbeddedError):
            replaced.restart_postgres()


def test_a_record_cut_short_reads_as_missing(tmp_path):
    write_secret(tmp_path / "record", {"port": 1})
    assert read_secret(tmp_path / "record") == {"port": 1}

    (tmp_path / "record").write_text('{"po')

    assert read_secret(tmp_path / "record") == {}


def test_asking_for_a_held_lock_keeps_the_holders_note(tmp_path):
    holder, asker = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert holder.try_take()
    holder.write("mine")

    assert not asker.try_take()

    assert asker.read() == "mine"


def test_a_record_and_a_directory_of_nearly_its_name_live_together(tmp_path):
    (tmp_path / "postgres.new").mkdir()

    write_secret(tmp_path / "postgres.json", {"port": 1})

    assert read_secret(tmp_path / "postgres.json") == {"port": 1}
