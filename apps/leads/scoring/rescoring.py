"""Scores kept: of one lead, of those that just changed, and of all of them in chunks.

Reading many takes no locks. A row is written only where its score comes out otherwise, and only if nobody changed it
meanwhile: who did has asked for a new score of their own.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import orjson
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.core.access import Actor
from apps.core.events import publish
from apps.leads.events import LeadsChanged, LeadScored
from apps.leads.models import Lead
from apps.leads.queries import get_lead
from apps.leads.scoring.points import Part, score_of
from apps.leads.scoring.rules import SETTLED, ScoringRules, scoring_rules
from apps.leads.scoring.standing import Standing, standings

CHUNK: Final = 2_000


@dataclass(frozen=True, slots=True)
class NewScore:
    """How a lead's score comes out, beside how it stands."""

    old: Standing
    score: float
    status: str
    parts: list[Part]

    @property
    def is_other(self) -> bool:
        """Whether score, temperature or explanation change."""
        old = self.old
        return old.score != self.score or old.status != self.status or old.parts != self.parts


@dataclass(frozen=True, kw_only=True)
class RescoreReport:
    """How many leads were looked at, and how many have another score or temperature now."""

    checked: int
    changed: int


@transaction.atomic
def rescore_lead(*, actor: Actor, lead_id: int) -> Lead:
    """Compute and keep the score and the temperature of one lead, also where somebody had set them by hand.

    Raises NotFound.
    """
    get_lead(actor, lead_id)
    rules, now = scoring_rules(), timezone.now()
    _keep_and_tell(actor, [new_score(one, rules, now) for one in _locked([lead_id])], now)
    return get_lead(actor, lead_id)


@transaction.atomic
def rescore_some(*, actor: Actor, lead_ids: Sequence[int]) -> None:
    """Compute and keep the scores of a few leads of which something has changed, each told by its own event; in three
    queries before that. A score set by hand stays, and so does a temperature where the score does."""
    rules, now = scoring_rules(), timezone.now()
    scores = [_with_status_kept(new_score(one, rules, now)) for one in _locked(lead_ids) if not one.is_by_hand]
    _keep_and_tell(actor, scores, now)


def rescore_many(
    *,
    actor: Actor,
    leads: QuerySet[Lead],
    job_id: int | None = None,
    on_progress: Callable[[int], None] = lambda _checked: None,
) -> RescoreReport:
    """Compute and keep the scores and temperatures of any number of leads, but for those set by hand, in chunks that
    commit by themselves; nothing is written on timelines, and all changes are told by one event.

    Done twice, the second time changes nothing. `on_progress` is called after each chunk with the number looked at.
    """
    return _rescore_many(actor, leads, new_score, job_id=job_id, on_progress=on_progress)


def age_scores(
    *, actor: Actor, leads: QuerySet[Lead], on_progress: Callable[[int], None] = lambda _checked: None
) -> RescoreReport:
    """As `rescore_many`, for what time alone has changed: a temperature stays where the score does."""

    def aged(one: Standing, rules: ScoringRules, now: datetime) -> NewScore:
        return _with_status_kept(new_score(one, rules, now))

    return _rescore_many(actor, leads, aged, on_progress=on_progress)


def new_score(one: Standing, rules: ScoringRules, now: datetime) -> NewScore:
    """How the lead's score comes out under the rules at that moment."""
    scored = score_of(one.facts, rules, now)
    status = one.status if one.status in SETTLED else rules.status_of(scored.score)
    return NewScore(one, scored.score, status, scored.parts)


def _with_status_kept(new: NewScore) -> NewScore:
    return replace(new, status=new.old.status) if new.score == new.old.score else new


def _locked(lead_ids: Sequence[int]) -> list[Standing]:
    """In one order, so that two who do this do not wait for each other in a circle."""
    list(Lead.objects.filter(pk__in=lead_ids).order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    return list(standings(Lead.objects.filter(pk__in=lead_ids).order_by("pk")))


def _keep_and_tell(actor: Actor, scores: Sequence[NewScore], now: datetime) -> None:
    _keep(scores, now)
    for new in scores:
        if new.score != new.old.score:
            publish(
                LeadScored(
                    broker_id=actor.broker_id,
                    actor=actor,
                    lead_id=new.old.lead_id,
                    before=new.old.score,
                    after=new.score,
                    status=new.status,
                )
            )


def _rescore_many(
    actor: Actor,
    leads: QuerySet[Lead],
    compute: Callable[[Standing, ScoringRules, datetime], NewScore],
    *,
    job_id: int | None = None,
    on_progress: Callable[[int], None] = lambda _checked: None,
) -> RescoreReport:
    rules, now = scoring_rules(), timezone.now()
    checked = changed = 0
    for chunk in _chunks(leads):
        with _collector_paused():
            scores = [compute(one, rules, now) for one in chunk if not one.is_by_hand]
        with transaction.atomic():
            changed += _keep(scores, now)
        checked += len(chunk)
        on_progress(checked)
    if changed:
        _tell_of_many(actor, changed, job_id)
    return RescoreReport(checked=checked, changed=changed)


def _chunks(leads: QuerySet[Lead]) -> Iterator[list[Standing]]:
    """By ranges of the leads' numbers, so that the last chunk costs what the first did."""
    last = 0
    while True:
        with _collector_paused():
            chunk = list(standings(leads.filter(pk__gt=last).order_by("pk")[:CHUNK]))
        if not chunk:
            return
        yield chunk
        last = chunk[-1].lead_id


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Thousands of small objects at once have it look again and again at all there is: a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@transaction.atomic
def _tell_of_many(actor: Actor, changed: int, job_id: int | None) -> None:
    what = ("score", "status")
    publish(LeadsChanged(broker_id=actor.broker_id, actor=actor, changed=what, count=changed, job_id=job_id))


def _keep(scores: Sequence[NewScore], now: datetime) -> int:
    """Write those that are other in one statement; how many of them still stood as they had been read."""
    others = [new for new in scores if new.is_other]
    if not others:
        return 0
    # One text of JSON: as arrays, times and decimals cost the client more than the statement costs the server.
    rows = [
        {
            "id": new.old.lead_id,
            "score": new.score,
            "status": new.status,
            "parts": new.parts,
            "seen_at": new.old.seen_at,
            "old_score": new.old.score,
            "old_status": new.old.status,
        }
        for new in others
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE leads_lead AS lead
               SET score = new.score, status = new.status, score_parts = new.parts, scored_at = %s
              FROM json_to_recordset(%s::json)
                   AS new (id bigint, score numeric, status text, parts jsonb,
                           seen_at timestamptz, old_score numeric, old_status text)
             WHERE lead.id = new.id AND lead.updated_at = new.seen_at
                   AND lead.score = new.old_score AND lead.status = new.old_status
            """,
            [now, orjson.dumps(rows).decode()],
        )
        return int(cursor.rowcount)
