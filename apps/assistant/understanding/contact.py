"""E-mail addresses, telephones and links in a text."""

import re

import phonenumbers

from apps.assistant.understanding.text import Text

_EMAIL = re.compile(r"(?<![\w.+-])[a-z0-9_][a-z0-9._%+-]{0,63}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{2,63}){1,4}")
_LINK = re.compile(r"https?://\S{1,500}|www\.\S{1,300}")
_PHONE = re.compile(r"(?<![\w$])\+?\(?\d[\d ().-]{5,18}\d(?!\w)")
_THOUSANDS = re.compile(r"^\d{1,3}(?:[.,]\d{3})+$")
_SPACED_THOUSANDS = re.compile(r"^\d{1,3}(?: \d{3})+$")
_MONEY_AFTER = re.compile(r"^\s*(?:clp|mxn|cop|ars|pen|brl|usd|uf\b|pesos|dolares|soles|reais|mil\b|millones|palos)")
_MONEY_BEFORE = re.compile(r"(?:\$|\buf|\busd|\bclp|\bs/\.?|presupuesto(?: es| de)?|gano|sueldo(?: es| de)?)\s*$")


def find_email(text: Text) -> tuple[str, list[tuple[int, int]]]:
    spans = [match.span() for match in _EMAIL.finditer(text.folded)]
    email = text.folded[slice(*spans[0])].rstrip(".-") if spans else ""
    return email, spans + [match.span() for match in _LINK.finditer(text.folded)]


def find_phone(text: Text, *, country: str, is_money_expected: bool) -> tuple[str, list[tuple[int, int]]]:
    """The first telephone as E.164. A long number is only one where it cannot be meant as money."""
    for match in _PHONE.finditer(text.folded):
        written = match.group()
        if _reads_as_money(text.folded, match, is_money_expected=is_money_expected):
            continue
        try:
            number = phonenumbers.parse(written, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), [match.span()]
    return "", []


def _reads_as_money(folded: str, match: re.Match[str], *, is_money_expected: bool) -> bool:
    written = match.group()
    if written.startswith("+"):
        return False
    if _THOUSANDS.match(written) or written.endswith("0000"):
        return True
    if _MONEY_AFTER.match(folded[match.end() : match.end() + 12]):
        return True
    if _MONEY_BEFORE.search(folded[max(0, match.start() - 24) : match.start()]):
        return True
    return is_money_expected and bool(_SPACED_THOUSANDS.match(written) or written.endswith("000"))
