"""What other rules would do, before anybody has them: counted on a sample of the leads, and shown on some of them."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Max, Min, QuerySet, Sum
from django.utils import timezone

from apps.core.access import Actor
from apps.leads.models import Lead, LeadTally
from apps.leads.scoring.rescoring import NewScore, new_score
from apps.leads.scoring.rules import SETTLED, ScoringRules
from apps.leads.scoring.settings import PERMISSION
from apps.leads.scoring.standing import standings
from apps.leads.types import LeadStatus

SAMPLE: Final = 3_000
TEMPERATURES: Final = (LeadStatus.COLD.value, LeadStatus.WARM.value, LeadStatus.HOT.value)
_ACTIVE: Final = 400
_EXAMPLES: Final = 8
_BARS: Final = 10


@dataclass(frozen=True, kw_only=True)
class Example:
    """A lead that was active lately, as it is and as it would be."""

    lead_id: int
    name: str
    before: float
    after: float
    status_before: str
    status_after: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Numbers of leads, scaled up from the sample to all that are open. `before` and `after` map a temperature to its
    leads, the bars are the leads by tens of points; `warmer` and `cooler` change their temperature.
    """

    total: int
    sampled: int
    is_exact: bool
    before: Mapping[str, int]
    after: Mapping[str, int]
    bars_before: Sequence[int]
    bars_after: Sequence[int]
    warmer: int
    cooler: int
    higher: int
    lower: int
    examples: Sequence[Example]


def preview_scoring(actor: Actor, rules: ScoringRules) -> Preview:
    """What the leads' scores would be under these rules; in five queries, whatever the number of leads.

    Raises Forbidden.
    """
    actor.require(PERMISSION)
    leads = Lead.objects.exclude(status__in=SETTLED)
    total = LeadTally.objects.exclude(status__in=SETTLED).aggregate(number=Sum("number"))["number"] or 0
    sample = leads if total <= SAMPLE else _drawn(leads)
    scores = _computed(sample[:SAMPLE], rules)
    scale = total / len(scores) if scores else 0.0
    turns = Counter(_turn(new) for new in scores)
    return Preview(
        total=total,
        sampled=len(scores),
        is_exact=total <= SAMPLE,
        before=_by_temperature([new.old.status for new in scores], scale),
        after=_by_temperature([new.status for new in scores], scale),
        bars_before=_bars([new.old.score for new in scores], scale),
        bars_after=_bars([new.score for new in scores], scale),
        warmer=round(turns[1] * scale),
        cooler=round(turns[-1] * scale),
        higher=round(sum(new.score > new.old.score for new in scores) * scale),
        lower=round(sum(new.score < new.old.score for new in scores) * scale),
        examples=_examples(leads, rules),
    )


def _drawn(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Leads by numbers drawn blindly: each is as likely as any other, and no index but the first is read."""
    ends = Lead.objects.aggregate(first=Min("pk"), last=Max("pk"))
    span = range(ends["first"] or 0, (ends["last"] or 0) + 1)
    # Some numbers are nobody's any more, or those of leads that are decided.
    return leads.filter(pk__in=random.sample(span, min(len(span), 3 * SAMPLE)))


def _computed(leads: QuerySet[Lead], rules: ScoringRules) -> list[NewScore]:
    now = timezone.now()
    return [new_score(one, rules, now) for one in standings(leads) if not one.is_by_hand]


def _examples(leads: QuerySet[Lead], rules: ScoringRules) -> list[Example]:
    """Of the leads that changed last, those that these rules move most, a change of temperature first."""
    scores = [new for new in _computed(leads.order_by("-updated_at", "-pk")[:_ACTIVE], rules) if new.is_other]
    scores.sort(key=lambda new: (_turn(new) == 0, -abs(new.score - new.old.score), -new.old.lead_id))
    chosen = [new for new in scores if _turn(new) or new.score != new.old.score][:_EXAMPLES]
    names = {lead.pk: str(lead) for lead in Lead.objects.filter(pk__in=[new.old.lead_id for new in chosen])}
    return [
        Example(
            lead_id=new.old.lead_id,
            name=names.get(new.old.lead_id, ""),
            before=new.old.score,
            after=new.score,
            status_before=new.old.status,
            status_after=new.status,
        )
        for new in chosen
    ]


def _turn(new: NewScore) -> int:
    """1 for warmer, -1 for cooler, 0 where the temperature stays."""
    if new.status == new.old.status or new.old.status not in TEMPERATURES:
        return 0
    return 1 if TEMPERATURES.index(new.status) > TEMPERATURES.index(new.old.status) else -1


def _by_temperature(statuses: Sequence[str], scale: float) -> dict[str, int]:
    counted = Counter(statuses)
    return {status: round(counted[status] * scale) for status in TEMPERATURES}


def _bars(scores: Sequence[float], scale: float) -> list[int]:
    counted = Counter(min(_BARS - 1, int(score // _BARS)) for score in scores)
    return [round(counted[bar] * scale) for bar in range(_BARS)]
