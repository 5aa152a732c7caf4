"""Tags of one lead, put on and taken off one by one, and the tags that are in use."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import InvalidInput, NotFound
from apps.leads.actions import MOST_TAGS, clean_tags, lock_lead, update_lead
from apps.leads.models import Lead
from apps.leads.queries import visible_leads

_SUGGESTED_FROM: Final = 1_000
_MOST_SUGGESTED: Final = 60


@transaction.atomic
def add_tags(*, actor: Actor, lead_id: int, tags: Sequence[str]) -> Lead:
    """Put tags on the lead, after those that it has; one that it has already stays where it is.

    Raises NotFound, Forbidden, InvalidInput where no tag is named or the lead would have more than MOST_TAGS.
    """
    lead = lock_lead(actor, lead_id)
    added = clean_tags(tags)
    if not added:
        raise InvalidInput(_("Name at least one tag."), field="tags")
    wanted = list(dict.fromkeys([*lead.tags, *added]))
    if len(wanted) > MOST_TAGS:
        raise InvalidInput(_("A lead has at most %(most)d tags.") % {"most": MOST_TAGS}, field="tags")

    return update_lead(actor=actor, lead_id=lead.pk, tags=wanted)


@transaction.atomic
def remove_tag(*, actor: Actor, lead_id: int, tag: str) -> Lead:
    """Take a tag off the lead.

    Raises NotFound also where the lead does not have the tag; Forbidden.
    """
    lead = lock_lead(actor, lead_id)
    actor.require("clients.update")
    if tag not in lead.tags:
        raise NotFound(_("The lead does not have this tag."), field="tag")

    return update_lead(actor=actor, lead_id=lead.pk, tags=[name for name in lead.tags if name != tag])


def known_tags(actor: Actor) -> list[str]:
    """Tags to suggest, the most used first: those of the newest leads in sight, and to those who see every lead also
    what PostgreSQL found to be common among all. At most two queries, however many leads there are.
    """
    newest = visible_leads(actor).select_related(None).order_by("-id").values_list("tags", flat=True)[:_SUGGESTED_FROM]
    counted = Counter(tag for tags in newest for tag in tags)
    found = [tag for tag, _number in counted.most_common()]
    if actor.sees_everything:
        found += _common_tags()
    return list(dict.fromkeys(found))[:_MOST_SUGGESTED]


def _common_tags() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT most_common_elems::text::text[] FROM pg_stats"
            " WHERE schemaname = current_schema() AND tablename = %s AND attname = 'tags'",
            [Lead._meta.db_table],
        )
        row = cursor.fetchone()
    return [str(tag) for tag in row[0]] if row and row[0] else []
