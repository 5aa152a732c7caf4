"""Countries by name: stored as two letters, written by people in Spanish, English or Portuguese."""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import phonenumbers
from babel import Locale
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput

_LANGUAGES: Final = ("es", "en", "pt")
_ALSO: Final[Mapping[str, str]] = {"usa": "US", "eeuu": "US", "estadosunidosdeamerica": "US", "uk": "GB", "uae": "AE"}


def country_code(text: str, *, field: str = "country") -> str:
    """The two letters of a country, given by its letters or by its name, with or without accents; "" for nothing.

    Raises InvalidInput for what is no country.
    """
    if not text.strip():
        return ""
    wanted = _plain(text)
    code = wanted.upper() if wanted.upper() in country_names() else _codes_by_name().get(wanted)
    if code is None:
        raise InvalidInput(
            _("“%(text)s” is not a country. Write its name or its two-letter code, such as CO.")
            % {"text": str(text)[:40]},
            field=field,
        )
    return code


def country_name(code: str, language: str = "es") -> str:
    """The country's name; the letters themselves where they are no country's."""
    return country_names(language).get(code.upper(), code)


@lru_cache(maxsize=8)
def country_names(language: str = "es") -> Mapping[str, str]:
    """Every country by its two letters. CLDR names unions and test regions too: what has no phones is no country."""
    named = Locale.parse(language).territories
    return {code: str(named[code]) for code in sorted(phonenumbers.SUPPORTED_REGIONS) if code in named}


@lru_cache(maxsize=1)
def _codes_by_name() -> Mapping[str, str]:
    names = {_plain(name): code for language in _LANGUAGES for code, name in country_names(language).items()}
    return {**names, **_ALSO}


def _plain(text: str) -> str:
    spelled = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in spelled if letter.isalnum())
