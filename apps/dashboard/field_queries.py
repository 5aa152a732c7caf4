"""What the page of custom fields shows: a fixed number of queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.leads.fields import LEAD_COLUMNS, all_fields
from apps.leads.models import CustomField, Job, Lead
from apps.leads.types import FieldReview, FieldType, JobKind, JobState

COLUMN_LABELS: Mapping[str, str | Promise] = {
    "name": _("Name"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "phone": _("Phone"),
    "email": _("E-mail"),
    "company": _("Company"),
    "city": _("City"),
    "country": _("Country"),
    "address": _("Address"),
    "segment": _("Segment"),
    "tags": _("Tags"),
    "source": _("Source"),
    "notes": _("Notes"),
}
_LOOKED_AT = 300
_SAMPLES = 3
_JOBS_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A field to review, with some of the values that leads hold."""

    field: CustomField
    samples: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class FieldsPage:
    """Everything on the page. `targets`: where values may be sent, as (value, label)."""

    waiting: Sequence[Waiting]
    own: Sequence[CustomField]
    handed_on: Sequence[tuple[CustomField, str]]
    ignored: Sequence[CustomField]
    column_targets: Sequence[tuple[str, str | Promise]]
    jobs: Sequence[Job]
    types: Sequence[tuple[str, str]]

    @property
    def is_working(self) -> bool:
        """Whether a conversion goes on: the page looks again then."""
        return any(job.state in {JobState.QUEUED, JobState.RUNNING} for job in self.jobs)

    @property
    def is_empty(self) -> bool:
        """Whether nobody has defined or sent anything yet."""
        return not (self.waiting or self.own or self.handed_on or self.ignored)


def fields_page(actor: Actor) -> FieldsPage:
    """Three queries. Raises Forbidden."""
    actor.require("fields.manage")
    rows = all_fields()
    waiting = [row for row in rows if row.review == FieldReview.WAITING]
    accepted = [row for row in rows if row.review == FieldReview.ACCEPTED]
    samples = _samples({row.name for row in waiting})
    return FieldsPage(
        waiting=[Waiting(field=row, samples=samples.get(row.name, ())) for row in waiting],
        own=[row for row in accepted if not row.mapped_to],
        handed_on=[(row, _label_of(row.mapped_to, rows)) for row in accepted if row.mapped_to],
        ignored=[row for row in rows if row.review == FieldReview.IGNORED],
        column_targets=[(column, COLUMN_LABELS[column]) for column in LEAD_COLUMNS],
        jobs=_jobs(),
        types=[(value, str(label)) for value, label in FieldType.choices],
    )


def place_label(place: str, labels: Mapping[str, str]) -> str:
    """Where a value went, for people: a column, or a field by its label."""
    name = place.removeprefix("attributes.")
    return labels.get(name, name) if name != place else str(COLUMN_LABELS.get(place, place))


def _label_of(target: str, rows: Iterable[CustomField]) -> str:
    if target in COLUMN_LABELS:
        return str(COLUMN_LABELS[target])
    return next((str(row) for row in rows if row.name == target), target)


def _samples(names: set[str]) -> dict[str, list[str]]:
    """Different values of the newest leads."""
    found: dict[str, list[str]] = {}
    if not names:
        return found
    for attributes in Lead.objects.order_by("-id").values_list("attributes", flat=True)[:_LOOKED_AT]:
        for name in names & attributes.keys():
            shown, several = str(attributes[name])[:40], found.setdefault(name, [])
            if shown not in several and len(several) < _SAMPLES:
                several.append(shown)
    return found


def _jobs() -> list[Job]:
    """Conversions that go on or left something over, and for some minutes those that all went well."""
    now = timezone.now()
    rows = Job.objects.filter(kind=JobKind.RETYPE, created_at__gte=now - timedelta(days=1)).order_by("-id")
    return [
        job
        for job in rows[:_JOBS_SHOWN]
        if job.state != JobState.DONE or job.result.get("kept") or job.created_at >= now - timedelta(minutes=5)
    ]
