"""(f) The fault plan in full, counted: what was lost, doubled, disordered, unanswered or sent twice."""

from tests.bench import faults
from tests.bench.figures import Aim, Row
from tests.bench.house import House

PLAN = faults.Plan()


def run(house: House) -> list[Row]:
    broker = house.stack.make_broker(
        "Fallas", graph_url=house.graph.base_url, app_secret=house.graph.app_secret, count=1
    )[0]
    outcome = faults.run(house.stack, house.graph, broker, PLAN)
    for name, found in outcome.problems().items():
        print(f"{name}: {found}")
    name = f"faults: {PLAN.messages:,} messages in {outcome.deliveries:,} deliveries"
    counts = {
        "lost": len(outcome.missing),
        "stored twice": len(outcome.doubled),
        "customers out of order": len(outcome.disordered),
        "customers unanswered": len(outcome.unanswered),
        "replies sent twice": len(outcome.sent_twice),
        "left unhandled": len(outcome.unhandled),
    }
    rows = [
        Row(name=f"{name}, {what}", value=count, unit="", aim=Aim.VALUE_AT_MOST, target=0)
        for what, count in counts.items()
    ]
    return [
        *rows,
        Row(name=f"{name}, marked uncertain", value=outcome.uncertain, unit="replies"),
        Row(name=f"{name}, until quiet", value=outcome.seconds, unit="s"),
    ]
