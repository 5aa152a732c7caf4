"""Staged rows made into leads, some thousands in a transaction: the batch and how far it came are committed together.

After a crash the next run goes on behind the last batch, so nothing is doubled. Two imports of a broker take turns
with their batches, and a phone that somebody else stored a moment ago is a duplicate like any other.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from django.db import OperationalError, connection, transaction
from psycopg import errors as postgres_errors

from apps.core.access import Actor
from apps.core.tenancy import current_schema, entered_broker_id
from apps.leads.importing.changing import Change, OnDuplicate, changes_of
from apps.leads.importing.staging import table_of
from apps.leads.models import Activity, Job, JobChange, Lead, StageChange
from apps.leads.types import ContactStatus, LeadStatus, Stage

BATCH_ROWS: Final = 10_000
# From so many new leads on, the table is tidied afterwards, so that lists read the indexes alone.
TIDIED_FROM: Final = 20_000
_LOCK_CLASS: Final = 0x696D70
_ATTEMPTS: Final = 4
_STATUS_OF_STAGE: Final = (
    f"CASE s.stage WHEN '{Stage.GANADO}' THEN '{LeadStatus.CONVERTED}' WHEN '{Stage.PERDIDO}' THEN '{LeadStatus.LOST}' "
    f"ELSE '{LeadStatus.COLD}' END"
)


@dataclass(frozen=True, kw_only=True)
class Saving:
    """How the rows of one import become leads."""

    job: Job
    actor: Actor
    targets: Collection[str]
    policy: OnDuplicate = OnDuplicate.SKIP
    source: str = "import"
    file_name: str = ""
    agent_id: int | None = None


@dataclass
class Progress:
    """How far an import came; kept in the job's result with each batch."""

    row: int = 0
    imported: int = 0
    updated: int = 0
    known: int = 0

    def as_json(self) -> dict[str, int]:
        return {"saved_to": self.row, "imported": self.imported, "updated": self.updated, "known": self.known}


def progress_of(result: Mapping[str, Any]) -> Progress:
    """How far the job's earlier run came."""
    return Progress(
        row=int(result.get("saved_to", 0)),
        imported=int(result.get("imported", 0)),
        updated=int(result.get("updated", 0)),
        known=int(result.get("known", 0)),
    )


def save_rows(saving: Saving, advance: Callable[[int], None]) -> Progress:
    """Make leads of every staged row behind the last saved one.

    `advance` is told the number of the row that was saved last, between transactions; what it raises stops the import
    with whole batches saved.
    """
    progress = progress_of(saving.job.result)
    statements = _Statements(saving)
    while (last := _end_of_batch(saving.job.pk, progress.row)) is not None:
        _save_batch(saving, statements, progress, last)
        advance(progress.row)
    return progress


def foresee(saving: Saving) -> Progress:
    """What saving every staged row would do; nothing is written."""
    statements = _Statements(saving)
    window = {"after": 0, "last": 2**31 - 1}
    with connection.cursor() as cursor:
        updated = _counted(cursor, statements.comparing, {**statements.values, **window}) if statements.comparing else 0
        rows = _counted(cursor, statements.counting, window)
        known = _counted(cursor, statements.matching, window)
    return Progress(imported=rows - known, updated=updated, known=known - updated)


def tidy(imported: int) -> None:
    """After a big import: what the planner must know, and which pages everybody sees. Not inside a transaction."""
    if imported < TIDIED_FROM or connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        cursor.execute(f'VACUUM (ANALYZE) "{current_schema()}".leads_lead')
        cursor.execute(f'ANALYZE "{current_schema()}".leads_activity')


def _end_of_batch(job_id: int, row: int) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT max(row) FROM (SELECT row FROM {table_of(job_id)} WHERE row > %s ORDER BY row LIMIT %s) AS batch",
            [row, BATCH_ROWS],
        )
        found: int | None = cursor.fetchone()[0]
        return found


def _save_batch(saving: Saving, statements: "_Statements", progress: Progress, last: int) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with transaction.atomic():
                after = _saved(statements, progress, last)
                saving.job.result = {**saving.job.result, **after.as_json()}
                Job.objects.filter(pk=saving.job.pk).update(result=saving.job.result)
            break
        except OperationalError as error:
            # Somebody else held one of the leads and waited for another: they win, we try again.
            if attempt == _ATTEMPTS or not isinstance(error.__cause__, postgres_errors.DeadlockDetected):
                raise
            time.sleep(0.1 * attempt)
    progress.__dict__.update(after.__dict__)


def _saved(statements: "_Statements", before: Progress, last: int) -> Progress:
    window = {"after": before.row, "last": last}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, entered_broker_id()])
        updated = _counted(cursor, statements.updating, {**statements.values, **window}) if statements.updating else 0
        imported = sum(_counted(cursor, sql, {**statements.values, **window}) for sql in statements.inserting)
        rows = _counted(cursor, statements.counting, window)
    return Progress(
        row=last,
        imported=before.imported + imported,
        updated=before.updated + updated,
        known=before.known + rows - imported - updated,
    )


def _counted(cursor: Any, sql: str, values: Mapping[str, object]) -> int:
    cursor.execute(sql, values)
    return int(cursor.fetchone()[0])


@dataclass
class _Statements:
    """The SQL of one import, written once."""

    saving: Saving
    values: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        saving, actor = self.saving, self.saving.actor
        self._staged = table_of(saving.job.pk)
        self.values |= {
            "job": saving.job.pk,
            "source": saving.source[:60],
            "agent": saving.agent_id,
            "actor_kind": actor.kind,
            "actor_name": actor.name[:200],
            "actor_user": actor.user_id,
            "told": orjson.dumps({"source": saving.source, "job_id": saving.job.pk, "file": saving.file_name}).decode(),
        }
        self.counting = f"SELECT count(*) FROM {self._staged} WHERE row > %(after)s AND row <= %(last)s"
        self.matching = f"""
            SELECT count(*) FROM {self._staged} AS s
             WHERE EXISTS (SELECT FROM {_table(Lead)} AS k WHERE k.phone_key = s.phone_key)
                OR (s.phone_key IS NULL AND EXISTS (
                    SELECT FROM {_table(Lead)} AS k WHERE lower(k.email) = s.email AND NOT (k.email = '')))"""
        self.inserting = self._inserting()
        changes = changes_of(saving.targets, saving.policy)
        self.updating = self._updating(changes) if changes else ""
        self.comparing = f"WITH {self._compared(changes, '')} SELECT count(*) FROM changed" if changes else ""

    def _inserting(self) -> list[str]:
        """One statement for those with a phone, one for those known by their e-mail alone."""
        by_phone = "s.phone_key IS NOT NULL"
        by_email = f"""s.phone_key IS NULL AND NOT EXISTS (
            SELECT FROM {_table(Lead)} AS k WHERE lower(k.email) = s.email AND NOT (k.email = ''))"""
        sql = [self._insert(by_phone, "ON CONFLICT (phone_key) DO NOTHING")]
        return [*sql, self._insert(by_email, "")] if "email" in self.saving.targets else sql

    def _insert(self, condition: str, on_conflict: str) -> str:
        columns = {**self._defaults(), **self._columns()}
        return f"""
            WITH made AS (
                INSERT INTO {_table(Lead)} ({", ".join(columns)})
                SELECT {", ".join(columns.values())} FROM {self._staged} AS s
                 WHERE s.row > %(after)s AND s.row <= %(last)s AND {condition}
                 ORDER BY s.row
                {on_conflict}
                RETURNING id
            ), told AS (
                INSERT INTO {_table(Activity)} (lead_id, kind, details, actor_kind, actor_name, actor_user_id)
                SELECT id, 'created', %(told)s::jsonb, %(actor_kind)s, %(actor_name)s, %(actor_user)s::bigint FROM made
            )
            SELECT count(*) FROM made"""

    def _columns(self) -> dict[str, str]:
        texts = (
            "uid",
            "phone",
            "phone_key",
            "first_name",
            "last_name",
            "email",
            "country",
            "company",
            "city",
            "address",
        )
        agent = "%(agent)s::bigint"
        return {
            **{name: f"s.{name}" for name in (*texts, "segment", "notes", "tags", "attributes")},
            "source": "COALESCE(NULLIF(s.source, ''), %(source)s)",
            "stage": f"COALESCE(s.stage, '{Stage.ENTRADA}')",
            "status": _STATUS_OF_STAGE,
            "contact_status": f"COALESCE(s.contact_status, '{ContactStatus.NEW}')",
            "assigned_agent_id": agent if self._is_agents_own else f"COALESCE(s.assigned_agent, {agent})",
            "lifetime_value": "COALESCE(s.lifetime_value, 0)",
            "is_opted_out": "COALESCE(s.is_opted_out, false)",
            "made_by_job_id": "%(job)s::bigint",
            "updated_at": "now()",
        }

    @property
    def _is_agents_own(self) -> bool:
        return not self.saving.actor.sees_everything

    def _defaults(self) -> dict[str, str]:
        """Columns that a file cannot fill, with what Django would write there."""
        found: dict[str, str] = {}
        for column in Lead._meta.concrete_fields:
            if column.primary_key or column.has_db_default() or column.null:
                continue
            name = f"default_{column.attname}"
            self.values[name] = column.get_db_prep_save(column.get_default(), connection)
            found[column.attname] = f"%({name})s"
        return found

    def _updating(self, changes: list[Change]) -> str:
        """Those that are there already, but for what an earlier row of this file made or changed."""
        return f"""
            WITH {self._compared(changes, "ORDER BY l.id FOR UPDATE OF l")}, written AS (
                UPDATE {_table(Lead)} AS l
                   SET {", ".join(f"{c.column} = n_{c.column}" for c in changes)}, updated_at = now()
                  FROM changed WHERE l.id = changed.id RETURNING l.id
            ), kept AS (
                INSERT INTO {_table(JobChange)} (job_id, lead_id, before)
                SELECT %(job)s, id, {_json(changes, "l_{0}")} || jsonb_build_object('_after', {_json(changes, "n_{0}")})
                  FROM changed
            ), told AS (
                INSERT INTO {_table(Activity)} (lead_id, kind, details, actor_kind, actor_name, actor_user_id)
                SELECT id, 'updated', %(told)s::jsonb || jsonb_build_object(
                           'changes', {_json(changes, "jsonb_build_array(l_{0}, n_{0})")}),
                       %(actor_kind)s, %(actor_name)s, %(actor_user)s::bigint
                  FROM changed
            ){self._moving(changes)}
            SELECT count(*) FROM written"""

    def _compared(self, changes: list[Change], locking: str) -> str:
        """Leads of the batch beside what they would become. A lead that two rows mean takes the first."""
        mine = " AND l.assigned_agent_id = %(actor_user)s" if self._is_agents_own else ""
        untouched = f"""l.made_by_job_id IS DISTINCT FROM %(job)s AND NOT EXISTS (
            SELECT FROM {_table(JobChange)} AS c WHERE c.job_id = %(job)s AND c.lead_id = l.id){mine}"""
        window = "s.row > %(after)s AND s.row <= %(last)s"
        differs = " OR ".join(f"l_{change.column} IS DISTINCT FROM n_{change.column}" for change in changes)
        return f"""pairs AS (
                SELECT DISTINCT ON (lead_id) lead_id, row FROM (
                    SELECT l.id AS lead_id, s.row FROM {self._staged} AS s
                      JOIN {_table(Lead)} AS l ON l.phone_key = s.phone_key
                     WHERE {window} AND {untouched}
                    UNION ALL
                    SELECT (SELECT l.id FROM {_table(Lead)} AS l
                             WHERE lower(l.email) = s.email AND NOT (l.email = '') AND {untouched}
                             ORDER BY l.id LIMIT 1), s.row
                      FROM {self._staged} AS s WHERE {window} AND s.phone_key IS NULL
                ) AS found WHERE lead_id IS NOT NULL ORDER BY lead_id, row
            ), beside AS (
                SELECT l.id, l.stage AS old_stage, l.stage_changed_at AS old_stage_at,
                       {", ".join(f"l.{c.column} AS l_{c.column}, {c.value} AS n_{c.column}" for c in changes)}
                  FROM pairs JOIN {self._staged} AS s ON s.row = pairs.row
                  JOIN {_table(Lead)} AS l ON l.id = pairs.lead_id
                 {locking}
            ), changed AS (SELECT * FROM beside WHERE {differs})"""

    def _moving(self, changes: list[Change]) -> str:
        if not any(change.column == "stage" for change in changes):
            return ""
        return f""", moved AS (
                INSERT INTO {_table(StageChange)} (
                    lead_id, from_stage, to_stage, reason, seconds_in_stage, actor_kind, actor_user_id, created_at)
                SELECT id, old_stage, n_stage, '', GREATEST(0, EXTRACT(EPOCH FROM now() - old_stage_at))::integer,
                       %(actor_kind)s, %(actor_user)s::bigint, now()
                  FROM changed WHERE old_stage <> n_stage
            )"""


def _json(changes: list[Change], value: str) -> str:
    """The changed columns as an object; `value` is written for each with its name."""
    parts = (
        f"CASE WHEN l_{c.column} IS DISTINCT FROM n_{c.column} "
        f"THEN jsonb_build_object('{c.column}', {value.format(c.column)}) ELSE '{{}}'::jsonb END"
        for c in changes
    )
    return "(" + " || ".join(parts) + ")"


def _table(model: type[Any]) -> str:
    return f'"{current_schema()}".{model._meta.db_table}'
