"""WhatsApp through Meta's Cloud API.

Account: `external_id` is the phone_number_id; credentials `access_token`, `app_secret` and `verify_token`; setting
`waba_id`, needed for templates and to be told about the account.
https://developers.facebook.com/documentation/business-messaging/whatsapp
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings
from django.utils.translation import gettext as _

from apps.messaging.errors import InvalidOutgoing, ProviderCallFailed
from apps.messaging.providers.calls import Answer, AnswerLost, Caller, NotSent, Refused, TooLarge
from apps.messaging.providers.whatsapp_meta import inbound, media, outbound
from apps.messaging.providers.whatsapp_meta.graph import (
    Graph,
    address_not_allowed,
    answer_lost,
    error_of,
    not_reached,
    wait_of,
)
from apps.messaging.providers.whatsapp_meta.inbound import business_account_ids, phone_number_ids
from apps.messaging.providers.whatsapp_meta.signature import (
    SIGNATURE_HEADER,
    check_signature,
    header_value,
    verify_subscription,
)
from apps.messaging.providers.wire import as_dict, as_list, as_text, dicts_in
from apps.messaging.types import (
    AccountRef,
    Channel,
    ErrorAction,
    Health,
    MediaFile,
    MediaRef,
    Outgoing,
    OutgoingMedia,
    ParsedEvent,
    ProviderError,
    SendOutcome,
    SendResult,
    WireDict,
)

__all__ = ["TemplateInfo", "WhatsAppMeta", "business_account_ids", "phone_number_ids", "verify_subscription"]

log = logging.getLogger(__name__)

INBOUND_MEDIA_MAX_BYTES = 100 * 1024 * 1024
TEMPLATE_PAGES_MAX = 200
_TEMPLATE_FIELDS = "id,name,language,status,category,components,parameter_format,quality_score,rejected_reason"
_RETRIED = frozenset({ErrorAction.RETRY, ErrorAction.RETRY_LATER, ErrorAction.DELAY_RECIPIENT})


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateInfo:
    """A message template as Meta keeps it; (name, language) is its key."""

    provider_id: str
    name: str
    language: str
    status: str
    category: str
    parameter_format: str
    components: tuple[WireDict, ...]
    quality: str
    rejected_reason: str


class WhatsAppMeta:
    channel = Channel.WHATSAPP_META

    def __init__(self, caller: Caller | None = None) -> None:
        self._caller = caller or Caller()

    def verify(self, account: AccountRef, headers: Mapping[str, str], body: bytes) -> None:
        """Raises InvalidSignature unless the body is signed with the account's app secret."""
        check_signature(as_text(account.credentials.get("app_secret")), header_value(headers, SIGNATURE_HEADER), body)

    def parse(self, account: AccountRef, body: bytes, *, received_at: datetime | None = None) -> list[ParsedEvent]:
        """The account's events in the body; never raises."""
        return inbound.parse(account, body, received_at or datetime.now(UTC))

    def send(self, account: AccountRef, message: Outgoing) -> SendResult:
        """Posts the message once, after uploading its file if it has one."""
        graph = Graph(account, self._caller)
        try:
            body = outbound.build(self._with_uploaded_file(graph, message))
        except InvalidOutgoing as error:
            return _refused(ProviderError(code="invalid_message", message=error.message, action=ErrorAction.FIX_DATA))
        except ProviderCallFailed as failure:
            return _failed(failure.error, failure.retry_after)
        return _post(graph, body)

    def upload_media(self, account: AccountRef, file: OutgoingMedia) -> str:
        """The id under which the file can be sent for 30 days. Raises ProviderCallFailed."""
        return media.upload(Graph(account, self._caller), file)

    def fetch_media(self, account: AccountRef, media_ref: MediaRef) -> MediaFile:
        """Raises MediaGone, MediaTooLarge, MediaCorrupt or ProviderCallFailed."""
        limit = getattr(settings, "INBOUND_MEDIA_MAX_BYTES", INBOUND_MEDIA_MAX_BYTES)
        return media.fetch(Graph(account, self._caller), self._caller, media_ref, limit)

    def mark_read(self, account: AccountRef, provider_message_id: str, *, typing: bool = False) -> bool:
        """Whether Meta took it. A receipt is a courtesy: its failure is logged and nothing more."""
        graph = Graph(account, self._caller)
        body: WireDict = {"messaging_product": "whatsapp", "status": "read", "message_id": provider_message_id}
        if typing:
            body["typing_indicator"] = {"type": "text"}
        try:
            return graph.call("POST", f"{graph.phone_number_id}/messages", body=body).get("success") is True
        except ProviderCallFailed as failure:
            log.warning("read receipt refused", extra={"account_id": account.id, "code": failure.error.code})
            return False

    def health(self, account: AccountRef) -> Health:
        """Whether Meta knows the number and takes the token."""
        graph = Graph(account, self._caller)
        try:
            facts = graph.call(
                "GET", graph.phone_number_id, params={"fields": "id,display_phone_number,verified_name,quality_rating"}
            )
        except ProviderCallFailed as failure:
            return Health(ok=False, detail=failure.error.message, facts={"code": failure.error.code})
        return Health(ok=True, detail=as_text(facts.get("display_phone_number")), facts=facts)

    def templates(self, account: AccountRef) -> list[TemplateInfo]:
        """Every template of the account's WABA. Raises ProviderCallFailed."""
        graph = Graph(account, self._caller)
        waba_id = _waba_id(account)
        params = {"fields": _TEMPLATE_FIELDS, "limit": "100"}
        found: list[TemplateInfo] = []
        for _page in range(TEMPLATE_PAGES_MAX):
            page = graph.call("GET", f"{waba_id}/message_templates", params=params)
            found += [_template(item) for item in dicts_in(page.get("data"))]
            paging = as_dict(page.get("paging"))
            after = as_text(as_dict(paging.get("cursors")).get("after"))
            if not paging.get("next") or not after or after == params.get("after"):
                break
            params["after"] = after
        return found

    def subscribe(self, account: AccountRef) -> None:
        """Has Meta post the WABA's webhooks to our app. Raises ProviderCallFailed."""
        Graph(account, self._caller).call("POST", f"{_waba_id(account)}/subscribed_apps")

    def _with_uploaded_file(self, graph: Graph, message: Outgoing) -> Outgoing:
        file = message.media
        if file is None or file.content is None or file.provider_id or message.type not in outbound.MEDIA_OBJECTS:
            return message
        outbound.check_upload(message)
        outbound.build(replace(message, media=replace(file, provider_id="to be uploaded")))
        return replace(message, media=replace(file, provider_id=media.upload(graph, file)))


def _post(graph: Graph, body: WireDict) -> SendResult:
    try:
        answer = graph.send(f"{graph.phone_number_id}/messages", body=body)
    except Refused:
        return _refused(address_not_allowed())
    except NotSent:
        return SendResult(outcome=SendOutcome.RETRY, error=not_reached())
    except (AnswerLost, TooLarge):
        return SendResult(outcome=SendOutcome.UNKNOWN, error=answer_lost())
    return _result(answer)


def _result(answer: Answer) -> SendResult:
    body = as_dict(answer.body)
    if "error" in body:
        failure = error_of(answer)
        return _failed(failure.error, wait_of(answer, failure))
    if answer.status == 200:
        return _accepted(body)
    if answer.status >= 500:
        # A gateway's page: whether the message passed it before it broke cannot be known.
        return SendResult(outcome=SendOutcome.UNKNOWN, error=answer_lost(str(answer.status)))
    failure = error_of(answer)
    return _failed(failure.error, wait_of(answer, failure))


def _accepted(body: WireDict) -> SendResult:
    sent = next(dicts_in(body.get("messages")), {})
    message_id = as_text(sent.get("id"))
    if not message_id:
        return SendResult(outcome=SendOutcome.UNKNOWN, error=answer_lost("empty_answer"))
    contact = next(dicts_in(body.get("contacts")), {})
    return SendResult(
        outcome=SendOutcome.ACCEPTED,
        provider_message_id=message_id,
        wa_id=as_text(contact.get("wa_id")),
        held=as_text(sent.get("message_status")) == "held_for_quality_assessment",
    )


def _failed(error: ProviderError, retry_after: float | None) -> SendResult:
    if error.action in _RETRIED:
        return SendResult(outcome=SendOutcome.RETRY, error=error, retry_after=retry_after)
    return _refused(error)


def _refused(error: ProviderError) -> SendResult:
    return SendResult(outcome=SendOutcome.REFUSED, error=error)


def _waba_id(account: AccountRef) -> str:
    waba_id = as_text(account.settings.get("waba_id"))
    if not waba_id:
        raise ProviderCallFailed(
            ProviderError(
                code="waba_id_missing",
                message=_("Set the WhatsApp Business account id in the account's settings first."),
                action=ErrorAction.FIX_DATA,
            )
        )
    return waba_id


def _template(item: WireDict) -> TemplateInfo:
    return TemplateInfo(
        provider_id=as_text(item.get("id")),
        name=as_text(item.get("name")),
        language=as_text(item.get("language")),
        status=as_text(item.get("status")),
        category=as_text(item.get("category")),
        parameter_format=as_text(item.get("parameter_format")) or "POSITIONAL",
        components=tuple(dicts_in(as_list(item.get("components")))),
        quality=as_text(as_dict(item.get("quality_score")).get("score")),
        rejected_reason=as_text(item.get("rejected_reason")),
    )
