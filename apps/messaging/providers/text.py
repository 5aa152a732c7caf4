"""Cutting long texts at the places where a reader would."""

from __future__ import annotations

import re
from collections.abc import Callable

_PREFERRED_BREAKS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?…])\s"), re.compile(r"\s"))


def split_text(text: str, limit: int, *, measure: Callable[[str], int] = len) -> list[str]:
    """`text` in pieces of at most `limit`, cut at a paragraph, line, sentence or word where there is one."""
    if limit < 2:
        raise ValueError("limit must be at least 2")
    pieces = []
    rest = text
    while measure(rest) > limit:
        cut = _cut_position(rest, _longest_prefix(rest, limit, measure))
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    pieces.append(rest)
    return [piece for piece in pieces if piece]


def _cut_position(text: str, longest: int) -> int:
    """The last natural break in the second half of what fits, else all of what fits."""
    for pattern in _PREFERRED_BREAKS:
        breaks = [match.end() for match in pattern.finditer(text, 0, longest)]
        if breaks and breaks[-1] > longest // 2:
            return breaks[-1]
    return longest


def _longest_prefix(text: str, limit: int, measure: Callable[[str], int]) -> int:
    low, high = 1, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def utf16_length(text: str) -> int:
    """The length as Telegram counts it: characters beyond the basic plane are two."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)
