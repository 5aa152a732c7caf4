"""(a) Signed webhooks: how many a second, and how long one takes at steady load, beside the bare endpoint."""

from typing import Any

from tests.bench.figures import Aim, Row, percentile
from tests.bench.house import House, measure

FLOOD_SECONDS = 6.0
STEADY_SECONDS = 5.0
STEADY_SHARE = 0.5
# With the worker on the same cores: twice what (b) sends; the cores, not the door, are the limit far above it.
BESIDE_WORKER_PER_SECOND = 100.0
CONNECTIONS = 32
ROUNDS = 3


def run(house: House) -> list[Row]:
    rows: list[Row] = []
    everyone = house.brokers(50)
    with house.door_alone():
        maximum: dict[int, float] = {}
        for count in (1, 50):
            bare, ours = _floods(house, everyone[:count])
            maximum[count] = ours
            rows.append(
                Row(
                    name=f"webhook: taken at most, {_brokers(count)}",
                    value=ours,
                    unit="req/s",
                    limit=bare,
                    beside="bare ASGI",
                    aim=Aim.RATIO_AT_LEAST,
                    target=0.5,
                )
            )
        for count in (1, 50):
            rows += _steady(house, count, maximum[count] * STEADY_SHARE, "")
    # The same with the worker at its work on the same cores; what it cannot do at once waits in the ledger.
    rows += _steady(house, 50, BESIDE_WORKER_PER_SECOND, ", worker busy")
    house.clear()
    return rows


def _floods(house: House, brokers: list[dict[str, Any]]) -> tuple[float, float]:
    """The best of some short rounds for each, in turn: others on the machine disturb both alike."""
    bare: list[float] = []
    ours: list[float] = []
    for _round in range(ROUNDS):
        shape = {"seconds": FLOOD_SECONDS / ROUNDS, "connections": CONNECTIONS}
        bare.append(_good(measure(house.bare_job("flood", **shape)))["per_second"])
        ours.append(_good(measure(house.number_job("flood", brokers, **shape)))["per_second"])
        house.clear()
    return max(bare), max(ours)


def _steady(house: House, count: int, rate: float, remark: str) -> list[Row]:
    shape = {"rate": rate, "seconds": STEADY_SECONDS, "connections": CONNECTIONS}
    bare, ours = _quietest(
        [
            (
                _good(measure(house.bare_job("steady", **shape)))["latencies"],
                _good(measure(house.number_job("steady", house.brokers(count), **shape)))["latencies"],
            )
            for _round in range(ROUNDS)
        ]
    )
    house.clear()
    name = f"webhook: at {rate:.0f}/s, {_brokers(count)}{remark}"
    return [
        Row(
            name=f"{name}, p50",
            value=percentile(ours, 0.5) * 1000,
            unit="ms",
            limit=percentile(bare, 0.5) * 1000,
            beside="bare ASGI",
        ),
        Row(
            name=f"{name}, p99",
            value=percentile(ours, 0.99) * 1000,
            unit="ms",
            limit=percentile(bare, 0.99) * 1000,
            beside="bare ASGI",
            aim=Aim.VALUE_AT_MOST,
            target=100,
        ),
    ]


def _quietest(rounds: list[tuple[list[float], list[float]]]) -> tuple[list[float], list[float]]:
    """Of each the round with the lowest p99: what others do on the machine meanwhile can only add."""
    bare = min((round_[0] for round_ in rounds), key=lambda latencies: percentile(latencies, 0.99))
    ours = min((round_[1] for round_ in rounds), key=lambda latencies: percentile(latencies, 0.99))
    return bare, ours


def _good(found: dict[str, Any]) -> dict[str, Any]:
    refused = {status: count for status, count in found["statuses"].items() if status != "200"}
    assert not refused, f"answers that are not 200: {refused}"
    return found


def _brokers(count: int) -> str:
    return "1 broker" if count == 1 else f"{count} brokers"
