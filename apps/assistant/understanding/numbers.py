"""Numbers as people write them: 3.500, 3,500.50, "doscientos mil", "millón y medio"."""

import re
from decimal import Decimal

NUMERAL = r"\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
_GROUPED = re.compile(r"^\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})*(?:[.,]\d{1,2})?$")

UNITS: dict[str, int] = {
    "un": 1, "uno": 1, "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8,
    "nueve": 9, "diez": 10, "once": 11, "doce": 12, "trece": 13, "catorce": 14, "quince": 15, "dieciseis": 16,
    "diecisiete": 17, "dieciocho": 18, "diecinueve": 19, "veinte": 20, "veintiun": 21, "veintiuno": 21, "veintidos": 22,
    "veintitres": 23, "veinticuatro": 24, "veinticinco": 25, "veintiseis": 26, "veintisiete": 27, "veintiocho": 28,
    "veintinueve": 29, "treinta": 30, "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "setenta": 70, "ochenta": 80,
    "noventa": 90, "cien": 100, "ciento": 100, "doscientos": 200, "doscientas": 200, "trescientos": 300,
    "trescientas": 300, "cuatrocientos": 400, "cuatrocientas": 400, "quinientos": 500, "quinientas": 500,
    "seiscientos": 600, "seiscientas": 600, "setecientos": 700, "setecientas": 700, "ochocientos": 800,
    "ochocientas": 800, "novecientos": 900, "novecientas": 900,
    # Portuguese
    "um": 1, "uma": 1, "dois": 2, "duas": 2, "quatro": 4, "sete": 7, "oito": 8, "nove": 9, "dez": 10, "doze": 12,
    "quinze": 15, "vinte": 20, "trinta": 30, "quarenta": 40, "cinquenta": 50, "sessenta": 60, "oitenta": 80,
    "cem": 100, "cento": 100, "duzentos": 200, "trezentos": 300, "quatrocentos": 400, "quinhentos": 500,
    "seiscentos": 600, "setecentos": 700, "oitocentos": 800, "novecentos": 900,
    # English
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_HUNDRED = frozenset({"hundred"})
_HALF = frozenset({"medio", "media", "meio", "half"})
_UNIT_WORDS = "|".join(sorted(UNITS, key=len, reverse=True))
# A number in words without its scale: "ciento veinte", "two hundred", "treinta y cinco", "medio".
SPELLED = rf"(?:medio|half a|(?:{_UNIT_WORDS})(?:(?: y | e | and | |-)(?:{_UNIT_WORDS}|hundred)){{0,3}})"


def parse_numeral(written: str) -> Decimal:
    """`written` matches NUMERAL: three digits after a separator are thousands, any other count is a fraction."""
    if _GROUPED.match(written) and not written.startswith("0"):
        tail = re.search(r"[.,](\d{1,2})$", written)
        whole = written[: tail.start()] if tail else written
        fraction = f".{tail[1]}" if tail else ""
        return Decimal(re.sub(r"\D", "", whole) + fraction)
    return Decimal(re.sub(r"[' ]", "", written).replace(",", "."))


def parse_spelled(written: str) -> Decimal:
    """`written` matches SPELLED."""
    total = Decimal(0)
    for word in re.split(r"[ -]", written):
        if word in _HALF:
            total += Decimal("0.5")
        elif word in _HUNDRED:
            total = (total or Decimal(1)) * 100
        else:
            total += UNITS.get(word, 0)
    return total


def parse_number(written: str) -> Decimal:
    return parse_numeral(written) if written[0].isdigit() else parse_spelled(written)
