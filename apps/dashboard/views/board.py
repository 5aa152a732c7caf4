"""The board: leads by stage, and the parts of it that a browser asks for again when something happened."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from apps.accounts.models import User
from apps.accounts.queries import visible_users
from apps.accounts.types import UserStatus
from apps.core.access import Actor
from apps.dashboard.board_cards import card_of, head_of
from apps.dashboard.board_drawing import draw_card
from apps.dashboard.navigation import is_served
from apps.dashboard.requests import broker_page
from apps.leads.board import (
    NOBODY,
    BoardFilter,
    CardPage,
    board_card,
    board_figures,
    column_cards,
    known_sources,
    read_board,
)

Team = dict[int, User]


@require_GET
@broker_page
def board(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The whole page."""
    actor.require("clients.read")
    team = _team(actor)
    context = _columns(request, actor, team) | {
        "section": "board",
        "agents": [user for user in team.values() if user.status == UserStatus.ACTIVE] if actor.sees_everything else [],
        "sources": known_sources(),
        "nobody": NOBODY,
    }
    return render(request, "board/page.html", context)


@require_GET
@broker_page
def columns(request: HttpRequest, actor: Actor) -> HttpResponse:
    """All columns."""
    actor.require("clients.read")
    return render(request, "board/columns.html", _columns(request, actor, _team(actor)))


@require_GET
@broker_page
def heads(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What stands above the columns."""
    actor.require("clients.read")
    figures = board_figures(actor, _wanted(request))
    return render(request, "board/heads.html", {"heads": [head_of(each) for each in figures]})


@require_GET
@broker_page
def more(request: HttpRequest, actor: Actor, stage: str) -> HttpResponse:
    """The next cards of one column."""
    actor.require("clients.read")
    wanted = _wanted(request)
    page = column_cards(actor, stage, wanted, cursor=request.GET.get("cursor", ""))
    context = {"cards": _cards(actor, page, _team(actor)), "more": _more(stage, page, wanted)}
    return render(request, "board/cards.html", context)


@require_GET
@broker_page
def card(request: HttpRequest, actor: Actor, lead_id: int) -> HttpResponse:
    """One card, or nothing where it does not belong on this board any more."""
    actor.require("clients.read")
    lead = board_card(actor, lead_id, _wanted(request))
    if lead is None:
        return HttpResponse(status=204)
    return HttpResponse(draw_card(card_of(lead, _team(actor)), can_move=_can_move(actor)))


def _columns(request: HttpRequest, actor: Actor, team: Team) -> dict[str, object]:
    wanted = _wanted(request)
    return {
        "wanted": wanted,
        "can_move": _can_move(actor),
        "can_import": actor.can("clients.import") and is_served("/app/import"),
        "columns": [
            {
                "head": head_of(column.figures),
                "cards": _cards(actor, column.cards, team),
                "more": _more(column.figures.stage, column.cards, wanted),
            }
            for column in read_board(actor, wanted)
        ],
    }


def _cards(actor: Actor, page: CardPage, team: Team) -> list[SafeString]:
    return [draw_card(card_of(lead, team), can_move=_can_move(actor)) for lead in page.leads]


def _more(stage: str, page: CardPage, wanted: BoardFilter) -> str:
    """The address of the cards below these; empty at the end."""
    if not page.cursor:
        return ""
    named = {"q": wanted.search, "agent": wanted.agent, "source": wanted.source, "tag": wanted.tag}
    query = urlencode({"cursor": page.cursor} | {name: value for name, value in named.items() if value})
    return f"{reverse('dashboard:board-more', args=[stage])}?{query}"


def _team(actor: Actor) -> Team:
    """Everybody of the broker by number; one query."""
    return {user.pk: user for user in visible_users(actor).order_by("first_name", "id")}


def _can_move(actor: Actor) -> bool:
    return actor.can("clients.update")


def _wanted(request: HttpRequest) -> BoardFilter:
    return BoardFilter(
        search=_text(request, "q", 120),
        agent=_text(request, "agent", 10),
        source=_text(request, "source", 60),
        tag=_text(request, "tag", 60),
    )


def _text(request: HttpRequest, name: str, most: int) -> str:
    return request.GET.get(name, "").replace("\x00", "").strip()[:most]
