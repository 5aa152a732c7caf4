"""The Bot API of one bot. The token is in every address, so no address ever gets into an error or a log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.messaging.errors import ProviderCallFailed
from apps.messaging.providers.calls import Answer, AnswerLost, Caller, NotSent, Refused, TooLarge
from apps.messaging.providers.telegram.outbound import BotCall
from apps.messaging.providers.wire import as_dict, as_int, as_number, as_text
from apps.messaging.types import AccountRef, ErrorAction, ProviderError, WireDict

_BY_CODE: dict[int, tuple[ErrorAction, str | Promise]] = {
    401: (ErrorAction.STOP_CHANNEL, gettext_lazy("Telegram no longer accepts this bot's token. Reconnect the bot.")),
    404: (ErrorAction.STOP_CHANNEL, gettext_lazy("Telegram no longer accepts this bot's token. Reconnect the bot.")),
    403: (
        ErrorAction.BAD_RECIPIENT,
        gettext_lazy("Telegram cannot deliver to this person: the bot is blocked or the account is gone."),
    ),
    409: (ErrorAction.GIVE_UP, gettext_lazy("Another program reads this bot's messages. Disconnect it from the bot.")),
    413: (ErrorAction.FIX_DATA, gettext_lazy("The file is larger than Telegram takes.")),
    429: (
        ErrorAction.RETRY_LATER,
        gettext_lazy("This bot has reached Telegram's sending rate. It will be tried again later."),
    ),
}
_UNREACHABLE_TEXTS = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "user is deactivated",
    "chat_write_forbidden",
)


@dataclass(frozen=True, slots=True)
class Bot:
    account: AccountRef
    caller: Caller

    def post(self, call: BotCall) -> Answer:
        """One call as it came back. Raises NotSent, Refused, AnswerLost or TooLarge."""
        if call.file is None:
            return self.caller.json("POST", self._url(call.method), body=call.params)
        form = {key: value if isinstance(value, str) else json.dumps(value) for key, value in call.params.items()}
        filename = call.file.filename or call.file_field
        mime_type = call.file.mime_type or "application/octet-stream"
        files = {call.file_field: (filename, call.file.content or b"", mime_type)}
        return self.caller.json("POST", self._url(call.method), form=form, files=files)

    def call(self, method: str, params: WireDict | None = None) -> Any:
        """The result of a call that can be repeated. Raises ProviderCallFailed."""
        try:
            answer = self.post(BotCall(method, params or {}))
        except Refused:
            raise ProviderCallFailed(address_not_allowed()) from None
        except (NotSent, AnswerLost, TooLarge):
            raise ProviderCallFailed(not_reached()) from None
        body = as_dict(answer.body)
        if body.get("ok") is True:
            return body.get("result")
        raise ProviderCallFailed(error_of(answer), retry_after=wait_of(answer))

    def file_url(self, file_path: str) -> str:
        return f"{self._base()}/file/bot{self._token()}/{quote(file_path)}"

    def _url(self, method: str) -> str:
        return f"{self._base()}/bot{self._token()}/{method}"

    def _base(self) -> str:
        return (self.account.base_url or settings.TELEGRAM_API_BASE_URL).rstrip("/")

    def _token(self) -> str:
        return quote(as_text(self.account.credentials.get("bot_token")), safe=":")


def error_of(answer: Answer) -> ProviderError:
    """What an answer that is not ok says."""
    body = as_dict(answer.body)
    code = as_int(body.get("error_code")) or answer.status
    detail = as_text(body.get("description"))
    action, message = _meaning_of(code, detail.lower())
    return ProviderError(code=str(code), message=str(message), action=action, detail=detail[:500])


def _meaning_of(code: int, detail: str) -> tuple[ErrorAction, str | Promise]:
    if code in {400, 403} and any(text in detail for text in _UNREACHABLE_TEXTS):
        return _BY_CODE[403]
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code >= 500:
        return ErrorAction.RETRY, _("Telegram had a temporary problem. It will be tried again.")
    if code == 400:
        return ErrorAction.FIX_DATA, _("Telegram does not accept this message as it is.")
    return ErrorAction.GIVE_UP, _("Telegram refused the message.")


def wait_of(answer: Answer) -> float | None:
    """Seconds that Telegram wants the bot to be silent."""
    seconds = as_number(as_dict(as_dict(answer.body).get("parameters")).get("retry_after"))
    return answer.retry_after if seconds is None else float(seconds)


def not_reached() -> ProviderError:
    return ProviderError(
        code="not_reached",
        message=_("Telegram could not be reached. It will be tried again."),
        action=ErrorAction.RETRY,
    )


def address_not_allowed() -> ProviderError:
    return ProviderError(
        code="address_not_allowed",
        message=_("The address or token configured for this bot is not usable. Correct it in the account's settings."),
        action=ErrorAction.STOP_CHANNEL,
    )


def answer_lost(code: str = "answer_lost") -> ProviderError:
    return ProviderError(
        code=code,
        message=_(
            "Telegram's answer was lost. The message may have arrived: see the conversation before sending it again."
        ),
        action=ErrorAction.GIVE_UP,
    )


def sent_in_part(sent: int, total: int, reason: str) -> ProviderError:
    return ProviderError(
        code="sent_in_part",
        message=_("Only %(sent)d of the %(total)d parts of this long message were sent. %(reason)s")
        % {"sent": sent, "total": total, "reason": reason},
        action=ErrorAction.GIVE_UP,
    )
