"""Bedrooms, bathrooms and the kind of property."""

import re
from dataclasses import dataclass

from apps.assistant.understanding.numbers import UNITS
from apps.assistant.understanding.text import Text
from apps.leads.wishes import MAX_ROOMS

_SMALL = "|".join(word for word, value in UNITS.items() if value <= 10)
_COUNT = rf"(?P<count>\d{{1,2}}(?![\d.,]\d)|\b(?:{_SMALL}))(?:\s*(?:-|/|a|o|ou|or|y|u)\s*(?:\d{{1,2}}|{_SMALL}))?\s*"
_BEDROOM = re.compile(
    _COUNT + r"(?:dormitorios?|dorm(?:s|it)?\b|habitacion(?:es)?|habit?\b|habs\b|recamaras?|recs?\b|cuartos?|alcobas?"
    r"|piezas?"
    r"|quartos?|dormitorios|bedrooms?|beds?\b|brs?\b|bdrms?\b)"
)
_SHORT = re.compile(r"(?<![\w.,])(\d{1,2})\s?d(?:orm)?\s?[/+\-y]?\s?(\d{1,2})\s?b(?:an)?(?!\w)")
_SHORT_BEDROOMS = re.compile(r"(?<![\w.,])(\d{1,2})\s?[dr](?!\w)")
# In Argentina and Uruguay the living room counts as one of the "ambientes".
_AMBIENTES = re.compile(_COUNT + r"amb(?:ientes?)?\b")
_STUDIO = re.compile(r"\bmono ?ambientes?\b|\b(?:un|tipo|depto|departamento|a|um) (?:estudio|studio|loft)\b|\bstudio\b")
_BATHROOM = re.compile(
    r"(?P<count>\d{1,2})(?:[.,]5)?\s*(?:banos?|wc\b|banheiros?|bathrooms?|baths?\b|ba\b)"
    rf"|\b(?P<word>{_SMALL})(?: y medio)?\s+(?:banos?|banheiros?|bathrooms?|baths?\b)"
)
_BARE_COUNT = re.compile(rf"\b(?P<count>\d{{1,2}}|{_SMALL})\b")
_AREA = re.compile(
    r"\d[\d.,]*\s*(?:m2|mt2|mts2?|mtrs?|metros?(?: cuadrados)?|m\b(?! ?(?:de pesos|cl))|hectareas?|has?\b|sqm|sq ?ft)"
)
_TYPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("apartment", re.compile(
        r"\b(?:departamentos?|deptos?|dptos?|depas?|apartamentos?|aptos?|apartments?|flats?|penthouses?|pent ?house"
        r"|duplex|monoambientes?|lofts?|ph|condos?)\b")),
    ("house", re.compile(r"\b(?:casas?|townhouses?|chalets?|quintas?|houses?|homes?|sobrados?|casita)\b")),
    ("office", re.compile(r"\b(?:oficinas?|offices?|escritorios? comercia(?:l|is)|salas? comercia(?:l|is))\b")),
    ("land", re.compile(r"\b(?:terrenos?|lotes?|parcelas?|sitios?(?! web)|solar(?:es)?|land|plots?)\b")),
    ("retail", re.compile(r"\b(?:loca(?:l|les) comercia(?:l|les)|locales?|tiendas?|lojas?)\b")),
    ("warehouse", re.compile(r"\b(?:bodegas?|galpon(?:es)?|naves? industria(?:l|les)|warehouses?)\b")),
    ("parking", re.compile(r"\b(?:estacionamientos?|cocheras?|parqueaderos?|garajes?)\b")),
)  # fmt: skip


@dataclass(frozen=True)
class Rooms:
    bedrooms: int | None
    bathrooms: int | None
    property_type: str
    spans: list[tuple[int, int]]


def find_rooms(text: Text, *, is_expected: bool) -> Rooms:
    folded = text.folded
    spans = [match.span() for match in _AREA.finditer(folded)]
    rest = text.without(spans)
    short = _SHORT.search(rest.folded)
    if short:
        bedrooms, bathrooms = _rooms(short[1]), _rooms(short[2])
        return Rooms(bedrooms, bathrooms, find_property_type(folded), [*spans, short.span()])
    bathroom = _last_statement(_BATHROOM, rest)
    bathrooms = _rooms(bathroom["count"] or bathroom["word"]) if bathroom else None
    if bathroom:
        spans.append(bathroom.span())
        rest = rest.without([bathroom.span()])
    bedrooms, span = _bedrooms(rest, is_expected=is_expected)
    return Rooms(bedrooms, bathrooms, find_property_type(folded), spans + ([span] if span else []))


def find_property_type(folded: str) -> str:
    found = [(match.start(), kind) for kind, pattern in _TYPES if (match := pattern.search(folded))]
    return min(found)[1] if found else ""


def _bedrooms(text: Text, *, is_expected: bool) -> tuple[int | None, tuple[int, int] | None]:
    if match := _last_statement(_BEDROOM, text):
        return _rooms(match["count"]), match.span()
    if match := _last_statement(_AMBIENTES, text):
        count = _rooms(match["count"])
        return (max(count - 1, 0) if count else None), match.span()
    if match := _STUDIO.search(text.folded):
        return 0, match.span()
    if match := _SHORT_BEDROOMS.search(text.folded):
        return _rooms(match[1]), match.span()
    if is_expected and len(text.folded) <= 60 and (match := _BARE_COUNT.search(text.folded)):
        return _rooms(match["count"]), match.span()
    return None, None


def _last_statement(pattern: re.Pattern[str], text: Text) -> re.Match[str] | None:
    """The last mention that is not denied: "no 2 dormitorios, 3 dormitorios" means 3."""
    kept = None
    for match in pattern.finditer(text.folded):
        start, _end = text.clause_around(match.start())
        if not re.search(r"\bno(?: quiero| de| son| busco)?\s*$", text.folded[start : match.start()]):
            kept = match
    return kept


def _rooms(written: str) -> int | None:
    count = int(written) if written.isdecimal() else UNITS.get(written)
    return count if count is not None and count <= MAX_ROOMS else None
