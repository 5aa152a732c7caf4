"""/api/v1/chat: talking to Sofía as a customer would, and what was said with a lead."""

import html
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import nh3
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.inmo import streaming
from apps.api.inmo.leads import ActivityEntry, LeadResponse
from apps.api.inmo.streaming import EventStreamRenderer, Failed, code_of, events_of
from apps.api.kit.errors import exception_handler
from apps.api.kit.problems import problem_of
from apps.api.kit.schema import documented
from apps.api.kit.serializers import Int, Serializer, Text, Time
from apps.api.kit.views import ApiViewSet
from apps.conversations.models import Message
from apps.conversations.queries import messages_of_lead
from apps.conversations.types import SenderType
from apps.core.pagination import page_of
from apps.leads.models import Activity, Lead
from apps.leads.queries import get_lead
from apps.messaging.types import Channel
from apps.reception.chat import MAX_MESSAGE, chat_once

PROVIDERS: Final = ("webchat", "telegram", "whatsapp")
_PROVIDER_OF_CHANNEL: Final = {
    Channel.WEBCHAT: "webchat",
    Channel.TELEGRAM: "telegram",
    Channel.WHATSAPP_META: "whatsapp",
    Channel.WHATSAPP_WPPCONNECT: "whatsapp",
}
# The document's name of the table that it reads; this product has one.
_TABLE: Final = "chat_messages"
_SANITISING_ROUNDS: Final = 10


class ChatQuestion(Serializer):
    message = Text(min_length=1, max_length=MAX_MESSAGE)
    lead_id = Int(required=False, allow_null=True, default=None, min_value=1)
    provider = serializers.ChoiceField(choices=PROVIDERS, default="webchat")


class ChatReply(Serializer):
    response = Text(source="text")
    lead_id = Int()
    lead_score = serializers.FloatField(source="score")
    lead_status = Text(source="status")


class ChatHistoryQuery(Serializer):
    skip = Int(default=0, min_value=0)
    limit = Int(default=100, min_value=1, max_value=200)
    provider = serializers.ChoiceField(choices=PROVIDERS, required=False)


class ChatMessage(Serializer):
    id = Int(source="pk")
    direction = Text()
    message_text = Text(source="text")
    sender_type = serializers.SerializerMethodField()
    created_at = Time(source="sent_at")
    ai_response_used = serializers.BooleanField(source="is_ai")
    provider = serializers.SerializerMethodField()

    def get_sender_type(self, message: Message) -> str:
        """customer, bot or agent: what the system itself writes counts as the bot's."""
        return SenderType.BOT if message.sender_type == SenderType.SYSTEM else message.sender_type

    def get_provider(self, message: Message) -> str:
        """The channel in the document's words."""
        return _PROVIDER_OF_CHANNEL[Channel(message.conversation.channel)]


class ChatHistory(Serializer):
    lead_id = Int()
    provider = Text()
    messages = ChatMessage(many=True)
    total = Int()
    skip = Int()
    limit = Int()


class DataCompleteness(Serializer):
    has_name = serializers.BooleanField()
    has_phone = serializers.BooleanField()
    has_location = serializers.BooleanField()
    has_budget = serializers.BooleanField()


class ChatVerification(Serializer):
    lead = LeadResponse()
    messages = ChatMessage(many=True)
    activities = ActivityEntry(many=True)
    data_completeness = DataCompleteness()


class ChatViewSet(ApiViewSet):
    """Messages are plain text: markup is taken out of them, the words stay."""

    takes_broker_id = True

    @documented(body=ChatQuestion, answer=ChatReply)
    def test(self, request: Request) -> Response:
        """Sofía's whole answer; without a lead_id a new lead is made. `response` is empty where a person attends."""
        answer = chat_once(actor=self.actor, **_question(self))
        return Response(ChatReply(answer).data)

    @documented(query=ChatHistoryQuery, answer=ChatHistory)
    def messages(self, request: Request, lead_id: int) -> Response:
        """On all channels or one, oldest first; internal notes are not part of it."""
        query = self.query(ChatHistoryQuery)
        lead = get_lead(self.actor, lead_id)
        rows = messages_of_lead(lead.pk)
        if "provider" in query:
            channels = [channel for channel, name in _PROVIDER_OF_CHANNEL.items() if name == query["provider"]]
            rows = rows.filter(conversation__channel__in=channels)
        page = page_of(rows, offset=query["skip"], limit=query["limit"])
        return Response(
            {
                "lead_id": lead.pk,
                "provider": _TABLE,
                "messages": ChatMessage(page.items, many=True).data,
                "total": page.total,
                "skip": page.offset,
                "limit": page.limit,
            }
        )

    @documented(answer=ChatVerification)
    def verify(self, request: Request, lead_id: int) -> Response:
        """What is known of the lead, all that was said and all that happened, for whoever tests Sofía."""
        lead = get_lead(self.actor, lead_id)
        activities = Activity.objects.filter(lead=lead).order_by("id")
        return Response(
            {
                "lead": LeadResponse(lead).data,
                "messages": ChatMessage(messages_of_lead(lead.pk), many=True).data,
                "activities": ActivityEntry(activities, many=True).data,
                "data_completeness": _completeness(lead),
            }
        )


class ChatStreamViewSet(ApiViewSet):
    """The same as test, word by word. Every refusal is one error event, with the status that test would have."""

    takes_broker_id = True
    renderer_classes = (EventStreamRenderer,)  # type: ignore[assignment]  # the kit names its own renderer

    def get_exception_handler(self) -> Callable[..., Any]:
        return _refuse_with_an_event

    @documented(body=ChatQuestion, answer=OpenApiTypes.STR, media_type="text/event-stream")
    def stream(self, request: Request) -> HttpResponseBase:
        """Events {token}, then one {done, lead_id, lead_score, lead_status, conversation_state} or {error, code}."""
        run = partial(chat_once, actor=self.actor, **_question(self))
        feed = streaming.start(int(self.broker_id or 0), lambda on_token: run(on_token=on_token))
        first = feed.first()
        if isinstance(first, Failed):
            raise first.error
        return StreamingHttpResponse(
            events_of(first, feed),
            content_type="text/event-stream",
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )


def _question(view: ApiViewSet) -> dict[str, Any]:
    fields = view.body(ChatQuestion)
    return {**fields, "message": plain_text(fields["message"])}


def plain_text(text: str) -> str:
    """The words without markup, also without markup that was written as entities.

    >>> plain_text("<b>3 < 5</b> &amp; more")
    '3 < 5 & more'
    """
    for _round in range(_SANITISING_ROUNDS):
        cleaned = html.unescape(nh3.clean(text, tags=set(), attributes={}))
        if cleaned == text:
            return cleaned
        text = cleaned
    return nh3.clean(text, tags=set(), attributes={})


def _completeness(lead: Lead) -> dict[str, bool]:
    known = lead.attributes
    return {
        "has_name": bool(lead.name),
        "has_phone": bool(lead.phone),
        "has_location": bool(known.get("location") or lead.city),
        "has_budget": bool(known.get("budget_amount") or known.get("budget")),
    }


def _refuse_with_an_event(error: Exception, context: dict[str, Any]) -> Response | None:
    response = exception_handler(error, context)
    if response is not None:
        problem = problem_of(error)
        detail = response.data["detail"]
        response.data = {
            "error": detail if isinstance(detail, str) else detail[0]["msg"],
            "code": code_of(response.status_code, problem.code if problem else "INTERNAL_ERROR"),
        }
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Accel-Buffering"] = "no"
    return response
