"""Defining, changing, reviewing and deleting custom fields."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import InvalidInput, NotFound
from apps.core.events import publish
from apps.leads.events import FieldChanged, FieldDefined, FieldDeleted
from apps.leads.field_indexes import keep_index
from apps.leads.fields import LEAD_COLUMNS, FieldExists, require_usable_name
from apps.leads.jobs import create_job
from apps.leads.models import CustomField, Job
from apps.leads.types import FieldOrigin, FieldReview, FieldType, JobKind

PERMISSION = "fields.manage"
_CHANGEABLE = frozenset({"label", "description", "is_required", "is_filterable", "position"})
_LONGEST = {"label": 120, "description": 500}


@transaction.atomic
def define_field(
    *,
    actor: Actor,
    name: str,
    type: str,
    label: str = "",
    description: str | None = None,
    is_required: bool = False,
) -> CustomField:
    """Make a field by hand; it is accepted at once.

    Raises Forbidden, InvalidInput for the name or the type, FieldExists.
    """
    actor.require(PERMISSION)
    name = require_usable_name(name)
    kind = require_type(type)
    texts = _texts({"label": label, "description": description})
    if CustomField.objects.filter(name=name).exists():
        raise FieldExists(field="name")

    field = CustomField(
        name=name,
        type=kind,
        is_required=is_required,
        origin=FieldOrigin.PERSON,
        review=FieldReview.ACCEPTED,
        **texts,
    )
    try:
        with transaction.atomic():
            field.save(force_insert=True)
    except IntegrityError as error:
        raise FieldExists(field="name") from error
    field.refresh_from_db(fields=["created_at"])
    publish(FieldDefined(broker_id=actor.broker_id, actor=actor, field_id=field.pk, label=str(field)))
    return field


@transaction.atomic
def change_field(*, actor: Actor, field_id: int, changes: Mapping[str, Any]) -> CustomField:
    """Change label, description, whether it is required, filtered often, its place; and `type`, as `retype_field`.

    Raises Forbidden, NotFound, InvalidInput.
    """
    field = lock_field(actor, field_id)
    wanted = {name: value for name, value in changes.items() if name != "type"}
    unknown = set(wanted) - _CHANGEABLE
    if unknown:
        raise InvalidInput(_("This field cannot be changed: %(field)s") % {"field": sorted(unknown)[0]})

    was_filterable = field.is_filterable
    _set(actor, field, _texts(wanted))
    if field.is_filterable != was_filterable:
        keep_index(field)
    if "type" in changes:
        retype_field(actor=actor, field_id=field_id, type=changes["type"])
        field.refresh_from_db()
    return field


@transaction.atomic
def retype_field(*, actor: Actor, field_id: int, type: str) -> Job | None:
    """Give the field another type and accept it; what leads hold is converted by a job, which says what it could not.

    Returns the job, or None where the type stays. Raises Forbidden, NotFound, InvalidInput.
    """
    field = lock_field(actor, field_id)
    kind = require_type(type)
    if field.type == kind:
        return None

    _set(actor, field, {"type": kind, "review": _accepted(field)})
    return create_job(actor=actor, kind=JobKind.RETYPE, params={"field_id": field.pk, "to": kind, "label": str(field)})


@transaction.atomic
def accept_field(*, actor: Actor, field_id: int) -> CustomField:
    """The field is one of ours from now on: also one that was ignored before."""
    field = lock_field(actor, field_id)

    _set(actor, field, {"review": FieldReview.ACCEPTED})
    return field


@transaction.atomic
def ignore_field(*, actor: Actor, field_id: int) -> CustomField:
    """Values under this name stay in the records alone from now on; `accept_field` takes it back.

    What leads hold already stays with them.
    """
    field = lock_field(actor, field_id)

    _set(actor, field, {"review": FieldReview.IGNORED, "is_required": False})
    return field


@transaction.atomic
def map_field(*, actor: Actor, field_id: int, target: str) -> Job | None:
    """Send values under this name to a column of the lead or to another field; "" takes that back.

    A job moves what leads hold under it to where it belongs, if there is nothing yet. Returns the job, or None where
    nothing changed. Raises Forbidden, NotFound, InvalidInput for a target that is none.
    """
    field = lock_field(actor, field_id)
    if target:
        _require_target(field, target)
    if field.mapped_to == target:
        return None

    _set(actor, field, {"mapped_to": target, "review": FieldReview.ACCEPTED})
    if not target:
        return None
    return create_job(
        actor=actor, kind=JobKind.RETYPE, params={"field_id": field.pk, "target": target, "label": str(field)}
    )


@transaction.atomic
def delete_field(*, actor: Actor, field_id: int) -> None:
    """Delete the definition for good; what leads hold under its name stays with them.

    Raises Forbidden, NotFound.
    """
    field = lock_field(actor, field_id)
    CustomField.objects.filter(mapped_to=field.name).update(mapped_to="")

    if field.is_filterable:
        field.is_filterable = False
        keep_index(field)
    field.delete()
    publish(FieldDeleted(broker_id=actor.broker_id, actor=actor, field_id=field_id, label=str(field)))


def lock_field(actor: Actor, field_id: int) -> CustomField:
    """The definition, locked until the transaction ends.

    Raises Forbidden, NotFound.
    """
    actor.require(PERMISSION)
    field = CustomField.objects.select_for_update().filter(pk=field_id).first()
    if field is None:
        raise NotFound(_("There is no such field."), field="field_id")
    return field


def require_type(type: str) -> FieldType:
    """Raises InvalidInput for what is no type."""
    if type not in FieldType.values:
        raise InvalidInput(
            _("Use one of these types: %(types)s.") % {"types": ", ".join(FieldType.values)}, field="type"
        )
    return FieldType(type)


def _set(actor: Actor, field: CustomField, values: Mapping[str, Any]) -> None:
    changes = {name: [getattr(field, name), value] for name, value in values.items() if getattr(field, name) != value}
    if not changes:
        return
    for name, (_before, after) in changes.items():
        setattr(field, name, after)
    field.save(update_fields=[*changes, "updated_at"])
    publish(FieldChanged(broker_id=actor.broker_id, actor=actor, field_id=field.pk, label=str(field), changes=changes))


def _texts(values: Mapping[str, Any]) -> dict[str, Any]:
    """Trimmed, and refused where too long."""
    found = dict(values)
    for name, longest in _LONGEST.items():
        if not isinstance(found.get(name), str):
            continue
        found[name] = found[name].replace("\x00", "").strip()
        if len(found[name]) > longest:
            raise InvalidInput(_("Write at most %(most)d characters.") % {"most": longest}, field=name)
    return found


def _accepted(field: CustomField) -> str:
    return field.review if field.review == FieldReview.IGNORED else FieldReview.ACCEPTED


def _require_target(field: CustomField, target: str) -> None:
    if target in LEAD_COLUMNS:
        return
    other = CustomField.objects.filter(name=target).exclude(pk=field.pk).first()
    if other is None or other.mapped_to or other.review == FieldReview.IGNORED:
        raise InvalidInput(_("Choose a field of the lead or one of your own."), field="target")
    if CustomField.objects.filter(mapped_to=field.name).exists():
        raise InvalidInput(_("Other fields go to this one. Send them elsewhere first."), field="target")
