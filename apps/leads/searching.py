"""The search box over leads: every word must begin a word of the name, company or e-mail, without accents, or the phone
from either end. The index over SEARCH_WORDS answers it.
"""

import re
import unicodedata
from typing import Final

from django.contrib.postgres.search import SearchQueryField
from django.db.models import BooleanField, Func, Q, QuerySet, Value

from apps.core.phones import match_key
from apps.leads.models import Lead
from apps.leads.models.lead import SEARCH_WORDS

_MOST_WORDS: Final = 6
_FEWEST_DIGITS: Final = 3
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
_WORD: Final = re.compile(r"[^\W_]+")
_LOOKS_LIKE_A_PHONE: Final = re.compile(r"[\d\s+().-]+")
# People leave out the country code of their own country, and the digit of mobile phones with it; the customers of this
# product write from these.
_CALLING_CODES: Final = (
    *(1, 34, 51, 52, 521, 53, 54, 549, 55, 56, 569, 57, 58),
    *(502, 503, 504, 505, 506, 507, 591, 593, 595, 598),
)
_LONGEST_NATIONAL_NUMBER: Final = 11


def search_leads(rows: QuerySet[Lead], text: str) -> QuerySet[Lead]:
    """Rows that hold every word of the text; a phone may be written with spaces and signs, or be its last digits.

    A text of blanks narrows nothing, one of signs alone finds nothing.
    """
    if not text.replace("\x00", " ").strip():
        return rows
    words = words_of(text)
    return rows.filter(found_by(words)) if words else rows.none()


def found_by(words: list[str]) -> Q:
    """Leads whose words begin with all of these."""
    query = " & ".join(_alternatives(word) for word in words)
    wanted = Func(Value(query), template="CAST(%(expressions)s AS tsquery)", output_field=SearchQueryField())
    matches = Func(SEARCH_WORDS, wanted, arg_joiner=" @@ ", template="(%(expressions)s)", output_field=BooleanField())
    return Q(matches)


def words_of(text: str) -> list[str]:
    """What the search looks for: at most six words as the index spells them; a phone is one word.

    >>> words_of("Íñigo Núñez-Peña")
    ['inigo', 'nunez', 'pena']
    """
    plain = text.encode(errors="ignore").decode()
    if _LOOKS_LIKE_A_PHONE.fullmatch(plain):
        digits = "".join(letter for letter in plain if letter in "0123456789")
        return [digits] if digits else []
    letters = _ACCENTS.sub("", unicodedata.normalize("NFKD", plain)).lower()
    return _WORD.findall(letters)[:_MOST_WORDS]


def _alternatives(word: str) -> str:
    """The word as a tsquery: the beginning of a word, or for digits also of a phone or of its reverse."""
    beginnings = [word]
    if word.isascii() and word.isdecimal() and len(word) >= _FEWEST_DIGITS:
        national = word.lstrip("0")
        beginnings += [f"r{word[::-1]}", match_key(word)]
        if national and len(national) <= _LONGEST_NATIONAL_NUMBER:
            beginnings += [national, *(f"{code}{national}" for code in _CALLING_CODES)]
    return "(" + " | ".join(f"'{beginning}':*" for beginning in dict.fromkeys(beginnings)) + ")"
