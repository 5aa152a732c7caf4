"""Tags of one lead, put on and taken off one by one."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import InvalidInput, NotFound
from apps.leads.actions import MOST_TAGS, clean_tags, lock_lead, update_lead
from apps.leads.models import Lead


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
