"""Customer text made safe to read: bounded, without control or direction characters, and folded for matching."""

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

# A WhatsApp text has at most 4,096 characters; what is longer is not read further.
MAX_READ = 4_096
_SPACES = re.compile(r"[^\S\n]+")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "–": "-", "—": "-", "−": "-"})
# Where one statement ends and the next begins. A dot or comma between digits belongs to a number.
_BOUNDARY = re.compile(
    r"[;!?¡¿\n()]|(?<!\d)[.,]|[.,](?!\d)|\b(?:pero|sino|mejor|aunque|but|rather|mas bien|prefiero|mejor dicho|solo)\b"
)


@dataclass(frozen=True)
class Text:
    """`clean` is what the customer wrote, `folded` the same without accents and in lower case, position by position."""

    clean: str
    folded: str

    @cached_property
    def clause_starts(self) -> tuple[int, ...]:
        return (0, *(match.start() for match in _BOUNDARY.finditer(self.folded)))

    def clause_around(self, position: int) -> tuple[int, int]:
        index = bisect_right(self.clause_starts, position)
        end = self.clause_starts[index] if index < len(self.clause_starts) else len(self.folded)
        return self.clause_starts[index - 1], end

    def without(self, spans: list[tuple[int, int]]) -> "Text":
        """The same text with those spans blanked, so that one reader does not read what another has read."""
        if not spans:
            return self
        characters = list(self.folded)
        for start, end in spans:
            characters[start:end] = " " * (end - start)
        return Text(self.clean, "".join(characters))


def read(raw: str) -> Text:
    composed = unicodedata.normalize("NFKC", raw[:MAX_READ].replace("\x00", " "))[:MAX_READ].translate(_QUOTES)
    visible = "".join(_visible(character) for character in composed)
    clean = _SPACES.sub(" ", visible).strip()
    return Text(clean, fold(clean))


def fold(text: str) -> str:
    """Lower case without accents, of the same length, so that positions agree."""
    return "".join(map(_fold_character, text))


def vocabulary(words: str) -> frozenset[str]:
    """The words of a plain list, for the readers' tables."""
    return frozenset(words.split())


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    if character == "\n":
        return "\n"
    return " " if category in {"Cc", "Cs", "Co", "Zl", "Zp"} else character


def _fold_character(character: str) -> str:
    if character.isascii():
        return character.lower()
    base = unicodedata.normalize("NFD", character)[0].lower()
    return base if len(base) == 1 else character
