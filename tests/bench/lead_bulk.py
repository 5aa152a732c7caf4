"""What goes over all leads: import, export, recalculation; and the ingest address at its most."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from tests.bench.figures import Aim, Row
from tests.bench.house import Broker, House, measure
from tests.bench.lead_lists import Caller
from tests.bench.people import csv_lines

MOST_MEGABYTES: Final = 300
LEAST_SHARE_OF_COPY: Final = 1 / 3
INGEST_SECONDS: Final = 6.0
INGEST_CONNECTIONS: Final = 8
JOB_SECONDS: Final = 3600

_IMPORT = """
from apps.accounts.models import User
from apps.core.tenancy import in_broker
from apps.leads.importing.actions import Choices, choose, guess_choices, receive_file, start_import
actor = User.objects.get(pk={user_id}).actor(broker_id={broker_id})
with in_broker({broker_id}), open({path!r}, "rb") as file:
    job = receive_file(actor=actor, chunks=iter(lambda: file.read(1 << 20), b""), name="leads.csv")
    choose(actor=actor, job_id=job.pk, choices=Choices(columns=guess_choices(job)))
    start_import(actor=actor, job_id=job.pk)
result = job.pk
"""
_RESCORE = """
from apps.core.access import system_actor
from apps.core.tenancy import in_broker
from apps.leads.jobs import create_job
from apps.leads.types import JobKind
with in_broker({broker_id}):
    result = create_job(actor=system_actor({broker_id}), kind=JobKind.RESCORE, params={{}}).pk
"""
_KEY = """
from apps.brokers.ingest_keys import present_key
from apps.core.access import system_actor
result = present_key(system_actor({broker_id}), {broker_id}).key
"""


def run_import(house: House, count: int) -> list[Row]:
    """A file of so many people through the real import, and the rows that it made through a bare COPY into the same
    table of another brokerage, with the same indexes and triggers."""
    file = house.stack.home / "leads.csv"
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(csv_lines(count))
    broker, other = house.new_broker(), house.new_broker()
    with _watched(house.stack.long_worker.pid) as peak:
        snippet = _IMPORT.format(user_id=broker["users"]["admin"]["id"], broker_id=broker["id"], path=str(file))
        job = _finished(house, broker, house.stack.python(snippet))
    assert job["result"]["imported"] == count, job["result"]
    copied = _bare_copy(house, broker, other, count)
    file.unlink()
    return [
        Row(
            name=f"import of {count:,} rows",
            value=count / job["seconds"],
            unit="rows/s",
            limit=count / copied,
            beside="bare COPY",
            aim=Aim.RATIO_AT_LEAST,
            target=LEAST_SHARE_OF_COPY,
        ),
        _memory(f"import of {count:,} rows, peak memory", peak()),
    ]


def run_export(house: House, broker: Broker, count: int) -> list[Row]:
    """All leads as CSV through the API, streamed."""
    caller = Caller(house, broker)
    with psycopg.connect(house.stack.services.database_url, autocommit=True) as connection:
        started = time.monotonic()
        _copy_out(connection, broker, lambda _block: None)
        bare = time.monotonic() - started
    with _watched(house.stack.web.pid) as peak:
        started = time.monotonic()
        _size, lines = caller.stream("/v1/clients/export?format=csv")
        taken = time.monotonic() - started
    assert lines > count, f"{lines} lines of {count} leads"
    return [
        Row(
            name=f"export of {count:,} leads as CSV",
            value=count / taken,
            unit="rows/s",
            limit=count / bare,
            beside="bare COPY",
        ),
        _memory(f"export of {count:,} leads, peak memory of the web process", peak()),
    ]


def run_ingest(house: House, broker: Broker) -> list[Row]:
    """Calls with six names each, all of people that are new; one of a hundred makes a field."""
    key = house.stack.python(_KEY.format(broker_id=broker["id"]))
    shape = {"seconds": INGEST_SECONDS, "connections": INGEST_CONNECTIONS}
    bare = measure(house.bare_job("flood", **shape))
    job = {"job": "flood", "sends": "ingest", "port": house.stack.port, "path": f"/api/v1/ingest/{key}", **shape}
    ours = measure(job)
    refused = {status: number for status, number in ours["statuses"].items() if status not in {"200", "201"}}
    assert not refused, f"answers of the ingest address: {refused}\n{house.stack.tail('web')}"
    made = house.stack.rows(f"SELECT count(*) AS n FROM broker_{broker['id']}.leads_customfield")[0]["n"]
    house.wait_until_idle(300)
    return [
        Row(
            name=f"ingest calls, fields made by themselves ({made} in the end)",
            value=ours["per_second"],
            unit="calls/s",
            limit=bare["per_second"],
            beside="bare ASGI",
        )
    ]


def run_rescore(house: House, broker: Broker, count: int) -> list[Row]:
    """Every score computed anew by the background job; the limit writes every score in one statement, without reading
    why, and takes it back."""
    with _watched(house.stack.long_worker.pid) as peak:
        job = _finished(house, broker, house.stack.python(_RESCORE.format(broker_id=broker["id"])))
    with psycopg.connect(house.stack.services.database_url) as connection:
        table = sql.Identifier(f"broker_{broker['id']}", "leads_lead")
        started = time.monotonic()
        connection.execute(sql.SQL("UPDATE {} SET score = 100 - score, scored_at = now()").format(table))
        bare = time.monotonic() - started
        connection.rollback()
    return [
        Row(
            name=f"recalculation of {count:,} scores",
            value=count / job["seconds"],
            unit="leads/s",
            limit=count / bare,
            beside="one UPDATE",
        ),
        _memory(f"recalculation of {count:,} scores, peak memory", peak()),
    ]


def _finished(house: House, broker: Broker, job_id: int) -> dict[str, Any]:
    """The job's row once it has ended, with the seconds from its start."""
    deadline = time.monotonic() + JOB_SECONDS
    while time.monotonic() < deadline:
        job = house.stack.rows(
            f"""SELECT state, result, error, extract(epoch FROM finished_at - started_at)::float AS seconds
                  FROM broker_{broker["id"]}.leads_job WHERE id = %s""",
            job_id,
        )[0]
        if job["state"] in {"done", "failed", "cancelled"}:
            assert job["state"] == "done", f"{job}\n{house.stack.tail('long')}"
            return job
        time.sleep(0.2)
    raise AssertionError(f"job {job_id} does not end:\n{house.stack.tail('long')}")


def _bare_copy(house: House, made: Broker, other: Broker, count: int) -> float:
    """Seconds that COPY takes for the imported rows in the other brokerage's table; both are empty afterwards."""
    file = house.stack.home / "leads.copy"
    with psycopg.connect(house.stack.services.database_url, autocommit=True) as connection:
        with file.open("wb") as out:
            _copy_out(connection, made, out.write)
        connection.execute("CHECKPOINT")
        started = time.monotonic()
        _copy_in(connection, other, file)
        taken = time.monotonic() - started
        copied = connection.execute(f"SELECT count(*) FROM broker_{other['id']}.leads_lead").fetchone()
        assert copied == (count,), copied
        for broker in (made, other):
            connection.execute(f"TRUNCATE broker_{broker['id']}.leads_lead CASCADE")
    file.unlink()
    return taken


def _copy_out(connection: psycopg.Connection, broker: Broker, write: Callable[[bytes], object]) -> None:
    command = sql.SQL("COPY {} ({}) TO STDOUT").format(_table(broker), _columns(connection, broker))
    with connection.cursor().copy(command) as copy:
        for block in copy:
            write(bytes(block))


def _copy_in(connection: psycopg.Connection, broker: Broker, file: Path) -> None:
    command = sql.SQL("COPY {} ({}) FROM STDIN").format(_table(broker), _columns(connection, broker))
    with connection.cursor().copy(command) as copy, file.open("rb") as lines:
        while block := lines.read(1 << 20):
            copy.write(block)


def _columns(connection: psycopg.Connection, broker: Broker) -> sql.Composed:
    """All but the number, which the table gives, and the import, which the other brokerage does not have."""
    names = connection.execute(
        """SELECT column_name FROM information_schema.columns
            WHERE table_schema = %s AND table_name = 'leads_lead' AND column_name NOT IN ('id', 'made_by_job_id')
            ORDER BY ordinal_position""",
        [f"broker_{broker['id']}"],
    ).fetchall()
    return sql.SQL(",").join(sql.Identifier(name) for (name,) in names)


def _table(broker: Broker) -> sql.Identifier:
    return sql.Identifier(f"broker_{broker['id']}", "leads_lead")


def _memory(name: str, megabytes: float) -> Row:
    return Row(name=name, value=megabytes, unit="MB", aim=Aim.VALUE_AT_MOST, target=MOST_MEGABYTES)


@contextmanager
def _watched(pid: int) -> Iterator[Callable[[], float]]:
    """The most memory that the process has held since the beginning of the block, in megabytes."""
    # Linux forgets the peak so far (proc(5), clear_refs).
    Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peak() -> float:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))

    yield peak
