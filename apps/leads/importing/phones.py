"""Phones of a whole file, read as apps.core.phones reads one, several times faster.

What has nothing to be interpreted, a possible length and no prefix to strip, is answered from the country's metadata;
everything else goes to `phonenumbers`. A property test holds both ways together.
"""

import re
from dataclasses import dataclass
from typing import Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, region_code_for_country_code

from apps.core.phones import match_key, parse_phone

_PLAIN = re.compile(r"\+? *[0-9][0-9 ().-]{5,38}")
_DELETED = dict.fromkeys(map(ord, "+ ().-"))
# A number that a person wrote beside another, or that a program took for one with decimals.
_SEVERAL = re.compile(r"[/,;|\n]+| (?:y|e|o|ou|and|or) ", re.IGNORECASE)
_EXPONENT = re.compile(r"[0-9][.,]?[0-9]*E\+?[0-9]{1,2}", re.IGNORECASE)
_CALLING_CODES: Final = frozenset(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)
_MOST_REMEMBERED: Final = 20_000


@dataclass(frozen=True)
class _Habits:
    """What decides about a country's numbers without interpreting them."""

    calling_code: str
    lengths: frozenset[int]
    prefix: re.Pattern[str] | None

    def takes(self, national: str) -> bool:
        """Whether these digits are a national number as they stand."""
        if national[0] == "0" or len(national) not in self.lengths:
            return False
        return self.prefix is None or self.prefix.match(national) is None


class PhoneReader:
    """Reads the phones of one broker's file."""

    def __init__(self, country: str) -> None:
        self._country = country.upper()
        self._of_code: dict[str, _Habits | None] = {}
        self._remembered: dict[tuple[str, str], str | None] = {}
        self._homes: dict[str, _Home | None] = {}

    def read(self, text: str, country: str = "") -> tuple[str, str] | None:
        """The number as E.164 and its key, or None where there is none; `country` is the row's own, where known."""
        country = country or self._country
        number = self._number(text, country) or self._of_untidy(text, country)
        return (number, match_key(number)) if number else None

    def parse(self, text: str, country: str) -> str | None:
        """Exactly what `apps.core.phones.parse_phone` answers."""
        text = text.strip()
        return self._plain(text, country) or self._by_the_book(text, country)

    def _number(self, text: str, country: str) -> str | None:
        # Spreadsheets mark a text with an apostrophe, and programs make numbers of phones.
        text = text.strip().lstrip("'")
        return self.parse(text.removesuffix(".0"), country)

    def _of_untidy(self, text: str, country: str) -> str | None:
        """The first of several numbers in one cell."""
        parts = _SEVERAL.split(text)
        if len(parts) == 1:
            return None
        return next((number for part in parts if (number := self._number(part, country))), None)

    def _plain(self, text: str, country: str) -> str | None:
        if _PLAIN.fullmatch(text) is None:
            return None
        digits = text.translate(_DELETED)
        if not 7 <= len(digits) <= 15:
            return None
        if text[0] == "+":
            return self._international(digits)
        home = self._home(country)
        return home.read(digits) if home is not None else None

    def _international(self, digits: str) -> str | None:
        if digits.startswith("521") and len(digits) == 13:
            digits = "52" + digits[3:]
        for length in (1, 2, 3):
            if digits[:length] in _CALLING_CODES:
                habits = self._habits(digits[:length])
                return "+" + digits if habits is not None and habits.takes(digits[length:]) else None
        return None

    def _habits(self, calling_code: str) -> _Habits | None:
        if calling_code not in self._of_code:
            region = region_code_for_country_code(int(calling_code))
            metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(calling_code), region)
            self._of_code[calling_code] = _habits_of(metadata) if metadata is not None else None
        return self._of_code[calling_code]

    def _home(self, country: str) -> "_Home | None":
        if country not in self._homes:
            metadata = PhoneMetadata.metadata_for_region(country, None) if country else None
            shared = self._habits(str(metadata.country_code)) if metadata is not None else None
            self._homes[country] = None if metadata is None or shared is None else _Home(metadata, shared)
        return self._homes[country]

    def _by_the_book(self, text: str, country: str) -> str | None:
        key = (text, country)
        if key not in self._remembered:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = parse_phone(text, country=country)
        return self._remembered[key]


class _Home:
    """Numbers without a +, read with one country's habits."""

    def __init__(self, metadata: PhoneMetadata, shared: _Habits) -> None:
        self._own = _habits_of(metadata)
        self._shared = shared
        self._abroad = re.compile(metadata.international_prefix or r"(?!)")
        numbers = metadata.general_desc
        self._valid = re.compile((numbers.national_number_pattern if numbers is not None else None) or r"(?!)")
        self._longest = max(self._own.lengths, default=0)

    def read(self, digits: str) -> str | None:
        if self._abroad.match(digits):
            return None
        code = self._own.calling_code
        if digits.startswith(code):
            national = digits[len(code) :]
            if not national or not self._takes(national):
                return None
            is_better = self._valid.fullmatch(digits) is None and self._valid.fullmatch(national) is not None
            return "+" + digits if is_better or len(digits) > self._longest else None
        return f"+{code}{digits}" if self._takes(digits) else None

    def _takes(self, national: str) -> bool:
        return self._own.takes(national) and self._shared.takes(national)


def _habits_of(metadata: PhoneMetadata) -> _Habits:
    prefix, numbers = metadata.national_prefix_for_parsing, metadata.general_desc
    return _Habits(
        calling_code=str(metadata.country_code),
        lengths=frozenset(numbers.possible_length if numbers is not None else ()),
        prefix=re.compile(prefix) if prefix else None,
    )


def is_cut_number(text: str) -> bool:
    """Whether a spreadsheet wrote the phone with an exponent, its last digits lost."""
    return _EXPONENT.fullmatch(text.strip()) is not None
