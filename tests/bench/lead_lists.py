"""Lists of fifty and the board: the real endpoint over HTTP beside the bare SQL that fetches the same rows and counts
them. The counting is what the product spares itself beyond ten thousand, so it is part of the limit.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any, Final
from urllib.parse import urlencode

import psycopg

from tests.bench.figures import Aim, Row, percentile
from tests.bench.house import Broker, House
from tests.stack import PASSWORD

PAGE: Final = 50
DEEP: Final = 100_000
SAMPLES: Final = 100
BARE_SAMPLES: Final = 20
WARM_UP: Final = 5
MOST_MILLISECONDS: Final = 60
MOST_TIMES: Final = 4
BOARD_MILLISECONDS: Final = 80
STAGES: Final = (
    "entrada",
    "perfilamiento",
    "calificacion_financiera",
    "agendado",
    "seguimiento",
    "referidos",
    "ganado",
    "perdido",
)

_WORDS: Final = "public.lead_search_words(first_name, last_name, email, company, phone)"
_SHOWN: Final = (
    "id, phone, first_name, last_name, email, status, score, stage, tags, attributes, last_contacted_at, created_at, "
    "assigned_agent_id, updated_at"
)


@dataclass(frozen=True)
class Case:
    """A list: the endpoint's path with a place for the offset, and the condition that means the same."""

    name: str
    path: Callable[[int], str]
    where: str


def _inmo(**query: object) -> Callable[[int], str]:
    return lambda offset: f"/api/v1/leads?{urlencode({**query, 'skip': offset, 'limit': PAGE})}"


def _paged(address: str, **query: object) -> Callable[[int], str]:
    return lambda offset: f"{address}?{urlencode({**query, 'page': offset // PAGE + 1, 'limit': PAGE})}"


_BY_COMMUNE: Final = json.dumps({"all": [{"field": "attributes.comuna", "op": "is", "value": "Ñuñoa"}]})
CASES: Final = (
    Case("no filter", _inmo(), "TRUE"),
    Case("stage and score", _inmo(pipeline_stage="agendado", min_score=60), "stage = 'agendado' AND score >= 60"),
    Case("tag", _paged("/api/contacts", tags="piscina"), "tags @> ARRAY['piscina']::varchar[]"),
    Case("custom field", _paged("/v1/clients", filter=_BY_COMMUNE), """attributes @> '{"comuna": "Ñuñoa"}'"""),
    Case("name without accents", _inmo(search="rodriguez"), f"{_WORDS} @@ '''rodriguez'':*'::tsquery"),
    Case(
        "full name without accents",
        _inmo(search="inigo nunez"),
        f"{_WORDS} @@ '''inigo'':* & ''nunez'':*'::tsquery",
    ),
    Case("phone tail", _inmo(search="7275"), f"{_WORDS} @@ '''7275'':* | ''r5727'':*'::tsquery"),
    Case("e-mail part", _inmo(search="pehuen"), f"{_WORDS} @@ '''pehuen'':*'::tsquery"),
)


class Caller:
    """One signed-in connection that stays open."""

    def __init__(self, house: House, broker: Broker) -> None:
        credentials = {"email": broker["users"]["admin"]["email"], "password": PASSWORD}
        self._headers = {"Authorization": f"Bearer {house.post('/auth/login', credentials)['access_token']}"}
        self._connection = HTTPConnection("127.0.0.1", house.stack.port, timeout=600)

    def get(self, path: str) -> bytes:
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, f"{path} answered {answer.status}: {body[:300]!r}"
        return body

    def stream(self, path: str) -> tuple[int, int]:
        """The number of bytes and lines of a long answer, which is never held whole."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        assert answer.status == 200, f"{path} answered {answer.status}: {answer.read(300)!r}"
        size = lines = 0
        while chunk := answer.read(1 << 18):
            size += len(chunk)
            lines += chunk.count(b"\n")
        return size, lines


def run(house: House, broker: Broker, count: int) -> list[Row]:
    caller = Caller(house, broker)
    deep = min(DEEP, count // 10)
    rows: list[Row] = []
    with psycopg.connect(house.stack.services.database_url, autocommit=True) as connection:
        connection.execute(f"SET search_path = broker_{broker['id']}, public")
        for case in CASES:
            for offset in (0, deep):
                rows += _list(connection, caller, case, offset)
        rows += _board(connection, caller)
    return rows


def _list(connection: psycopg.Connection, caller: Caller, case: Case, offset: int) -> list[Row]:
    def bare() -> None:
        found = f"FROM leads_lead WHERE {case.where}"
        connection.execute(f"SELECT {_SHOWN} {found} ORDER BY id DESC LIMIT {PAGE} OFFSET {offset}").fetchall()
        connection.execute(f"SELECT count(*) {found}").fetchone()

    limit = _milliseconds(bare, BARE_SAMPLES)
    ours = _milliseconds(lambda: caller.get(case.path(offset)), SAMPLES)
    place = f"skip {offset:,}" if offset else "first page"
    return _rows(f"list of {PAGE}, {case.name}, {place}", ours, limit, MOST_MILLISECONDS)


def _board(connection: psycopg.Connection, caller: Caller) -> list[Row]:
    def bare() -> None:
        connection.execute("SELECT stage, count(*) FROM leads_lead GROUP BY stage").fetchall()
        for stage in STAGES:
            connection.execute(
                f"SELECT {_SHOWN} FROM leads_lead WHERE stage = '{stage}' ORDER BY score DESC, id DESC LIMIT {PAGE}"
            ).fetchall()

    limit = _milliseconds(bare, BARE_SAMPLES)
    ours = _milliseconds(lambda: caller.get("/api/v1/pipeline"), SAMPLES)
    return _rows("board of all stages with counts", ours, limit, BOARD_MILLISECONDS)


def _rows(name: str, ours: Sequence[float], limit: Sequence[float], most: float) -> list[Row]:
    return [
        Row(
            name=f"{name}, p50",
            value=percentile(ours, 0.5),
            unit="ms",
            limit=percentile(limit, 0.5),
            beside="bare SQL",
            aim=Aim.BOTH_AT_MOST,
            target=most,
            ratio_target=MOST_TIMES,
        ),
        Row(
            name=f"{name}, p99",
            value=percentile(ours, 0.99),
            unit="ms",
            limit=percentile(limit, 0.99),
            beside="bare SQL",
        ),
    ]


def _milliseconds(work: Callable[[], Any], samples: int) -> list[float]:
    for _time in range(min(WARM_UP, samples)):
        work()
    taken = []
    for _time in range(samples):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return taken
