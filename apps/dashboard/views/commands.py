"""What the inbox's buttons do: each calls one action and tells the page what to fetch again."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.conversations import actions as conversations
from apps.conversations.outbound import NewMessage
from apps.conversations.queries import get_conversation
from apps.core.access import Actor
from apps.core.errors import InvalidInput
from apps.dashboard.queries import thread_tail
from apps.dashboard.requests import broker_of, broker_page, safe_next, with_event, with_toast
from apps.dashboard.views.lead_stage import move_or_ask
from apps.leads.actions import update_lead
from apps.queues.actions import enqueue, set_presence


@require_POST
@broker_page
def write(request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """Send what is in the composer, or keep it as a note; answers the end of the thread."""
    text = request.POST.get("text", "").replace("\r\n", "\n").strip()
    client_id = request.POST.get("client_id", "")[:64] or None
    if request.POST.get("mode") == "note":
        message = conversations.add_note(actor=actor, conversation_id=conversation_id, text=text, client_id=client_id)
    else:
        message = conversations.send_message(
            actor=actor, conversation_id=conversation_id, content=NewMessage(text=text), client_id=client_id
        )
    found = thread_tail(actor, conversation_id, since_id=message.pk)
    return _changed(render(request, "inbox/thread_lines.html", {"thread": found}), conversation_id)


@require_POST
@broker_page
def take(_request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """Attend it oneself."""
    conversations.take_over(actor=actor, conversation_id=conversation_id)
    return _changed(with_toast(HttpResponse(status=204), _("The conversation is yours.")), conversation_id)


@require_POST
@broker_page
def return_to_bot(_request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """Let Sofía attend it."""
    conversations.return_to_bot(actor=actor, conversation_id=conversation_id)
    return _changed(with_toast(HttpResponse(status=204), _("Sofía attends it again.")), conversation_id)


@require_POST
@broker_page
def transfer(request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """Hand it to a person (`agent:7`) or a queue (`queue:2`)."""
    kind, _colon, number = request.POST.get("target", "").partition(":")
    reason = request.POST.get("reason", "").strip()[:400]
    if kind not in {"agent", "queue"} or not number.isdecimal():
        raise InvalidInput(_("Choose to whom it goes."), field="target")
    if kind == "agent":
        conversations.transfer_conversation(
            actor=actor, conversation_id=conversation_id, agent_id=int(number), reason=reason
        )
    else:
        enqueue(actor=actor, conversation_id=conversation_id, queue_id=int(number), reason=reason)
    return _done(_("Transferred."), conversation_id)


@require_POST
@broker_page
def close(request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """End it, with the reason."""
    conversations.close_conversation(
        actor=actor,
        conversation_id=conversation_id,
        reason=request.POST.get("reason", ""),
        notes=request.POST.get("notes", ""),
    )
    return _done(_("Closed."), conversation_id)


@require_POST
@broker_page
def reopen(_request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """Open it again."""
    conversations.reopen_conversation(actor=actor, conversation_id=conversation_id)
    return _done(_("Opened again."), conversation_id)


@require_POST
@broker_page
def mark_read(_request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """The agent has it before their eyes."""
    conversations.mark_read(actor=actor, conversation_id=conversation_id)
    return HttpResponse(status=204)


@require_POST
@broker_page
def retry(_request: HttpRequest, actor: Actor, message_id: int) -> HttpResponse:
    """Send a failed or uncertain message again."""
    message = conversations.retry_message(actor=actor, message_id=message_id)
    return _changed(HttpResponse(status=204), message.conversation_id, message.pk)


@require_POST
@broker_page
def confirm_sent(_request: HttpRequest, actor: Actor, message_id: int) -> HttpResponse:
    """A person saw that an uncertain message arrived."""
    message = conversations.resolve_uncertain(actor=actor, message_id=message_id)
    return _changed(HttpResponse(status=204), message.conversation_id, message.pk)


@require_POST
@broker_page
def stage(request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """Move the person of this conversation in the pipeline; the dialog where the stage asks for something first."""
    conversation = get_conversation(actor, conversation_id)
    action = reverse("dashboard:stage", args=[conversation_id])
    answer = move_or_ask(request, actor.widened(), conversation.lead_id, action=action)
    if answer.status_code != 204:
        answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#dialog-body", "innerHTML"
    # The panel shows the stage as it is, also while it is being asked.
    return with_event(answer, "lead-changed", {"conversation_id": conversation_id})


@require_POST
@broker_page
def tag(request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """Add a tag to the person, or take one away."""
    lead = get_conversation(actor, conversation_id).lead
    added, removed = request.POST.get("add", "").strip(), request.POST.get("remove", "")
    kept = [name for name in lead.tags if name != removed]
    update_lead(actor=actor.widened(), lead_id=lead.pk, tags=[*kept, added] if added else kept)
    return _lead_changed(conversation_id)


@require_POST
@broker_page
def edit_lead(request: HttpRequest, actor: Actor, conversation_id: int) -> HttpResponse:
    """Correct the person's name, phone or e-mail."""
    conversation = get_conversation(actor, conversation_id)
    fields = {name: request.POST[name].strip() for name in ("name", "phone", "email", "city") if name in request.POST}
    country = broker_of(request, actor).country
    update_lead(actor=actor.widened(), lead_id=conversation.lead_id, phone_country=country, **fields)
    return with_event(_lead_changed(conversation_id), "close-dialog", {})


@require_POST
@broker_page
def presence(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Available, paused or offline."""
    if actor.user_id is not None:
        set_presence(actor=actor, user_id=actor.user_id, presence=request.POST.get("presence", ""))
    return redirect(safe_next(request, "/app/"))


def _changed(response: HttpResponse, conversation_id: int, message_id: int | None = None) -> HttpResponse:
    detail: dict[str, object] = {"conversation_id": conversation_id, "message_id": message_id}
    return with_event(response, "conversation-changed", detail)


def _lead_changed(conversation_id: int) -> HttpResponse:
    return with_event(HttpResponse(status=204), "lead-changed", {"conversation_id": conversation_id})


def _done(words: str, conversation_id: int) -> HttpResponse:
    answer = with_event(with_toast(HttpResponse(status=204), words), "close-dialog", {})
    return _changed(answer, conversation_id)
