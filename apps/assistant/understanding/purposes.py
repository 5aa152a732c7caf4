"""Whether somebody wants to buy, rent, invest or sell."""

import re

from apps.assistant.types import Purpose
from apps.assistant.understanding.text import Text

_SELL = re.compile(
    r"\bvend(?:o|er|emos|erlo|erla)\b|\btas(?:ar|acion)\b|\bpublicar mi\b|\bsell(?:ing)?\b|\bmi (?:casa|depto"
    r"|departamento|propiedad|terreno) (?:esta )?en venta\b"
)
_INVEST = re.compile(
    r"\binver(?:tir|sion|siones|sionistas?|sionist)\b|\binvest(?:ir|ment|or|ing|imento|idor)?\b|\bplusvalia\b"
    r"|\brentabilidad\b|\bpara arrendarlo\b|\bpara rentarlo\b|\bpara airbnb\b|\bairbnb\b"
)
_RENT = re.compile(
    r"\barrend(?:ar|o|amos|arlo|atario|aria)\b|\barriend(?:o|os|an|as|a)\b|\balquil(?:ar|er|eres|o|an|amos)\b"
    r"|\bren(?:tar|tan|tamos|ting)\b|\ben renta\b|\brent\b|\balug(?:ar|uel|o)\b|\bto rent\b|\blease\b|\ben alquiler\b"
)
# In Mexico "renta" is what Chile calls "arriendo"; elsewhere it is an income.
_RENTA = re.compile(r"\brenta\b")
_BUY = re.compile(
    r"\bcompr(?:ar|a|o|amos|arme|arlo|arla|adora?)\b|\badquirir\b|\bbuy(?:ing)?\b|\bpurchase\b|\bpara vivir\b"
    r"|\bprimera vivienda\b|\bvivienda propia\b|\bcasa propia\b|\ben venta\b"
    r"|\bcredito hipotecario\b|\bhipotecario\b|\bhipoteca\b|\bsubsidio\b|\binfonavit\b|\bpreaprobad|\bfor sale\b"
    r"|\ba la venta\b"
)
_PATTERNS: tuple[tuple[Purpose, re.Pattern[str]], ...] = (
    ("sell", _SELL),
    ("invest", _INVEST),
    ("rent", _RENT),
    ("buy", _BUY),
)
_DENIED = re.compile(r"\b(?:no|not|nao|nada de|en vez de|en lugar de|tampoco|ni|sin)\b(?:\s+\S+){0,3}\s*$")
_STOPPED = re.compile(r"\b(?:dejar de|vengo de|instead of|cansad[oa] de|aburrid[oa] de)(?:\s+\S+){0,1}\s*$")


def find_purpose(text: Text, *, country: str, asked: str | None) -> Purpose | None:
    """The purpose that stands and is not denied. Investing wins over the buying and renting it consists of."""
    standing: list[tuple[int, Purpose]] = []
    for purpose, pattern in _patterns(country):
        standing += [(match.start(), purpose) for match in pattern.finditer(text.folded) if _stands(text, match)]
    found = {purpose for _, purpose in standing}
    if "invest" in found:
        return "invest"
    if found == {"buy", "rent"} and asked != "purpose" and re.search(r"\bvivir\b", text.folded):
        return min(standing)[1]
    return max(standing)[1] if standing else None


def _patterns(country: str) -> tuple[tuple[Purpose, re.Pattern[str]], ...]:
    return (*_PATTERNS, ("rent", _RENTA)) if country == "MX" else _PATTERNS


def _stands(text: Text, match: re.Match[str]) -> bool:
    start, end = text.clause_around(match.start())
    before = text.folded[max(start, match.start() - 50) : match.start()]
    if _DENIED.search(before) or _STOPPED.search(before):
        return False
    after = text.folded[match.end() : min(max(end, match.end()), match.end() + 6)]
    return not re.match(r"\s+no\b", after)
