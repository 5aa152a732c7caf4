"""The short version of the fault plan; `./dev bench faults` runs the whole."""

import pytest

from tests.bench.faults import Plan, run
from tests.embedded import own_cluster
from tests.fakes.graph_api import FakeGraph
from tests.stack import running_stack


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_is_lost_and_nothing_is_sent_twice_while_things_break(tmp_path):
    with (
        own_cluster("faults") as services,
        FakeGraph(token="test-token", statuses=("sent", "delivered"), status_delay=0.2) as graph,
        running_stack(services, tmp_path, OUTBOUND_ALLOW=graph.address) as stack,
    ):
        graph.webhook_url = f"{stack.url}/webhooks/whatsapp"
        broker = stack.make_broker("Prueba", graph_url=graph.base_url, app_secret=graph.app_secret)[0]

        outcome = run(
            stack,
            graph,
            broker,
            Plan(messages=240, customers=40, worker_kills=3, redis_losses=1, postgres_restarts=1, pace_seconds=14.0),
        )

        assert outcome.problems() == {}, (outcome, stack.tail("worker"))
        assert outcome.stored == 240
