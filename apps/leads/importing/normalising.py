"""From the cells of a row to the values of a lead, and what was wrong with them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson

from apps.core.countries import country_code
from apps.core.errors import InvalidInput
from apps.leads.actions import clean_tags, split_name
from apps.leads.fields import clean_as, clean_value, plain_name
from apps.leads.importing import problems
from apps.leads.importing.mapping import ATTRIBUTE
from apps.leads.importing.phones import PhoneReader, is_cut_number
from apps.leads.importing.vocabulary import contact_statuses, stages
from apps.leads.models import CustomField, Lead
from apps.leads.types import FieldType, Stage

# What a cell may hold that PostgreSQL or a page cannot: everything below the space, and what only a broken file has.
_UNPRINTABLE = dict.fromkeys(range(32), " ") | {127: "", 0: "", 0xFEFF: ""}
_UNPRINTABLE_IN_TEXT = {**_UNPRINTABLE, 10: "\n", 13: ""}
_EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)
_TAG_SIGNS = re.compile(r"[,;|\n]")
_MOST_REMEMBERED: Final = 20_000
# What people type where there is nothing.
_NOTHING: Final = frozenset({"", "-", "--", "n/a", "na", "#n/a", "null", "none", "nan", "s/n", "sin datos"})
# A contact status that the pipeline decides (apps.leads.standing).
_DECIDED: Final = {"converted": Stage.GANADO.value, "lost": Stage.PERDIDO.value}
_PLAIN_COLUMNS: Final = ("company", "city", "address", "segment", "source")


@dataclass(frozen=True)
class Problem:
    """One value that cannot be used: where it stood, what it was, and why."""

    column: str
    value: str
    code: str


@dataclass
class LeadRow:
    """The values of one row; what the file does not say stays empty or None."""

    phone: str | None = None
    phone_key: str | None = None
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    country: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    attributes: str = ""
    others: dict[str, str | int | float | bool] = field(default_factory=dict)
    found: list[Problem] = field(default_factory=list)

    @property
    def is_left_out(self) -> bool:
        return any(problem.code in problems.LEAVES_ROW_OUT for problem in self.found)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How the rows of one file are read: `columns` maps each header to its target."""

    headers: Sequence[str]
    columns: Mapping[str, str]
    country: str
    fields: Mapping[str, CustomField] = field(default_factory=dict)
    agents: Mapping[str, int] = field(default_factory=dict)
    # Every lead of the file gets these too.
    tags: Sequence[str] = ()
    needs_phone: bool = False


class Normaliser:
    """Reads rows by the rules; None is a row with nothing in it."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._phones = PhoneReader(rules.country)
        self._countries: dict[str, str] = {}
        self._width = len(rules.headers)
        self._places: dict[str, list[int]] = {}
        for position, header in enumerate(rules.headers):
            self._places.setdefault(rules.columns.get(header, ""), []).append(position)
        self._attributes = [
            (place, target.removeprefix(ATTRIBUTE), rules.fields.get(target.removeprefix(ATTRIBUTE)))
            for target, places in self._places.items()
            if target.startswith(ATTRIBUTE)
            for place in places
        ]
        self._plain = [(self._places[name][0], name, _longest(name)) for name in _PLAIN_COLUMNS if name in self._places]
        self._others: list[tuple[int, str, Callable[[str], str | int | float | bool | None], str]] = [
            (self._places[name][0], name, read, code) for name, read, code in self._readers() if name in self._places
        ]
        self._remembered_tags: dict[str, list[str]] = {}
        self._remembered_values: dict[tuple[str, str], object] = {}

    def read(self, cells: Sequence[str]) -> LeadRow | None:
        if not any(cells):
            return None
        if len(cells) < self._width:
            cells = [*cells, *[""] * (self._width - len(cells))]
        row = LeadRow()
        self._read_country(cells, row)
        self._read_phone(cells, row)
        self._read_email(cells, row)
        self._read_name(cells, row)
        self._read_texts(cells, row)
        if self._attributes:
            self._read_attributes(cells, row)
        for place, name, read, code in self._others:
            text = _clean(cells[place])
            if text.lower() not in _NOTHING:
                value = read(text)
                if value is None:
                    self._refuse(row, place, text, code)
                else:
                    row.others[name] = value
                    if name == "contact_status" and (stage := _DECIDED.get(plain_name(text))):
                        row.others.setdefault("stage", stage)
        if row.phone is None and not row.is_left_out:
            if not any(cell.strip() for cell in cells):
                return None
            self._require_contact(row)
        return row

    def _require_contact(self, row: LeadRow) -> None:
        if self._rules.needs_phone:
            row.found.append(Problem("", "", problems.NO_PHONE))
        elif not row.email:
            row.found.append(Problem("", "", problems.NO_CONTACT))

    def _read_country(self, cells: Sequence[str], row: LeadRow) -> None:
        for place in self._places.get("country", ()):
            text = _clean(cells[place])
            if text.lower() not in _NOTHING:
                row.country = self._country(text)
                if not row.country:
                    self._refuse(row, place, text, problems.UNKNOWN_COUNTRY)

    def _country(self, text: str) -> str:
        if text not in self._countries:
            if len(self._countries) >= _MOST_REMEMBERED:
                self._countries.clear()
            try:
                self._countries[text] = country_code(text)
            except InvalidInput:
                self._countries[text] = ""
        return self._countries[text]

    def _read_phone(self, cells: Sequence[str], row: LeadRow) -> None:
        refused: Problem | None = None
        for place in self._places.get("phone", ()):
            text = cells[place].strip()
            if text.lower() in _NOTHING:
                continue
            number = self._phones.read(text, row.country)
            if number is not None:
                row.phone, row.phone_key = number
                return
            code = problems.CUT_PHONE if is_cut_number(text) else problems.INVALID_PHONE
            refused = refused or Problem(self._rules.headers[place], _clean(text)[:300], code)
        if refused is not None:
            row.found.append(refused)

    def _read_email(self, cells: Sequence[str], row: LeadRow) -> None:
        for place in self._places.get("email", ()):
            text = _clean(cells[place]).lower()
            if text in _NOTHING:
                continue
            if len(text) <= 254 and _EMAIL.fullmatch(text):
                row.email = text
            else:
                self._refuse(row, place, text, problems.INVALID_EMAIL)

    def _read_name(self, cells: Sequence[str], row: LeadRow) -> None:
        for place in self._places.get("name", ()):
            row.first_name, row.last_name = split_name(_clean(cells[place]))
        for place in self._places.get("first_name", ()):
            row.first_name = _clean(cells[place])[:150] or row.first_name
        for place in self._places.get("last_name", ()):
            row.last_name = _clean(cells[place])[:150] or row.last_name

    def _read_texts(self, cells: Sequence[str], row: LeadRow) -> None:
        for place, name, longest in self._plain:
            text = _clean(cells[place])
            if text:
                row.texts[name] = text[:longest]
        places = self._places.get("tags", ())
        if places or self._rules.tags:
            row.tags = self._tags(",".join([cells[place] for place in places]))
        if "notes" in self._places:
            notes = (cells[place].translate(_UNPRINTABLE_IN_TEXT).strip() for place in self._places["notes"])
            row.texts["notes"] = "\n".join(note for note in notes if note)[:20_000]

    def _tags(self, text: str) -> list[str]:
        found = self._remembered_tags.get(text)
        if found is None:
            if len(self._remembered_tags) >= _MOST_REMEMBERED:
                self._remembered_tags.clear()
            found = clean_tags([*(_clean(tag) for tag in _TAG_SIGNS.split(text)), *self._rules.tags])
            self._remembered_tags[text] = found
        return found

    def _read_attributes(self, cells: Sequence[str], row: LeadRow) -> None:
        values: dict[str, object] = {}
        for place, name, definition in self._attributes:
            text = cells[place].translate(_UNPRINTABLE_IN_TEXT).strip()
            if not text:
                continue
            value = text if definition is None else self._value(definition, text)
            if value is None:
                self._refuse(row, place, text, problems.INVALID_FIELD)
            else:
                values[name] = value
        if values:
            row.attributes = orjson.dumps(values).decode()

    def _value(self, definition: CustomField, text: str) -> object:
        """The value as the field keeps it; None for what does not fit."""
        if definition.type == FieldType.STRING and len(text) <= 10_000:
            return text
        key = (definition.name, text)
        if key not in self._remembered_values:
            if len(self._remembered_values) >= _MOST_REMEMBERED:
                self._remembered_values.clear()
            try:
                self._remembered_values[key] = clean_value(definition, text, country=self._rules.country)
            except InvalidInput:
                self._remembered_values[key] = None
        return self._remembered_values[key]

    def _readers(self) -> list[tuple[str, Callable[[str], str | int | float | bool | None], str]]:
        agents = self._rules.agents
        return [
            ("stage", lambda text: stages().get(plain_name(text)), problems.UNKNOWN_STAGE),
            ("contact_status", lambda text: contact_statuses().get(plain_name(text)), problems.UNKNOWN_CONTACT_STATUS),
            (
                "assigned_agent",
                lambda text: agents.get(text.lower()) or agents.get(plain_name(text)),
                problems.UNKNOWN_AGENT,
            ),
            ("lifetime_value", _amount, problems.INVALID_NUMBER),
            ("is_opted_out", _yes_or_no, problems.INVALID_YES_NO),
        ]

    def _refuse(self, row: LeadRow, place: int, text: str, code: str) -> None:
        row.found.append(Problem(self._rules.headers[place], text[:300], code))


def _clean(text: str) -> str:
    """One line, single spaces, nothing unprintable."""
    if text.isprintable():
        text = text.strip()
        return " ".join(text.split()) if "  " in text else text
    return " ".join(text.translate(_UNPRINTABLE).replace("\ufffd", "").split())


def _longest(column: str) -> int:
    length = getattr(Lead._meta.get_field(column), "max_length", None)
    return int(length or 200)


def _amount(text: str) -> float | None:
    try:
        value = clean_as(FieldType.NUMBER, text, name="lifetime_value")
    except InvalidInput:
        return None
    return float(value) if isinstance(value, int | float) and 0 <= value < 10**12 else None


def _yes_or_no(text: str) -> bool | None:
    try:
        value = clean_as(FieldType.BOOLEAN, text, name="is_opted_out")
    except InvalidInput:
        return None
    return value if isinstance(value, bool) else None
