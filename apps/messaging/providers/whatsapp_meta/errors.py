"""Meta's error codes: what each asks for, in words for the person who wrote the message.

The code alone decides; titles and HTTP statuses of the same code differ between documents and versions.
https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.messaging.providers.wire import as_dict, as_int, as_text
from apps.messaging.types import ErrorAction, ProviderError, WireDict

OBJECT_MISSING_SUBCODE = 33
MEDIA_CODES = frozenset({131052, 131053})

# Seconds Meta asks for where no header says it.
MAINTENANCE_WAIT = 60.0
PAIR_LIMIT_WAIT = 4.0


@dataclass(frozen=True, slots=True)
class _Meaning:
    action: ErrorAction
    message: str | Promise
    wait: float | None = None


_AUTH = _Meaning(
    ErrorAction.STOP_CHANNEL,
    _("WhatsApp no longer accepts this account's access token or permissions. Reconnect the account."),
)
_TEMPORARY = _Meaning(ErrorAction.RETRY, _("WhatsApp had a temporary problem. It will be tried again."))
_RATE = _Meaning(
    ErrorAction.RETRY_LATER, _("This number has reached WhatsApp's sending rate. It will be tried again later.")
)
_MAINTENANCE = _Meaning(
    ErrorAction.RETRY,
    _("WhatsApp is upgrading or maintaining this number. It will be tried again in a minute."),
    MAINTENANCE_WAIT,
)
_SPAM = _Meaning(
    ErrorAction.STOP_CHANNEL, _("WhatsApp has limited this number because of complaints. Pause its campaigns.")
)
_BLOCKED = _Meaning(
    ErrorAction.STOP_CHANNEL, _("WhatsApp has locked or restricted this account. See Meta's account page.")
)
_SETUP = _Meaning(
    ErrorAction.STOP_CHANNEL,
    _("This number is not ready to send: see its display name, certificate, payment and registration at Meta."),
)
_BAD_REQUEST = _Meaning(ErrorAction.FIX_DATA, _("WhatsApp does not accept this message as it is."))
_TEMPLATE_DATA = _Meaning(
    ErrorAction.FIX_DATA, _("The template's variables or text do not fit. Check how many it needs and their format.")
)
_TEMPLATE_STATE = _Meaning(
    ErrorAction.FIX_DATA, _("The template does not exist in this language, or is not approved, paused or disabled.")
)
_WINDOW = _Meaning(
    ErrorAction.OFFER_TEMPLATE,
    _("More than 24 hours have passed since the customer last wrote. Use an approved template."),
)
_OUT_OF_REACH = _Meaning(
    ErrorAction.BAD_RECIPIENT,
    _("WhatsApp cannot deliver to this person: no WhatsApp, an old version, or the number is blocked."),
)
_MEDIA = _Meaning(ErrorAction.RETRY, _("WhatsApp could not load the file. It will be tried again."))

_MEANINGS: dict[int, _Meaning] = {
    **dict.fromkeys((0, 3, 10, 190, 131005), _AUTH),
    **dict.fromkeys((1, 2, 131000, 131016, 135000), _TEMPORARY),
    **dict.fromkeys((4, 17, 80007, 130429), _RATE),
    131056: _Meaning(
        ErrorAction.DELAY_RECIPIENT,
        _("Too many messages to this person in a short time. It will be tried again in a moment."),
        PAIR_LIMIT_WAIT,
    ),
    **dict.fromkeys((131048, 131064), _SPAM),
    **dict.fromkeys((131057, 133004), _MAINTENANCE),
    **dict.fromkeys((131047, 470), _WINDOW),
    131026: _OUT_OF_REACH,
    131030: _Meaning(
        ErrorAction.BAD_RECIPIENT,
        _("This is a test number and the recipient is not on its list of allowed numbers."),
    ),
    131021: _Meaning(ErrorAction.BAD_RECIPIENT, _("A number cannot write to itself.")),
    131049: _Meaning(
        ErrorAction.GIVE_UP, _("WhatsApp held this message back because the person receives many. Wait a day.")
    ),
    131050: _Meaning(ErrorAction.OPT_OUT, _("This person has stopped marketing messages.")),
    130472: _Meaning(ErrorAction.GIVE_UP, _("WhatsApp does not deliver marketing messages to this person.")),
    **dict.fromkeys((33, 100, 131008, 131009, 131051), _BAD_REQUEST),
    131062: _Meaning(ErrorAction.FIX_DATA, _("This kind of message needs the person's phone number.")),
    **dict.fromkeys(MEDIA_CODES, _MEDIA),
    **dict.fromkeys((368, 130497, 131031), _BLOCKED),
    **dict.fromkeys((131037, 131042, 131044, 131045, 133010), _SETUP),
    131060: _Meaning(
        ErrorAction.GIVE_UP, _("This message is not available here; it may be seen in the phone's WhatsApp.")
    ),
    131063: _Meaning(ErrorAction.FIX_DATA, _("Marketing templates are disabled for this number.")),
    **dict.fromkeys((132000, 132005, 132007, 132008, 132012), _TEMPLATE_DATA),
    **dict.fromkeys((132001, 132015, 132016), _TEMPLATE_STATE),
    132068: _Meaning(ErrorAction.GIVE_UP, _("The form in this message is blocked by WhatsApp.")),
    132069: _Meaning(
        ErrorAction.RETRY_LATER, _("The form in this message is used too often. It will be tried again later.")
    ),
}
_OBJECT_MISSING = _Meaning(
    ErrorAction.FIX_DATA, _("The file, template or number no longer exists at WhatsApp or is not this account's.")
)
_UNKNOWN = _Meaning(ErrorAction.GIVE_UP, _("WhatsApp refused the message."))


@dataclass(frozen=True, slots=True)
class ReadError:
    """`wait`: seconds to leave at least before trying again, where Meta names them."""

    error: ProviderError
    wait: float | None = None


def read_error(value: object, *, http_status: int = 400) -> ReadError:
    """One error object of Meta's, from an answer, a status or a webhook."""
    raw = as_dict(value)
    code = as_int(raw.get("code"))
    meaning = _meaning_of(raw, code, http_status)
    detail = as_text(as_dict(raw.get("error_data")).get("details")) or as_text(raw.get("message"))
    error = ProviderError(
        code=str(code if code is not None else http_status),
        message=str(meaning.message),
        action=meaning.action,
        detail=(detail or as_text(raw.get("title")))[:500],
    )
    return ReadError(error, meaning.wait)


def _meaning_of(raw: WireDict, code: int | None, http_status: int) -> _Meaning:
    if code == 100 and as_int(raw.get("error_subcode")) == OBJECT_MISSING_SUBCODE:
        return _OBJECT_MISSING
    if code is not None and code in _MEANINGS:
        return _MEANINGS[code]
    if code is not None and 200 <= code <= 299:
        return _AUTH
    if raw.get("is_transient") is True or http_status >= 500:
        return _TEMPORARY
    if http_status == 429:
        return _RATE
    if http_status in {401, 403}:
        return _AUTH
    return _UNKNOWN
