"""Which comunas, cities and zones a text names, with typing errors, negations and "I live in" kept apart."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from apps.assistant.understanding.places_data import AMBIGUOUS, BY_COUNTRY
from apps.assistant.understanding.text import Text, fold, vocabulary

_MAX_WORDS_IN_NAME = 5
_MAX_WORDS_READ = 400
_MAX_FOUND = 6
_WORD = re.compile(r"[^\W_]+(?:\.[^\W_](?=\.|\b))*")
_BEFORE_PLACE = re.compile(
    r"(?:^|[\s,(¿¡])(?:en|por|de|a|hacia|cerca(?: de)?|sector|comuna(?: de)?|zona(?: de)?|barrio|colonia|col"
    r"|ciudad(?: de)?|distrito(?: de)?"
    r"|entre|lado de|alrededores de|tipo|x|no|y|e|o|ou|ni|in|near|around|em|no bairro|bairro|and|or|desde|cruzando"
    r"|pleno|todo|busco|prefiero|mejor|sino)"
    r"(?: (?:el|la|las|los|pleno|the))?\s*$"
)
_LISTING = re.compile(r"[,/]\s*$|\b(?:y|o|e|u|ni|and|or)\s*$")
_LIVES_THERE = re.compile(
    r"\b(?:vivo|vivimos|resido|trabajo|trabajamos|estudio|vengo|soy|somos|nacido|nacida|naci|estoy viviendo|i live"
    r"|i work|moro|desde)"
    r"(?: (?:actualmente|ahora|hoy))?(?: en| de| in| em)?(?: (?:el|la|las|los))?\s*$"
)
_DENIED_BEFORE = re.compile(
    r"\b(?:no|not|nao|nada|excepto|menos|salvo|tampoco|ni|sin)\b(?!\s+(?:importa|solo|se|conozco"
    r"|necesariamente))(?:\s+\S+){0,5}\s*$"
)
_DENIED_AFTER = re.compile(r"^\s*(?:no\b(?!\s+(?:importa|es excluyente))|nao\b|tampoco\b|not?\b|ya no\b)")
_FREE_TEXT = re.compile(
    r"^(?:(?:en|por|cerca de|cerca del|sector|el sector|la comuna de|comuna de|comuna|ciudad de|barrio|in|near|em"
    r"|ojala en"
                        r"|me gustaria en|me gustaria|busco en|seria en|prefiero|quiero en|quisiera en|la zona de"
                        r"|zona|hacia)\s+)+")  # fmt: skip


@dataclass(frozen=True)
class Places:
    wanted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class _Hit:
    name: str
    start: int
    end: int


def find_places(text: Text, *, country: str, asked: str | None) -> Places:
    """Places in reading order. Everyday words that are also places count only where a place is being named."""
    hits = _hits(text, country=country, asked=asked)
    wanted: list[str] = []
    refused: list[str] = []
    homes: list[str] = []
    for hit in hits:
        before, after = _around(text, hit)
        if _DENIED_AFTER.match(after) or _DENIED_BEFORE.search(before):
            refused.append(hit.name)
        elif _LIVES_THERE.search(before):
            homes.append(hit.name)
        else:
            wanted.append(hit.name)
    if homes and not wanted and asked == "location":
        wanted = homes
    unique = dict.fromkeys(wanted)
    return Places(
        wanted=tuple(unique)[:_MAX_FOUND],
        refused=tuple(name for name in dict.fromkeys(refused) if name not in unique)[:_MAX_FOUND],
        spans=tuple((hit.start, hit.end) for hit in hits),
    )


def place_in_own_words(text: Text) -> str:
    """What a customer who was asked for the place said, where no list knows it: "en Villa Los Aromos"."""
    folded = text.folded.strip()
    start = len(text.folded) - len(text.folded.lstrip())
    lead = _FREE_TEXT.match(folded)
    said = text.clean[start + (lead.end() if lead else 0) :].strip(" .,;!")
    words = said.split()
    if not 1 <= len(words) <= 5 or len(said) > 60 or not re.fullmatch(r"[^\W\d_][\w .'-]*", said):
        return ""
    return said if said != said.lower() else " ".join(_title(word) for word in words)


def is_place_word(words: str) -> bool:
    """Whether the text starts with the name of any place, in whichever country: "Ana de Viña"."""
    parts = fold(words).split()
    return any(" ".join(parts[:size]) in _all_names() for size in range(1, _MAX_WORDS_IN_NAME))


@cache
def _all_names() -> frozenset[str]:
    return frozenset(key for code in BY_COUNTRY for key in _names(code))


def _title(word: str) -> str:
    return word if word in {"de", "del", "la", "las", "los", "el", "y", "da", "do"} else word[:1].upper() + word[1:]


def _around(text: Text, hit: _Hit) -> tuple[str, str]:
    start, end = text.clause_around(hit.start)
    return text.folded[max(start, hit.start - 60) : hit.start], text.folded[hit.end : max(end, hit.end)][:40]


def _hits(text: Text, *, country: str, asked: str | None) -> list[_Hit]:
    words = [(match.group(), match.start(), match.end()) for match in _WORD.finditer(text.folded)][:_MAX_WORDS_READ]
    names = _names(country)
    hits: list[_Hit] = []
    index = 0
    while index < len(words):
        hit, used = None, 1
        for size in range(min(_MAX_WORDS_IN_NAME, len(words) - index), 0, -1):
            start, end = words[index][1], words[index + size - 1][2]
            key = " ".join(word for word, _, _ in words[index : index + size])
            if text.folded[start:end].count("\n"):
                continue
            is_named = asked == "location" or bool(_BEFORE_PLACE.search(text.folded[max(0, start - 40) : start]))
            is_named = is_named or bool(
                hits and hits[-1].end >= start - 5 and _LISTING.search(text.folded[:start][-6:])
            )
            name = names.get(key)
            if name and key in AMBIGUOUS and not is_named:
                name = None
            if not name and is_named and size <= 3:
                name = _nearly(key, country)
            if name:
                hit, used = _Hit(name, start, end), size
                break
        if hit:
            hits.append(hit)
        index += used
    return hits


@cache
def _names(country: str) -> dict[str, str]:
    """Folded spelling → name. The broker's own country wins where two countries share a name."""
    names: dict[str, str] = {}
    for code in (country, *(code for code in BY_COUNTRY if code != country)):
        for entry in BY_COUNTRY.get(code, "").replace("\n", "|").split("|"):
            name, *aliases = entry.strip().split("=")
            for spelling in (name, *aliases):
                key = fold(spelling)
                if not key or (code != country and (key in AMBIGUOUS or len(key) <= 4)):
                    continue
                names.setdefault(key, name)
    return names


@cache
def _misspellings(country: str) -> dict[str, set[str]]:
    """Sound of a name with one letter left out → names that sound so; finds one wrong, missing or extra letter."""
    index: dict[str, set[str]] = defaultdict(set)
    own = {
        fold(part.split("=")[0]): part.split("=")[0]
        for part in BY_COUNTRY.get(country, "").replace("\n", "|").split("|")
    }
    for key, name in own.items():
        if len(key) >= 5:
            for variant in _one_left_out(_sound(key)):
                index[variant].add(name)
    return dict(index)


def _nearly(key: str, country: str) -> str | None:
    if len(key) < 5 or not key.isascii() or any(character.isdigit() for character in key) or key in _NEVER_A_PLACE:
        return None
    sound = _sound(key)
    index = _misspellings(country)
    found: dict[str, int] = {}
    for variant in _one_left_out(sound):
        for name in index.get(variant, ()):
            found[name] = _distance(sound, _sound(fold(name)))
    allowed = 1 if len(key) < 9 else 2
    close = sorted((distance, name) for name, distance in found.items() if distance <= allowed)
    if (
        not close
        or (len(close) > 1 and close[0][0] == close[1][0])
        or close[0][1][0].lower() != _first(close[0][1], key)
    ):
        return None
    return close[0][1]


def _first(name: str, key: str) -> str:
    """A typing error hardly ever hits the first letter; b and v, c, k and s are one."""
    return name[0].lower() if _sound(fold(name))[:1] == _sound(key)[:1] else ""


def _sound(key: str) -> str:
    sound = re.sub(r"h(?!u)|\s", "", key.replace("ch", "x"))
    for written, spoken in (
        ("v", "b"),
        ("z", "s"),
        ("ce", "se"),
        ("ci", "si"),
        ("qu", "c"),
        ("k", "c"),
        ("ll", "y"),
        ("sh", "x"),
    ):
        sound = sound.replace(written, spoken)
    return re.sub(r"(.)\1", r"\1", sound)


def _one_left_out(sound: str) -> set[str]:
    return {sound, *(sound[:index] + sound[index + 1 :] for index in range(len(sound)))}


def _distance(one: str, other: str) -> int:
    """Edit distance of two short words, swapped neighbours counting once."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


# Everyday words one letter away from a place.
_NEVER_A_PLACE = vocabulary(
    """
        chile mexico argentina colombia peru brasil
        casas colon colina calle centro ciudad puente puerto santa comuna barrio sector norte oriente poniente
        metro cerca parque barato mejor lugar donde mucho poder mismo verde grande nuevo nueva patio playa
        valle torre lomas marca manda quiero ventas venta renta casa campo villa plaza arriendo antes contado
        credito momento principio efectivo mañana manana tarde noche verano calma lunes martes jueves viernes
        sabado domingo enero marzo abril mayo junio julio agosto octubre pesos
        """
)
