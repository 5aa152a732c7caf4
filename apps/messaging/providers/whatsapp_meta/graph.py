"""The Graph API of one account: where it is, who we are there, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.messaging.errors import ProviderCallFailed
from apps.messaging.providers.calls import Answer, AnswerLost, Caller, NotSent, Refused, TooLarge
from apps.messaging.providers.whatsapp_meta.errors import ReadError, read_error
from apps.messaging.providers.wire import as_dict, as_list, as_number, as_text
from apps.messaging.types import AccountRef, ErrorAction, ProviderError, WireDict


@dataclass(frozen=True, slots=True)
class Graph:
    """One account's view of the Graph API. The base address includes the version: `https://host/v26.0`."""

    account: AccountRef
    caller: Caller

    @property
    def phone_number_id(self) -> str:
        return self.account.external_id

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {as_text(self.account.credentials.get('access_token'))}"}

    def url(self, path: str) -> str:
        return f"{(self.account.base_url or settings.GRAPH_API_BASE_URL).rstrip('/')}/{path}"

    def send(self, path: str, **request: Any) -> Answer:
        """One call as it came back. Raises NotSent, Refused or AnswerLost."""
        return self.caller.json("POST", self.url(path), headers=self.headers, **request)

    def call(self, method: str, path: str, **request: Any) -> WireDict:
        """The object of a call that can be repeated. Raises ProviderCallFailed."""
        try:
            answer = self.caller.json(method, self.url(path), headers=self.headers, **request)
        except Refused:
            raise ProviderCallFailed(address_not_allowed()) from None
        except (NotSent, AnswerLost, TooLarge):
            raise ProviderCallFailed(not_reached()) from None
        if answer.status == 200 and isinstance(answer.body, dict) and "error" not in answer.body:
            return answer.body
        failure = error_of(answer)
        raise ProviderCallFailed(failure.error, retry_after=wait_of(answer, failure))


def error_of(answer: Answer) -> ReadError:
    """What an answer that is no success says."""
    return read_error(as_dict(answer.body).get("error"), http_status=answer.status)


def wait_of(answer: Answer, failure: ReadError) -> float | None:
    """Seconds until the next attempt: what the headers say, else what the code is known to need."""
    return answer.retry_after or _usage_wait(answer.headers) or failure.wait


def _usage_wait(headers: Mapping[str, str]) -> float | None:
    """Meta tells the time to regain access in minutes, per business account."""
    try:
        usage = as_dict(json.loads(headers.get("x-business-use-case-usage", "") or "{}"))
    except ValueError:
        return None
    minutes = [
        as_number(as_dict(entry).get("estimated_time_to_regain_access")) or 0
        for entries in usage.values()
        for entry in as_list(entries)
    ]
    longest = max(minutes, default=0)
    return longest * 60.0 if longest > 0 else None


def not_reached() -> ProviderError:
    return ProviderError(
        code="not_reached",
        message=_("WhatsApp could not be reached. It will be tried again."),
        action=ErrorAction.RETRY,
    )


def address_not_allowed() -> ProviderError:
    return ProviderError(
        code="address_not_allowed",
        message=_("The address or access token configured for this account is not usable. Correct it in its settings."),
        action=ErrorAction.STOP_CHANNEL,
    )


def answer_lost(code: str = "answer_lost") -> ProviderError:
    return ProviderError(
        code=code,
        message=_(
            "WhatsApp's answer was lost. The message may have arrived: see the conversation before sending it again."
        ),
        action=ErrorAction.GIVE_UP,
    )
