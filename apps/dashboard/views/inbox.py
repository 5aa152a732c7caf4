"""The inbox: the page, and the parts of it that a browser asks for again when something happened."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.types import Role
from apps.conversations.models import Conversation
from apps.conversations.queries import get_conversation
from apps.conversations.types import CloseReason
from apps.core.access import Actor
from apps.dashboard.queries import (
    InboxFilter,
    desk,
    inbox_counts,
    inbox_page,
    inbox_row,
    lead_panel,
    thread,
    thread_tail,
    transfer_choices,
)
from apps.dashboard.requests import broker_page
from apps.leads.types import Stage


@require_GET
@broker_page
def inbox(request: HttpRequest, actor: Actor, conversation_id: int | None = None) -> HttpResponse:
    """The whole page, with a conversation opened where the address names one."""
    context = {
        **_list_context(request, actor),
        "section": "inbox",
        "counts": inbox_counts(actor),
        "tabs": InboxFilter.choices,
        "broker_id": actor.broker_id,
    }
    if conversation_id is not None:
        context |= _pane_context(actor, conversation_id)
    return render(request, "inbox/page.html", context)


@require_GET
@broker_page
def rows(request: HttpRequest, actor: Actor) -> HttpResponse:
    """One page of the list."""
    return render(request, "inbox/rows.html", _list_context(request, actor))


@require_GET
@broker_page
def row(request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """One row, or nothing where it does not belong into the tab any more."""
    tab, search = _tab_and_search(request)
    found = inbox_row(actor, conversation_id, tab=tab, search=search)
    return render(request, "inbox/row.html", {"row": found, "me": actor.user_id}) if found else HttpResponse(status=204)


@require_GET
@broker_page
def counts(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The numbers on the tabs."""
    tab, search = _tab_and_search(request)
    context = {"counts": inbox_counts(actor), "tabs": InboxFilter.choices, "tab": tab, "search": search}
    return render(request, "inbox/tabs.html", context)


@require_GET
@broker_page
def pane(request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """Head, thread, composer and lead panel of one conversation."""
    return render(request, "inbox/pane.html", _pane_context(actor, conversation_id))


@require_GET
@broker_page
def head(request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """What depends on the conversation's state: its head and the composer."""
    conversation = get_conversation(actor, conversation_id)
    return render(request, "inbox/head_and_composer.html", {"desk": desk(actor, conversation)})


@require_GET
@broker_page
def lead(request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """The panel of the person."""
    conversation = get_conversation(actor, conversation_id)
    context = {"panel": lead_panel(actor, conversation), "conversation": conversation, "stages": Stage.choices}
    return render(request, "inbox/lead_panel.html", context | _permissions(actor, conversation))


@require_GET
@broker_page
def older(request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """The messages before those on the screen."""
    found = thread(actor, conversation_id, before_id=_number(request, "before"))
    return render(request, "inbox/thread_lines.html", {"thread": found})


@require_GET
@broker_page
def tail(request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """A message on the screen and what came after it."""
    found = thread_tail(actor, conversation_id, since_id=_number(request, "since"))
    return render(request, "inbox/thread_lines.html", {"thread": found})


@require_GET
@broker_page
def transfer_form(request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """To whom it can go."""
    conversation = get_conversation(actor, conversation_id)
    context = {"conversation": conversation, "choices": transfer_choices(actor, conversation)}
    return render(request, "inbox/transfer.html", context)


@require_GET
@broker_page
def close_form(request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """Why it ends."""
    conversation = get_conversation(actor, conversation_id)
    return render(request, "inbox/close.html", {"conversation": conversation, "reasons": CloseReason.choices})


def _list_context(request: HttpRequest, actor: Actor) -> dict[str, object]:
    tab, search = _tab_and_search(request)
    page = inbox_page(actor, tab=tab, search=search, cursor=request.GET.get("cursor", ""))
    return {"page": page, "tab": tab, "search": search, "me": actor.user_id}


def _pane_context(actor: Actor, conversation_id: int) -> dict[str, object]:
    found = thread(actor, conversation_id)
    conversation = found.conversation
    return {
        "conversation": conversation,
        "thread": found,
        "desk": desk(actor, conversation),
        "panel": lead_panel(actor, conversation),
        "stages": Stage.choices,
        **_permissions(actor, conversation),
    }


def _permissions(actor: Actor, conversation: Conversation) -> dict[str, object]:
    """Agents attend people whose page is not theirs to open."""
    is_in_sight = actor.sees_everything or conversation.lead.assigned_agent_id == actor.user_id
    return {"can_edit_lead": actor.can("clients.update"), "can_open_lead": is_in_sight and actor.can("clients.read")}


def _tab_and_search(request: HttpRequest) -> tuple[str, str]:
    tab = request.GET.get("tab", "")
    return (tab if tab in InboxFilter.values else _first_tab(request)), request.GET.get("q", "")[:120]


def _first_tab(request: HttpRequest) -> str:
    """Agents begin with their own conversations, whoever steers a team with all that are open."""
    is_agent = getattr(request.user, "role", "") == Role.AGENT
    return InboxFilter.MINE.value if is_agent else InboxFilter.OPEN.value


def _number(request: HttpRequest, name: str) -> int | None:
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 19 else None
