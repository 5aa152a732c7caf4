"""Cells of files that people open in a spreadsheet program: what a stranger wrote must not become a formula."""

import re

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# A phone or a number is what it looks like, whatever it begins with.
_HARMLESS = re.compile(r"[+-]?[0-9][0-9 ().,-]*")


def safe_cell(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would compute it (OWASP, CSV injection).

    A + or - before nothing but digits stays: phones must be usable, and a number computes to itself.
    """
    return f"'{text}" if text.startswith(_STARTS) and _HARMLESS.fullmatch(text) is None else text
