"""Telegram bots.

Account: `external_id` is the bot's id; credentials `bot_token` and `webhook_secret`. https://core.telegram.org/bots/api
"""

from __future__ import annotations

import hmac
import logging
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

from apps.messaging.errors import InvalidOutgoing, InvalidSignature, MediaGone, MediaTooLarge, ProviderCallFailed
from apps.messaging.providers.calls import Answer, AnswerLost, Caller, NotSent, Refused, TooLarge
from apps.messaging.providers.telegram import inbound, outbound
from apps.messaging.providers.telegram.bot import (
    Bot,
    address_not_allowed,
    answer_lost,
    error_of,
    not_reached,
    sent_in_part,
    wait_of,
)
from apps.messaging.providers.telegram.outbound import BotCall
from apps.messaging.providers.wire import as_dict, as_int, as_list, as_text, as_time
from apps.messaging.types import (
    AccountRef,
    Channel,
    ErrorAction,
    Health,
    MediaFile,
    MediaRef,
    Outgoing,
    ParsedEvent,
    ProviderError,
    SendOutcome,
    SendResult,
    WireDict,
)

__all__ = ["ALLOWED_UPDATES", "SECRET_HEADERS", "BotInfo", "Telegram", "WebhookInfo"]

log = logging.getLogger(__name__)

# The first is Telegram's own; the second is the name that the client's document uses for it.
SECRET_HEADERS = ("x-telegram-bot-api-secret-token", "x-telegram-bot-api-secret-hash")
ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
DOWNLOAD_MAX_BYTES = 20 * 1024 * 1024
PENDING_UPDATES_ALARM = 100
_RETRIED = frozenset({ErrorAction.RETRY, ErrorAction.RETRY_LATER})


@dataclass(frozen=True, kw_only=True, slots=True)
class BotInfo:
    id: str
    username: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookInfo:
    url: str
    pending_update_count: int
    last_error_at: datetime | None
    last_error_message: str
    ip_address: str
    max_connections: int
    allowed_updates: tuple[str, ...]


class Telegram:
    channel = Channel.TELEGRAM

    def __init__(self, caller: Caller | None = None) -> None:
        self._caller = caller or Caller()

    def verify(self, account: AccountRef, headers: Mapping[str, str], body: bytes) -> None:
        """Raises InvalidSignature unless the secret that we gave Telegram for this webhook came back."""
        expected = as_text(account.credentials.get("webhook_secret"))
        given = webhook_secret(headers)
        if not expected or not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
            raise InvalidSignature

    def parse(self, account: AccountRef, body: bytes, *, received_at: datetime | None = None) -> list[ParsedEvent]:
        """The update's events; never raises."""
        return inbound.parse(body, received_at or datetime.now(UTC))

    def send(self, account: AccountRef, message: Outgoing) -> SendResult:
        """Sends the message; a text longer than Telegram takes goes in parts, in order, until one fails."""
        try:
            calls = outbound.build(message)
        except InvalidOutgoing as error:
            return _refused(ProviderError(code="invalid_message", message=error.message, action=ErrorAction.FIX_DATA))
        bot = Bot(account, self._caller)
        sent: list[SendResult] = []
        for call in calls:
            result = _send_one(bot, call)
            if result.outcome is not SendOutcome.ACCEPTED:
                return _after_parts(sent, len(calls), result)
            sent.append(result)
        ids = tuple(result.provider_message_id for result in sent)
        return replace(sent[-1], part_ids=ids if len(ids) > 1 else ())

    def fetch_media(self, account: AccountRef, media: MediaRef) -> MediaFile:
        """Raises MediaGone, MediaTooLarge or ProviderCallFailed."""
        if media.size is not None and media.size > DOWNLOAD_MAX_BYTES:
            raise MediaTooLarge
        bot = Bot(account, self._caller)
        path = _file_path(bot, media)
        try:
            found = self._caller.download(bot.file_url(path), max_bytes=DOWNLOAD_MAX_BYTES)
        except TooLarge:
            raise MediaTooLarge from None
        except (NotSent, AnswerLost):
            raise ProviderCallFailed(not_reached()) from None
        if found.status != 200:
            found.stream.close()
            if found.status in {404, 410}:
                raise MediaGone
            raise ProviderCallFailed(not_reached())
        filename = media.filename or PurePosixPath(path).name
        guessed = mimetypes.guess_type(filename)[0] or found.content_type
        return MediaFile(
            stream=found.stream,
            mime_type=media.mime_type or guessed or "application/octet-stream",
            filename=filename,
            size=found.size,
            sha256=found.sha256,
        )

    def mark_read(self, account: AccountRef, provider_message_id: str, *, typing: bool = False) -> bool:
        """Bots have no read receipts; they can only show that somebody is typing."""
        if not typing:
            return True
        chat_id = provider_message_id.partition(":")[0]
        try:
            Bot(account, self._caller).call("sendChatAction", {"chat_id": chat_id, "action": "typing"})
        except ProviderCallFailed as failure:
            log.warning("typing notice refused", extra={"account_id": account.id, "code": failure.error.code})
            return False
        return True

    def health(self, account: AccountRef) -> Health:
        """Whether the token works and Telegram delivers to a webhook."""
        try:
            me, webhook = self.get_me(account), self.webhook_info(account)
        except ProviderCallFailed as failure:
            return Health(ok=False, detail=failure.error.message, facts={"code": failure.error.code})
        facts: WireDict = {
            "username": me.username,
            "webhook_url": webhook.url,
            "pending": webhook.pending_update_count,
            "last_error": webhook.last_error_message,
        }
        is_ok = bool(webhook.url) and webhook.pending_update_count < PENDING_UPDATES_ALARM
        return Health(ok=is_ok, detail=f"@{me.username}" if is_ok else webhook.last_error_message, facts=facts)

    def answer_callback(self, account: AccountRef, callback_id: str, text: str = "") -> bool:
        """Stops the waiting sign on a tapped button. One that is too old is no harm; a failure is logged."""
        params: WireDict = {"callback_query_id": callback_id}
        if text:
            params["text"] = text[:200]
        try:
            Bot(account, self._caller).call("answerCallbackQuery", params)
        except ProviderCallFailed as failure:
            log.info("callback not answered", extra={"account_id": account.id, "code": failure.error.code})
            return False
        return True

    def set_webhook(self, account: AccountRef, url: str, secret: str) -> None:
        """Has Telegram post the bot's updates to `url` with `secret` in a header. Raises ProviderCallFailed."""
        params = {
            "url": url,
            "secret_token": secret,
            "allowed_updates": list(ALLOWED_UPDATES),
            "max_connections": 40,
            "drop_pending_updates": False,
        }
        Bot(account, self._caller).call("setWebhook", params)

    def delete_webhook(self, account: AccountRef) -> None:
        """Raises ProviderCallFailed."""
        Bot(account, self._caller).call("deleteWebhook", {"drop_pending_updates": False})

    def webhook_info(self, account: AccountRef) -> WebhookInfo:
        """Raises ProviderCallFailed."""
        found = as_dict(Bot(account, self._caller).call("getWebhookInfo"))
        error_date = as_int(found.get("last_error_date"))
        return WebhookInfo(
            url=as_text(found.get("url")),
            pending_update_count=as_int(found.get("pending_update_count")) or 0,
            last_error_at=as_time(error_date, datetime.now(UTC)) if error_date else None,
            last_error_message=as_text(found.get("last_error_message")),
            ip_address=as_text(found.get("ip_address")),
            max_connections=as_int(found.get("max_connections")) or 0,
            allowed_updates=tuple(as_text(kind) for kind in as_list(found.get("allowed_updates"))),
        )

    def get_me(self, account: AccountRef) -> BotInfo:
        """Who the token belongs to. Raises ProviderCallFailed."""
        me = as_dict(Bot(account, self._caller).call("getMe"))
        return BotInfo(
            id=as_text(me.get("id")), username=as_text(me.get("username")), name=as_text(me.get("first_name"))
        )


def webhook_secret(headers: Mapping[str, str]) -> str:
    """The secret that came with a webhook, by which its bot can be found; empty if none did."""
    lowered = {name.lower(): value for name, value in headers.items()}
    return next((lowered[name] for name in SECRET_HEADERS if lowered.get(name)), "")


def _send_one(bot: Bot, call: BotCall) -> SendResult:
    """One call, with the two second tries that cannot double a message: the first was refused in both."""
    result, answer = _post(bot, call)
    if answer is None or answer.status != 400:
        return result
    body = as_dict(answer.body)
    moved_to = as_int(as_dict(body.get("parameters")).get("migrate_to_chat_id"))
    if moved_to is not None:
        moved, _answer = _post(bot, call.to_chat(moved_to))
        return replace(moved, wa_id=str(moved_to))
    if "can't parse entities" in as_text(body.get("description")) and "parse_mode" in call.params:
        return _post(bot, call.as_plain_text())[0]
    return result


def _post(bot: Bot, call: BotCall) -> tuple[SendResult, Answer | None]:
    try:
        answer = bot.post(call)
    except Refused:
        return _refused(address_not_allowed()), None
    except NotSent:
        return SendResult(outcome=SendOutcome.RETRY, error=not_reached()), None
    except (AnswerLost, TooLarge):
        return SendResult(outcome=SendOutcome.UNKNOWN, error=answer_lost()), None
    return _result(answer), answer


def _result(answer: Answer) -> SendResult:
    body = as_dict(answer.body)
    if body.get("ok") is True:
        return _accepted(body)
    is_answer = body.get("ok") is False
    # A gateway's 502 or 504, or a page that is not the Bot API's: what the bot server did is not known.
    if answer.status in {502, 504} or (not is_answer and (answer.status >= 500 or answer.status == 200)):
        return SendResult(outcome=SendOutcome.UNKNOWN, error=answer_lost(str(answer.status)))
    error = error_of(answer)
    if "message is not modified" in error.detail.lower():
        return SendResult(outcome=SendOutcome.ACCEPTED)
    if error.action in _RETRIED:
        return SendResult(outcome=SendOutcome.RETRY, error=error, retry_after=wait_of(answer))
    return _refused(error)


def _accepted(body: WireDict) -> SendResult:
    result = body.get("result")
    if result is True:  # reactions and the like make no message
        return SendResult(outcome=SendOutcome.ACCEPTED)
    message = as_dict(result)
    message_id, chat_id = as_text(message.get("message_id")), as_text(as_dict(message.get("chat")).get("id"))
    if not message_id or not chat_id:
        return SendResult(outcome=SendOutcome.UNKNOWN, error=answer_lost("empty_answer"))
    return SendResult(outcome=SendOutcome.ACCEPTED, provider_message_id=f"{chat_id}:{message_id}", wa_id=chat_id)


def _after_parts(sent: list[SendResult], total: int, failed: SendResult) -> SendResult:
    """A later part's failure: the earlier ones arrived, so the whole may not be sent again by itself."""
    if not sent:
        return failed
    reason = failed.error.message if failed.error else ""
    return SendResult(
        outcome=SendOutcome.UNKNOWN,
        provider_message_id=sent[-1].provider_message_id,
        error=sent_in_part(len(sent), total, reason),
        part_ids=tuple(result.provider_message_id for result in sent),
    )


def _refused(error: ProviderError) -> SendResult:
    return SendResult(outcome=SendOutcome.REFUSED, error=error)


def _file_path(bot: Bot, media: MediaRef) -> str:
    try:
        found = as_dict(bot.call("getFile", {"file_id": media.provider_id}))
    except ProviderCallFailed as failure:
        if failure.error.code != "400":
            raise
        if "too big" in failure.error.detail:
            raise MediaTooLarge from None
        raise MediaGone from None
    path = as_text(found.get("file_path"))
    if not path:
        raise MediaGone
    return path
