"""Every surface of leads at a million of them in one brokerage, beside 200 small ones: import, lists, board, export,
ingest, recalculation. LEADS=20000 in the environment makes it a quick look.
"""

import os
from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg import sql

from tests.bench import lead_bulk, lead_lists
from tests.bench.figures import Row
from tests.bench.house import Broker, House
from tests.bench.people import COLUMNS, lead_lines
from tests.bench.registration import fill

LEADS: Final = int(os.environ.get("LEADS", "1000000"))
SMALL_BROKERS: Final = 200
LEADS_OF_A_SMALL_BROKER: Final = 200
AGENTS: Final = 20

_PREPARE = """
from apps.accounts.models import User
from apps.accounts.types import Role
from apps.core.access import system_actor
from apps.core.tenancy import in_broker
from apps.leads.fields import ensure_fields
from apps.leads.models import CustomField
from apps.leads.types import FieldOrigin, FieldReview
agents = [
    User.objects.create_user(f"agente{{number}}.{broker_id}@stack.test", None, role=Role.AGENT, broker_id={broker_id},
        first_name=f"Agente {{number}}")
    for number in range({agents})
]
with in_broker({broker_id}):
    samples = {{
        "comuna": "Ñuñoa", "dormitorios": 2, "presupuesto": 3000, "proyecto": "Norte", "credito_aprobado": True
    }}
    ensure_fields(system_actor({broker_id}), samples, FieldOrigin.PERSON)
    CustomField.objects.update(review=FieldReview.ACCEPTED)
result = [agent.pk for agent in agents]
"""

# What an administrator switches on, and what happens by itself a quarter of an hour after so many leads came.
_INDEX = """
from apps.core.tenancy import in_broker
from apps.leads import jobs
from apps.leads.field_indexes import keep_index
from apps.leads.models import CustomField
from apps.leads.popular_indexes import keep_popular_indexes
with in_broker({broker_id}):
    for field in CustomField.objects.filter(name__in=["comuna", "dormitorios"]):
        field.is_filterable = True
        field.save(update_fields=["is_filterable"])
        jobs.run_job({{"job_id": keep_index(field).pk}})
    keep_popular_indexes({{}})
result = True
"""


def run(house: House) -> list[Row]:
    fill(house, SMALL_BROKERS)
    _stock_small_brokers(house)
    rows = lead_bulk.run_import(house, LEADS)
    broker = house.new_broker()
    _stock(house, broker, LEADS)
    rows += lead_lists.run(house, broker, LEADS)
    rows += lead_bulk.run_export(house, broker, LEADS)
    rows += lead_bulk.run_ingest(house, broker)
    rows += lead_bulk.run_rescore(house, broker, LEADS)
    return rows


def _stock(house: House, broker: Broker, count: int) -> None:
    agents = house.stack.python(_PREPARE.format(broker_id=broker["id"], agents=AGENTS))
    with psycopg.connect(house.stack.services.database_url, autocommit=True) as connection:
        _copy(connection, broker["id"], count, agents)
        house.stack.python(_INDEX.format(broker_id=broker["id"]))
        connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(_table(broker["id"])))
        connection.execute("CHECKPOINT")


def _stock_small_brokers(house: House) -> None:
    with psycopg.connect(house.stack.services.database_url, autocommit=True) as connection:
        brokers = connection.execute("SELECT id FROM public.brokers_broker ORDER BY id LIMIT %s", [SMALL_BROKERS])
        for (broker_id,) in brokers.fetchall():
            if not connection.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(_table(broker_id))).fetchone()[
                0
            ]:  # type: ignore[index]  # EXISTS answers one row
                _copy(connection, broker_id, LEADS_OF_A_SMALL_BROKER, [])


def _copy(connection: psycopg.Connection, broker_id: int, count: int, agents: Sequence[int]) -> None:
    columns = sql.SQL(",").join(map(sql.Identifier, COLUMNS.split(",")))
    command = sql.SQL("COPY {} ({}) FROM STDIN").format(_table(broker_id), columns)
    with connection.cursor().copy(command) as copy:
        for line in lead_lines(broker_id, count, agents, seed=broker_id):
            copy.write(line)


def _table(broker_id: int) -> sql.Identifier:
    return sql.Identifier(f"broker_{broker_id}", "leads_lead")
