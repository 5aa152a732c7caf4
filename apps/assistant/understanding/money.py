"""Amounts of money: currency, scale and whether they are a budget or an income."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from apps.assistant.types import Purpose
from apps.assistant.understanding.numbers import NUMERAL, SPELLED, parse_number
from apps.assistant.understanding.text import Text
from apps.leads.wishes import amount_of

MoneyKind = Literal["budget", "income", "other"]

_MAX_MENTIONS = 20
_BEFORE = (
    r"(?:(?P<before>us\$|u\$s|u\$d|r\$|s/\.?|\$|€|\buf\b|\bu\.f\.?|\busd\b|\bclp\b|\bmxn\b|\bcop\b|\bars\b|\bpen\b"
    r"|\bbrl\b)\s?\$?\s?)?"
)
_SCALE = (
    r"(?P<scale>mil millones|millon(?:es)?|millones|milhoes|milhao|millions?|mill\b|mills\b|melon(?:es)?|palos?|mm\b"
    r"|mdp\b|mdd\b"
    r"|mil\b|thousand\b|lucas?\b|lukas?\b|luquitas\b|kilos\b|k\b|m\b(?!2|ts|t2|etro))?"
)
_AFTER = (
    r"(?P<after>(?:\s?(?:de\s)?(?:us\$|u\$s|usd\b|dolares\b|dolar\b|dollars?\b|dls\b|verdes\b|dolarucos\b|ufs?\b"
    r"|u\.f\.?|unidades de fomento"
    r"|pesos(?: (?:chilenos|mexicanos|colombianos|argentinos))?\b|clp\b|mxn\b|mx\b|cop\b|ars\b|pen\b|brl\b|soles\b"
    r"|reais\b|real\b|varos\b|euros?\b|€))?)"
)
_AMOUNT = re.compile(
    _BEFORE + rf"(?:(?P<number>(?<![\w.,]){NUMERAL})|(?P<spelled>\b{SPELLED}\b)|(?P<bare>\b(?:mil|millon)\b))"
    rf"\s?{_SCALE}(?P<half> y medio| y media| e meio)?{_AFTER}"
)
_NOT_MONEY_AFTER = re.compile(r"\s*(?:anos?|meses|dias?|personas?|hijos?|perros?|gatos?|pisos?|y medio anos)\b")
_RANGE_GLUE = re.compile(r"^\s*(?:-|a|y|o|e|to|and|hasta|ate|hasta los|a los|y los)\s*$")
_MILLION = Decimal(1_000_000)
_THOUSAND = Decimal(1_000)
_SCALES: dict[str, Decimal] = {
    **dict.fromkeys(
        ("millon", "millones", "milhoes", "milhao", "million", "millions", "mill", "mills", "melon", "melones", "palo",
         "palos", "mm", "mdp", "mdd", "kilos", "m"), _MILLION),
    **dict.fromkeys(("mil", "thousand", "luca", "lucas", "luka", "lukas", "luquitas", "k"), _THOUSAND),
    "mil millones": _THOUSAND * _MILLION,
}  # fmt: skip
_MARKERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("USD", re.compile(r"us\$|u\$s|u\$d|usd|dolar|dollar|\bdls\b|verdes|mdd")),
    ("UF", re.compile(r"\bufs?\b|u\.f|fomento")),
    ("BRL", re.compile(r"r\$|brl|reais|\breal\b")),
    ("PEN", re.compile(r"s/|\bpen\b|soles")),
    ("EUR", re.compile(r"€|euro")),
    ("MXN", re.compile(r"mxn|\bmx\b|mexicanos|varos|mdp")),
    ("COP", re.compile(r"\bcop\b|colombianos")),
    ("ARS", re.compile(r"\bars\b|argentinos")),
    ("CLP", re.compile(r"\bclp\b|chilenos")),
)
_OWN_MONEY = re.compile(r"\$|pesos")
_INCOME_WORDS = re.compile(
    r"\bgan(?:o|a|an|amos|ando)\b|\bsueldos?\b|\bsalarios?\b|\bingresos?\b|\bingreso\b|\bliquid[oa]s?\b|\bpercib(?:o"
    r"|imos)\b"
    r"|\bmi renta\b|\brenta (?:liquida|mensual|de los dos|familiar|es|conjunta|bruta)\b|\brentas\b|\bme pagan\b"
    r"|\bfacturo\b|\bhonorarios\b"
    r"|\brenda\b|\bganho\b|\bsalary\b|\bincome\b|\bi earn\b|\bi make\b|\bentre los dos (?:ganamos|hacemos|juntamos)\b"
)
_BUDGET_WORDS = re.compile(
    r"\bpresupuestos?\b|\bprecios?\b|\bpagar\b|\bpago maximo\b|\btope\b|\bmaximo\b|\bmax\b|\bbudget\b|\borcamento\b"
    r"|\bgastar\b"
    r"|\barriendos? (?:de|hasta|maximo|por)\b|\balquiler (?:de|hasta|maximo|por)\b|\bhasta\b|\bvalor\b|\bup to\b"
    r"|\bate\b|\binvertir\b"
    r"|\bcomprar\b|\bcredito (?:de|por|aprobado)\b|\bpreaprobad[oa]\b|\bpre aprobad[oa]\b|\brondando\b|\bspend\b"
)
_OTHER_WORDS = re.compile(
    r"\b(?:de|el|mi|un|para el|como) (?:pie|enganche|anticipo|entrada|cuota inicial)\b|\bde pie\b|\bpie (?:de|es)\b"
    r"|\benganche\b|\bahorr(?:os?|ados?|e)\b|\bgastos comunes\b|\bexpensas\b|\bcontribuciones\b|\bcomision\b"
    r"|\bdeudas?\b|\bdebo\b"
    r"|\bde entrada\b|\bdown ?payment\b|\bcuota inicial\b|\bmantencion\b|\bmantenimiento\b"
)
_CEILING_AFTER = re.compile(r"^\s*(?:como |de |es |de )?(?:maximo|max\b|tope|o menos|a lo mas|tops)")
_FLOOR_WORDS = re.compile(
    r"\b(?:desde|minimo|al menos|mas de|sobre los?|from|at least|over|a partir de|no menos de)\s*(?:los|las|unos"
    r"|de)?\s*$"
)
_CEILING_WORDS = re.compile(
    r"\b(?:hasta|maximo|max|tope|menos de|bajo|up to|ate|no mas de|under|no pasar(?:me)? de"
    r"|no mas alla de)\.?\s*(?:los|las|de|unos)?\s*$"
)


@dataclass(frozen=True)
class Money:
    """One amount or range as stated. `amount` is the figure to plan with: the ceiling of a range."""

    kind: MoneyKind
    amount: Decimal
    currency: str
    minimum: Decimal | None = None
    maximum: Decimal | None = None


@dataclass(frozen=True)
class _Mention:
    value: Decimal
    scale: Decimal | None
    currency: str
    is_own_money: bool
    start: int
    end: int


def find_money(text: Text, *, asked: str | None, currency: str, purpose: Purpose | None) -> list[Money]:
    """Amounts in reading order. `currency` is the broker's, meant by a plain "$" or by no sign at all."""
    matches = zip(_AMOUNT.finditer(text.folded), range(_MAX_MENTIONS), strict=False)
    mentions = _joined([_mention(match) for match, _ in matches], text.folded)
    found: list[Money] = []
    index = 0
    while index < len(mentions):
        first = mentions[index]
        second = mentions[index + 1] if index + 1 < len(mentions) else None
        index += 1
        pair: tuple[_Mention, _Mention | None] = (first, None)
        if second and _RANGE_GLUE.match(text.folded[first.end : second.start]):
            pair, index = (first, second), index + 1
        money = _money(text, *pair, asked=asked, currency=currency, purpose=purpose)
        if money:
            found.append(money)
    return found


def _mention(match: re.Match[str]) -> _Mention:
    bare = match["bare"]
    scale = _SCALES.get(bare or match["scale"] or "")
    value = Decimal(1) if bare else parse_number(match["number"] or match["spelled"])
    signs = f"{match['before'] or ''} {match['after'] or ''} {match['scale'] or ''}"
    if match["half"] and scale:
        value += Decimal("0.5")
    return _Mention(
        value=value,
        scale=scale,
        currency=next((name for name, pattern in _MARKERS if pattern.search(signs)), ""),
        is_own_money=bool(_OWN_MONEY.search(signs)),
        start=match.start(),
        end=match.end(),
    )


def _joined(mentions: list[_Mention], folded: str) -> list[_Mention]:
    """ "2 millones 500 mil" and "un millón ochocientos" are one amount said in two steps."""
    joined: list[_Mention] = []
    for mention in mentions:
        last = joined[-1] if joined else None
        is_rest = (
            last is not None
            and last.scale == _MILLION
            and not last.currency
            and mention.scale in {_THOUSAND, None}
            and 100 <= mention.value < 1_000
            and folded[last.end : mention.start].strip() in {"", "con"}
        )
        if last is None or not is_rest:
            joined.append(mention)
            continue
        joined[-1] = replace(
            mention,
            value=last.value + mention.value / _THOUSAND,
            scale=_MILLION,
            is_own_money=last.is_own_money or mention.is_own_money,
            start=last.start,
        )
    return joined


def _money(
    text: Text, first: _Mention, second: _Mention | None, *, asked: str | None, currency: str, purpose: Purpose | None
) -> Money | None:
    last = second or first
    kind = _kind(text, first.start, last.end, asked=asked)
    has_sign = bool(first.currency or last.currency or first.is_own_money or last.is_own_money)
    scale = last.scale or first.scale
    if not has_sign and not _is_money_without_sign(text, first, last, scale, kind, asked=asked):
        return None
    stated = last.currency or first.currency
    resolved, factor = _resolve(last.value, scale, stated, is_own_money=has_sign and not stated, currency=currency,
                                purpose=purpose, kind=kind)  # fmt: skip
    high = amount_of(last.value * factor)
    if high is None:
        return None
    if second:
        # "80 a 100 millones": the first takes the scale of the second, unless that would turn the range around.
        low = amount_of(first.value * (first.scale or factor))
        low = low if low is not None and low <= high else amount_of(first.value)
        return Money(kind=kind, amount=high, currency=resolved, minimum=low, maximum=high)
    before = text.folded[max(0, first.start - 30) : first.start]
    money = Money(kind=kind, amount=high, currency=resolved)
    # "No más de" ends like "más de": the ceiling is looked for first.
    if _CEILING_WORDS.search(before) or _CEILING_AFTER.match(text.folded[last.end : last.end + 20]):
        return replace(money, maximum=high)
    return replace(money, minimum=high) if _FLOOR_WORDS.search(before) else money


def _is_money_without_sign(
    text: Text, first: _Mention, last: _Mention, scale: Decimal | None, kind: MoneyKind, *, asked: str | None
) -> bool:
    if asked in {"budget", "income"} and not _NOT_MONEY_AFTER.match(text.folded[last.end : last.end + 14]):
        # A spelled "una" or "un" is an article far more often than an amount.
        return scale is not None or text.folded[first.start].isdigit() or first.value > 2
    if scale == _THOUSAND and first.start == last.start and not text.folded[first.start].isdigit():
        return first.value > 1 or kind == "income" or bool(_words_around(text, first.start, last.end, _BUDGET_WORDS))
    # "380.000" is hardly ever anything but money.
    if scale is not None or last.value >= 100_000:
        return True
    return last.value >= 100 and (kind == "income" or bool(_words_around(text, first.start, last.end, _BUDGET_WORDS)))


def _kind(text: Text, start: int, end: int, *, asked: str | None) -> MoneyKind:
    """By the nearest word in the statement; where none tells, by what was asked."""
    nearest: list[tuple[int, MoneyKind]] = []
    words: tuple[tuple[MoneyKind, re.Pattern[str]], ...] = (
        ("income", _INCOME_WORDS),
        ("other", _OTHER_WORDS),
        ("budget", _BUDGET_WORDS),
    )
    for kind, pattern in words:
        distance = _words_around(text, start, end, pattern)
        if distance:
            nearest.append((distance, kind))
    if nearest:
        return min(nearest)[1]
    return "income" if asked == "income" else "budget"


def _words_around(text: Text, start: int, end: int, pattern: re.Pattern[str]) -> int:
    """How near, in characters, such a word stands in the same statement; 0 where none does."""
    clause_start, clause_end = text.clause_around(start)
    clause_end = max(clause_end, end)
    before = text.folded[max(clause_start, start - 60) : start]
    after = text.folded[end : min(clause_end, end + 30)]
    # What stands before is linked more tightly than what follows.
    distances = [len(before) - match.end() + 1 for match in pattern.finditer(before)]
    distances += [match.start() * 2 + 1 for match in pattern.finditer(after)]
    return max(1, min(distances)) if distances else 0


def _resolve(
    value: Decimal, scale: Decimal | None, stated: str, *, is_own_money: bool, currency: str, purpose: Purpose | None,
    kind: MoneyKind,
) -> tuple[str, Decimal]:  # fmt: skip
    """Currency and factor of a figure whose unit people leave out because everybody knows it there."""
    is_price = kind == "budget" and purpose != "rent"
    if stated:
        if scale is None and stated == "USD" and is_price and value < 1_000:
            return stated, _THOUSAND
        return stated, scale or Decimal(1)
    if scale is not None:
        if currency == "CLP" and scale == _THOUSAND and is_price and not is_own_money and value <= 60:
            # Nobody buys a home for three thousand pesos: "3 mil" is UF.
            return "UF", scale
        # Prices of homes in Argentina are in dollars; "palos" are pesos.
        is_dollars = currency == "ARS" and is_price and not is_own_money and scale == _THOUSAND and value >= 20
        return ("USD" if is_dollars else currency), scale
    if is_own_money and value >= 10_000:
        return currency, Decimal(1)
    if currency == "CLP":
        return _chilean(value, is_own_money=is_own_money, is_price=is_price)
    if currency == "MXN" and value < 100:
        return currency, _MILLION if is_price else _THOUSAND
    if currency == "COP":
        return currency, _MILLION if value < 10_000 and (is_price or value < 100) else _scale_up(value, 10_000)
    if currency == "ARS" and is_price and not is_own_money:
        return "USD", _scale_up(value, 1_000)
    if currency == "PEN" and is_price and not is_own_money:
        return currency, _scale_up(value, 1_000)
    return currency, Decimal(1)


def _chilean(value: Decimal, *, is_own_money: bool, is_price: bool) -> tuple[str, Decimal]:
    if is_price and not is_own_money and 500 <= value <= 60_000:
        return "UF", Decimal(1)
    if value < 20 or (is_price and value < 1_000):
        return "CLP", _MILLION
    return "CLP", _scale_up(value, 10_000)


def _scale_up(value: Decimal, limit: int) -> Decimal:
    return _THOUSAND if value < limit else Decimal(1)
