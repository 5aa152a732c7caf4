"""Views kept, changed and put in order; everybody sees their own and those that are shared."""

from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.core.events import publish
from apps.leads.events import ViewCreated, ViewDeleted, ViewUpdated
from apps.leads.models import SavedView
from apps.leads.saved_views.values import clean_values
from apps.leads.saved_views.views import View, starting_views

MOST_VIEWS: Final = 50
_CHANGEABLE: Final = ("name", "conditions", "search", "sort", "columns", "is_shared")


class ViewExists(Conflict):
    """Whoever saves it has a view of this name."""

    default_code = "VIEW_EXISTS"
    default_message = _("You already have a view with this name.")


def list_views(actor: Actor) -> list[View]:
    """The starting views, one's own in one's own order, then what others share; one query."""
    rows = sorted(_visible(actor), key=lambda row: (not _is_own(actor, row), row.position, row.pk))
    return [*starting_views(actor), *(_view(actor, row) for row in rows)]


def get_view(actor: Actor, view_id: str | int) -> View:
    """One view in the actor's sight.

    Raises NotFound.
    """
    for view in starting_views(actor):
        if view.id == str(view_id):
            return view
    return _view(actor, _row(actor, view_id))


@transaction.atomic
def create_view(
    *,
    actor: Actor,
    name: str,
    conditions: object = None,
    search: str = "",
    sort: str = "",
    columns: Sequence[str] = (),
    is_shared: bool = False,
) -> View:
    """Keep a filter; it stands after one's others.

    Raises Forbidden for a shared one without `views.share`, InvalidInput, ViewExists.
    """
    _require_owner(actor)
    given = {
        "name": name,
        "conditions": conditions,
        "search": search,
        "sort": sort,
        "columns": columns,
        "is_shared": is_shared,
    }
    values = clean_values(actor, given)
    own = SavedView.objects.filter(owner_id=actor.user_id)
    if own.count() >= MOST_VIEWS:
        raise InvalidInput(_("You have %(most)d views. Delete one first.") % {"most": MOST_VIEWS}, field="name")
    _require_new_name(own, values["name"])

    last = own.aggregate(last=Max("position"))["last"]
    row = SavedView.objects.create(owner_id=actor.user_id, position=0 if last is None else last + 1, **values)
    publish(
        ViewCreated(broker_id=actor.broker_id, actor=actor, view_id=row.pk, label=row.name, is_shared=row.is_shared)
    )
    return _view(actor, row)


@transaction.atomic
def update_view(*, actor: Actor, view_id: str | int, **changes: Any) -> View:
    """Change what is given of a view of one's own, or of a shared one with `views.share`.

    Raises NotFound, Forbidden, InvalidInput, ViewExists.
    """
    row = _changeable_row(actor, view_id)
    unknown = set(changes) - set(_CHANGEABLE)
    if unknown:
        raise InvalidInput(_("This cannot be changed: %(field)s") % {"field": min(unknown)})
    values = clean_values(actor, changes)
    if "name" in values:
        _require_new_name(SavedView.objects.filter(owner_id=row.owner_id).exclude(pk=row.pk), values["name"])

    told = {name: [getattr(row, name), value] for name, value in values.items() if getattr(row, name) != value}
    if not told:
        return _view(actor, row)
    for name, (_before, after) in told.items():
        setattr(row, name, after)
    row.save(update_fields=[*told, "updated_at"])
    publish(ViewUpdated(broker_id=actor.broker_id, actor=actor, view_id=row.pk, label=row.name, changes=told))
    return _view(actor, row)


@transaction.atomic
def delete_view(*, actor: Actor, view_id: str | int) -> None:
    """Forget a view of one's own, or a shared one with `views.share`.

    Raises NotFound, Forbidden.
    """
    row = _changeable_row(actor, view_id)

    number = row.pk
    row.delete()
    publish(ViewDeleted(broker_id=actor.broker_id, actor=actor, view_id=number, label=row.name))


@transaction.atomic
def reorder_views(*, actor: Actor, view_ids: Sequence[str | int]) -> list[View]:
    """Put one's own views in this order; those that are not named come after, as they stood.

    Raises NotFound where one is not the actor's own.
    """
    rows = {row.pk: row for row in SavedView.objects.select_for_update().filter(owner_id=actor.user_id)}
    wanted = [_number(view_id) for view_id in dict.fromkeys(view_ids)]
    if not set(wanted) <= set(rows):
        raise _not_found()
    rest = sorted((row for row in rows.values() if row.pk not in wanted), key=lambda row: (row.position, row.pk))

    for position, row in enumerate([*(rows[number] for number in wanted), *rest]):
        row.position = position
    SavedView.objects.bulk_update(rows.values(), ["position"])
    return list_views(actor)


def _view(actor: Actor, row: SavedView) -> View:
    return View(
        id=str(row.pk),
        name=row.name,
        conditions=row.conditions,
        search=row.search,
        sort=row.sort,
        columns=tuple(row.columns),
        is_shared=row.is_shared,
        may_change=_is_own(actor, row) or actor.can("views.share"),
    )


def _visible(actor: Actor) -> QuerySet[SavedView]:
    mine = Q(owner_id=actor.user_id) if actor.user_id is not None else Q(pk__in=())
    return SavedView.objects.filter(mine | Q(is_shared=True))


def _row(actor: Actor, view_id: str | int) -> SavedView:
    row = _visible(actor).filter(pk=_number(view_id)).first()
    if row is None:
        raise _not_found()
    return row


def _changeable_row(actor: Actor, view_id: str | int) -> SavedView:
    row = _row(actor, view_id)
    if not _is_own(actor, row):
        actor.require("views.share")
    return row


def _is_own(actor: Actor, row: SavedView) -> bool:
    return actor.user_id is not None and row.owner_id == actor.user_id


def _number(view_id: str | int) -> int:
    digits = str(view_id)
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 19):
        raise _not_found()
    return int(digits)


def _not_found() -> NotFound:
    return NotFound(_("There is no such view."), field="view_id")


def _require_owner(actor: Actor) -> None:
    actor.require("clients.read")
    if actor.user_id is None:
        raise InvalidInput(_("Views belong to a person: sign in as one."))


def _require_new_name(rows: QuerySet[SavedView], name: str) -> None:
    if rows.filter(name__iexact=name).exists():
        raise ViewExists(field="name")
