"""What a new day changes, though nobody did anything: scores age, dated rules come to hold, silences grow too long.

Each broker has its turn in its own morning. One statement an hour plans the turns of all brokers; a turn is work like
any other, and costs a broker without leads a few queries.
"""

from typing import Any, Final

from celery import shared_task
from django.db import connection

from apps.core.access import system_actor
from apps.core.tenancy import entered_broker_id, in_public
from apps.core.work import LONG, renew_lease, work_handler
from apps.leads.models import Lead
from apps.leads.pipeline import advance_many
from apps.leads.pipeline.silence import tell_of_silent_leads
from apps.leads.scoring import age_scores, scoring_rules
from apps.leads.scoring.rules import SETTLED

KIND: Final = "leads.new_day"
# The hour of the broker's day: what became hot or silent overnight is there when people come to work.
HOUR: Final = 7


@shared_task(name="leads.plan_days")
def plan_days() -> None:
    """Give every broker that has none its next turn."""
    with in_public(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO public.core_scheduledwork
                   (broker_id, kind, key, payload, due_at, attempts, revision, last_error)
            SELECT id, %s, id::text, '{}'::jsonb,
                   (date_trunc('day', now() AT TIME ZONE timezone + make_interval(hours => 24 - %s))
                    + make_interval(hours => %s)) AT TIME ZONE timezone,
                   0, 0, ''
              FROM public.brokers_broker
             WHERE is_active AND deleted_at IS NULL
            ON CONFLICT (kind, key) DO NOTHING
            """,
            [KIND, HOUR, HOUR],
        )


@work_handler(KIND, queue=LONG, max_attempts=5)
def begin_day(_payload: dict[str, Any]) -> None:
    """One broker's turn; begun again after a crash it does the rest."""
    actor = system_actor(entered_broker_id())
    floor = scoring_rules().decay.floor
    # At the floor nothing can be lost any more.
    aging = Lead.objects.exclude(status__in=SETTLED).filter(score__gt=floor)
    age_scores(actor=actor, leads=aging, on_progress=lambda _checked: renew_lease())
    advance_many(actor=actor, leads=Lead.objects.all(), on_progress=renew_lease)
    tell_of_silent_leads(actor=actor)
