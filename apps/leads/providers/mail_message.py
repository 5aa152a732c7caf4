"""An e-mail message taken apart, whatever is wrong with it.

The old, forgiving policy of the standard library's parser: the newer one raises on headers that portals do send.
"""

from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from typing import Final

from apps.leads.providers.mail_text import text_of_html

_MOST_PARTS: Final = 200
_MOST_CHARACTERS: Final = 200_000


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What matters of a message; `text` is its body as lines."""

    sender: str
    reply_to: str
    subject: str
    message_id: str
    text: str


def parse_mail(raw: bytes) -> Mail:
    """The message's sender, subject and body; what cannot be decoded is replaced, nothing is raised."""
    message = message_from_bytes(raw)
    plain, html = _bodies(message)
    return Mail(
        sender=_header(message, "From"),
        reply_to=_header(message, "Reply-To"),
        subject=_header(message, "Subject")[:300],
        message_id=_header(message, "Message-ID").strip()[:300],
        text=lines_of(plain) if plain.strip() else text_of_html(html),
    )


def lines_of(text: str) -> str:
    """The text with one kind of line end."""
    return "\n".join(text.splitlines())


def _bodies(message: Message) -> tuple[str, str]:
    """The first plain and the first HTML part that are not attachments."""
    found: dict[str, str] = {}
    for number, part in enumerate(message.walk()):
        if number >= _MOST_PARTS:
            break
        kind = part.get_content_type()
        if kind in {"text/plain", "text/html"} and kind not in found and not _is_attached(part):
            found[kind] = _text_of(part)
    return found.get("text/plain", ""), found.get("text/html", "")


def _is_attached(part: Message) -> bool:
    return str(part.get("Content-Disposition", "")).strip().lower().startswith("attachment")


def _text_of(part: Message) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    return _decoded(raw, _charset_of(part)).replace("\x00", "")[:_MOST_CHARACTERS]


def _charset_of(part: Message) -> str:
    try:
        return str(part.get_content_charset() or "")
    except (LookupError, ValueError):
        return ""


def _decoded(raw: bytes, charset: str) -> str:
    for encoding in (charset, "utf-8"):
        try:
            if encoding:
                return raw.decode(encoding)
        except (LookupError, UnicodeError, ValueError):
            continue
    return raw.decode("latin-1")


def _header(message: Message, name: str) -> str:
    """The header's words; bytes that should have been encoded are read like a body without a charset."""
    raw = next((str(value) for found, value in message.raw_items() if found.lower() == name.lower()), "")
    text = _decoded(raw.encode("utf-8", "surrogateescape"), "")
    try:
        parts = decode_header(text)
    except HeaderParseError:
        return " ".join(text.split())
    words = "".join(part if isinstance(part, str) else _decoded(part, charset or "") for part, charset in parts)
    return " ".join(words.replace("\x00", "").split())
