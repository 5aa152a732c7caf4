"""A portal's notification e-mail becomes a lead: `label: value` lines, text or HTML, Spanish, Portuguese or English.

It comes as the message itself (message/rfc822, RFC 5322), or in the ways in which mail services hand one on to a
webhook: the raw message in one field (SendGrid's `email`, Mailgun's `body-mime`, Postmark's `RawEmail`), or already
taken apart (`from`, `subject`, `text`, `html`). Sources: https://www.twilio.com/docs/sendgrid/for-developers/parsing-email,
https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store, https://postmarkapp.com/developer/webhooks/inbound-webhook
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parseaddr
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from apps.leads.providers import mail_labels
from apps.leads.providers.mail_message import Mail, lines_of, parse_mail
from apps.leads.providers.mail_text import text_of_html
from apps.leads.providers.types import Adapter, Recognised

NAME: Final = "email"
_RAW_FIELDS: Final = ("raw_email", "email", "body-mime", "RawEmail", "raw", "mime")
_FROM: Final = re.compile(r"(?im)^From:[^\n]{0,1000}@")
_ALSO: Final = re.compile(r"(?im)^(Subject|Date|Message-ID|MIME-Version|Received|Return-Path|To):")
# Who only passes mail on is nobody's address.
_NOBODY: Final = re.compile(
    r"(?i)^(no-?_?\.?reply|donotreply|no-?responder|nao-?responda|notifica\w*|mailer|alert\w*|leads?)\b"
)
# The end of the sender's domain → how the portal is called where a lead says where it comes from.
_PORTALS: Final[Mapping[str, str]] = {
    domain: name
    for name, domains in {
        "portalinmobiliario": "portalinmobiliario.com",
        "mercadolibre": "mercadolibre.com mercadolibre.cl mercadolibre.com.ar mercadolibre.com.mx mercadolivre.com.br",
        "toctoc": "toctoc.com",
        "yapo": "yapo.cl",
        "zonaprop": "zonaprop.com.ar",
        "argenprop": "argenprop.com",
        "properati": "properati.com properati.com.ar properati.com.co",
        "inmuebles24": "inmuebles24.com",
        "vivanuncios": "vivanuncios.com.mx",
        "lamudi": "lamudi.com.mx lamudi.com.co",
        "metrocuadrado": "metrocuadrado.com",
        "fincaraiz": "fincaraiz.com.co",
        "ciencuadras": "ciencuadras.com",
        "urbania": "urbania.pe",
        "adondevivir": "adondevivir.com",
        "plusvalia": "plusvalia.com",
        "encuentra24": "encuentra24.com",
        "infocasas": "infocasas.com.uy infocasas.com.py",
        "vivareal": "vivareal.com.br",
        "zapimoveis": "zapimoveis.com.br",
        "imovelweb": "imovelweb.com.br",
        "idealista": "idealista.com",
    }.items()
    for domain in domains.split()
}


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """Which names a service gives to the parts of a message that it took apart."""

    sender: str
    subject: str
    text: str
    html: str
    reply_to: str
    message_id: str


_TAKEN_APART: Final = (
    _Taken(sender="from", subject="subject", text="text", html="html", reply_to="reply_to", message_id="message_id"),
    _Taken(
        sender="from",
        subject="subject",
        text="body-plain",
        html="body-html",
        reply_to="Reply-To",
        message_id="Message-Id",
    ),
    _Taken(
        sender="From",
        subject="Subject",
        text="TextBody",
        html="HtmlBody",
        reply_to="ReplyTo",
        message_id="MessageID",
    ),
)


def recognise(payload: Mapping[str, Any]) -> Recognised | None:
    """The person whom the mail is about; None for what is no mail."""
    mail = _mail_in(payload)
    if mail is None:
        return None
    sender_name, sender_address = parseaddr(mail.sender)
    names: dict[str, Any] = dict(mail_labels.read(_without_quotes(mail)))
    reply_name, reply_address = parseaddr(mail.reply_to)
    if "email" not in names:
        address = next((one for one in (reply_address, sender_address) if _is_somebody(one)), "")
        if address:
            names["email"] = address
    if "nombre" not in names:
        name = reply_name or (sender_name if names.get("email") == sender_address else "")
        if name and "@" not in name:
            names["nombre"] = name
    if mail.subject:
        names["asunto"] = mail.subject
    if "mensaje" not in names and not mail_labels.has_labels(mail.text) and mail.text.strip():
        names["mensaje"] = mail.text.strip()[: mail_labels.MOST_CHARACTERS]
    return Recognised(
        shape=NAME,
        names=names,
        external_id=f"mail:{mail.message_id}" if mail.message_id else "",
        origin=_portal_of(sender_address),
    )


def _mail_in(payload: Mapping[str, Any]) -> Mail | None:
    for name in _RAW_FIELDS:
        raw = payload.get(name)
        if isinstance(raw, str) and (name == "raw_email" or _is_message(raw)):
            charset = "latin-1" if payload.get("charset") == "latin-1" else "utf-8"
            return parse_mail(raw.encode(charset, "replace"))
    for taken in _TAKEN_APART:
        mail = _put_together(payload, taken)
        if mail is not None:
            return mail
    return None


def _put_together(payload: Mapping[str, Any], taken: _Taken) -> Mail | None:
    if taken.subject not in payload or "@" not in _said(payload, taken.sender):
        return None
    if not (_said(payload, taken.text) or _said(payload, taken.html)):
        return None
    html = _said(payload, taken.html)
    text = lines_of(_said(payload, taken.text))
    mail = Mail(
        sender=_said(payload, taken.sender),
        reply_to=_said(payload, taken.reply_to),
        subject=" ".join(_said(payload, taken.subject).split())[:300],
        message_id=_said(payload, taken.message_id).strip(),
        text=text,
    )
    return mail if text.strip() else replace(mail, text=text_of_html(html))


def _is_message(text: str) -> bool:
    """Whether it begins with the header lines that mail has."""
    head = re.split(r"\r?\n\r?\n", text.lstrip()[:50_000], maxsplit=1)[0]
    return _FROM.search(head) is not None and _ALSO.search(head) is not None


def _without_quotes(mail: Mail) -> str:
    return "\n".join(line for line in mail.text.splitlines() if not line.lstrip().startswith(">"))


def _said(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    return value if isinstance(value, str) else ""


def _is_somebody(address: str) -> bool:
    return "@" in address and not _NOBODY.match(address)


def _portal_of(address: str) -> str:
    domain = address.rpartition("@")[2].lower()
    while domain:
        if domain in _PORTALS:
            return _PORTALS[domain]
        domain = domain.partition(".")[2]
    return NAME


ADAPTER = Adapter(name=NAME, label=_("E-mail"), recognise=recognise)
