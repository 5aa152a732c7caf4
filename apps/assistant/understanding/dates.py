"""When a customer wants to come: "mañana a las 5", "el sábado", "15 de marzo 10am". Never in the past."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from apps.assistant.types import DayPart
from apps.assistant.understanding.numbers import UNITS
from apps.assistant.understanding.text import Text

_WEEKDAYS = {
    "lunes": 0, "martes": 1, "miercoles": 2, "jueves": 3, "viernes": 4, "sabado": 5, "domingo": 6,
    "segunda-feira": 0, "terca": 1, "terca-feira": 1, "quarta-feira": 2, "quinta-feira": 3,
    "sexta": 4, "sexta-feira": 4,
    "monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6,
}  # fmt: skip
_MONTHS = {
    "enero": 1, "febrero": 2, "marzo": 3, "abril": 4, "mayo": 5, "junio": 6, "julio": 7, "agosto": 8, "septiembre": 9,
    "setiembre": 9, "octubre": 10, "noviembre": 11, "diciembre": 12, "janeiro": 1, "fevereiro": 2, "marco": 3,
    "maio": 5,
    "junho": 6, "julho": 7, "setembro": 9, "outubro": 10, "novembro": 11, "dezembro": 12, "january": 1, "february": 2,
    "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8, "september": 9,
    "october": 10, "november": 11,
    "december": 12,
}  # fmt: skip
_MONTH = "|".join(_MONTHS)
_WEEKDAY = "|".join(sorted(_WEEKDAYS, key=len, reverse=True))
_SMALL = "|".join(word for word, value in UNITS.items() if value <= 20)
_DAY_AFTER_TOMORROW = re.compile(r"\bpasado(?: el dia de)? manana\b|\bdepois de amanha\b|\bday after tomorrow\b")
_TOMORROW = re.compile(
    r"(?<!por la )(?<!en la )(?<!de la )(?<!a la )(?<!esta )\bmanana\b|\bamanha\b|\btomorrow\b|\bmnana\b|\bmanhana\b"
)
_TODAY = re.compile(r"\bhoy\b|\bhoje\b|\btoday\b|\besta (?:misma )?(?:tarde|noche)\b|\bahora mismo\b")
_IN_DAYS = re.compile(rf"\b(?:en|dentro de|in|em)\s+(\d{{1,2}}|{_SMALL})\s+(dias?|days?|semanas?|weeks?)\b")
_NEXT_WEEK = re.compile(
    r"\b(?:la )?(?:proxima|siguiente|otra) semana\b|\bsemana (?:que viene|proxima|entrante|que vem)\b|\bnext week\b"
    r"|\bproxima semana\b"
)
_WEEKEND = re.compile(r"\bfin(?:es)? de semana\b|\bfinde\b|\bweekend\b|\bfim de semana\b")
_NAMED_DAY = re.compile(rf"(?<!los )(?<!todos )\b({_WEEKDAY})\b")
_DAY_MONTH = re.compile(
    rf"\b(\d{{1,2}}|primero)(?:ro|º|o|st|nd|rd|th)?\s+(?:de\s+|of\s+)?({_MONTH})\b(?:\s+(?:de\s+|del\s+)?(20\d\d)\b)?"
)
_MONTH_DAY = re.compile(rf"\b({_MONTH})\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*(?:hrs?|:|am|pm))")
_NUMERIC = re.compile(r"(?<![\d.,/-])(\d{1,2})[/-](\d{1,2})(?:[/-](20\d\d|\d\d))?(?![\d/-])")
_ISO = re.compile(r"(?<!\d)(20\d\d)-(\d{1,2})-(\d{1,2})(?!\d)")
_DAY_ONLY = re.compile(
    rf"\b(?:el|dia|el dia|(?:{_WEEKDAY}))\s+(\d{{1,2}})\b(?!\s*(?:d|b|:|hrs?|am|pm|de la|millones|mil|uf|%))"
)
_ABOUT_VISIT = re.compile(
    r"\bvisit|\bver(?:lo|la|los|las)?\b|\bconocer|\bagend|\bcita\b|\breunion|\bpodria\b|\bpuedo\b|\bpodemos\b|\bir\b"
    r"|\bvoy\b|\bpasar\b|\bcoordinar"
    r"|\bme acomoda|\bme sirve\b|\bme queda\b|\bdisponib|\bvisitar|\bcoming\b|\bsee\b|\bshowing\b|\bconhecer\b"
    r"|\bagendar\b|\bpodemos\b|\btengo libre\b"
)
_NOT_A_VISIT = re.compile(
    r"\bmud(?:o|ar|arme|amos|anza)\b|\bentrega|\bcambi(?:o|arme) de casa|\bavis|\brespond|\bconfirmo\b|\bhablamos\b"
    r"|\bescrib|\bllam|\bvence\b"
    r"|\bvencimiento\b|\bcontest|\bte digo\b|\ble digo\b|\bdesde el\b|\bnaci\b|\bpagan\b|\bcumplo\b"
    r"|\bhasta (?:el )?(?:manana|lunes|martes)"
    r"|\bmove in\b|\bavisar|\bpubli|\bvi el aviso\b|\bmande|\benvi"
)
_CLOCK = re.compile(
    r"(?P<lead>\b(?:a las?|tipo|como a las?|at|as|a eso de las|desde las|despues de las|sobre las|las|la)\s+)?"
    rf"(?<![\w.,$/-])(?P<hour>\d{{1,2}}(?!\d)|\b(?:{_SMALL})\b)(?:(?P<separator>[:.h])(?P<minute>\d{{2}})(?!\d)"
    rf"|(?![.,:/-]\d))(?P<half>\s+y media|\s+y cuarto|\s+e meia)?\s*"
    r"(?P<suffix>a\.? ?m\b\.?|p\.? ?m\b\.?|hrs?\b\.?|horas?\b|h\b|de la manana|de la tarde|de la noche|da manha"
    r"|da tarde|da noite|en la tarde|en la manana|o'clock|en punto)?"
)
_NOON = re.compile(r"\b(?:al )?medio ?dia\b|\bnoon\b|\bmeio[ -]dia\b")
_MORNING = re.compile(
    r"\b(?:por|en|a|de) la manana\b|\bde manana\b|\bmorning\b|\b(?:de|pela) manha\b|\btemprano\b|\bmanana temprano\b"
)
_AFTERNOON = re.compile(
    r"\b(?:por|en|a|de|esta) (?:la )?tarde\b|\bafternoon\b|\b(?:a|de|pela|na) tarde\b|\bdespues de almuerzo\b"
)
_EVENING = re.compile(
    r"\b(?:por|en|a|de|esta) (?:la )?noche\b|\bevening\b|\b(?:a|de) noite\b|\bdespues del trabajo\b"
    r"|\bdespues de la pega\b"
)
# A will to come without a day.
_SOMETIME = re.compile(
    r"\bsemana\b|\bcualquier (?:dia|hora)\b|\bcuando (?:quieras|puedan|sea|gusten)\b|\blo antes posible\b"
    r"|\bany ?(?:day|time)\b"
    r"|\bqualquer dia\b|\bnext week\b|\besta tarde\b|\bmes\b|\bahora\b|\bpronto\b"
)
_MAX_AHEAD = timedelta(days=400)


@dataclass(frozen=True)
class When:
    day: date | None
    clock: time | None
    part: DayPart | None
    spans: tuple[tuple[int, int], ...]
    is_today: bool = False
    is_vague: bool = False


NEVER = When(None, None, None, ())


def find_when(text: Text, *, now: datetime, is_expected: bool) -> When:
    """Day, time and part of the day of a wish to visit. `now` is in the broker's timezone.

    A date that belongs to something else ("me mudo en marzo", "mañana te aviso") is not a visit.
    """
    folded = text.folded
    if not is_expected and _NOT_A_VISIT.search(folded) and not _ABOUT_VISIT.search(folded):
        return NEVER
    day, day_spans = _day(folded, now.date())
    rest = text.without(day_spans).folded
    clock, has_half, clock_spans = _clock(rest, is_expected=is_expected or day is not None)
    part = _part(folded)
    if day is None and not is_expected and not (clock and _ABOUT_VISIT.search(folded)):
        return NEVER
    if clock and not has_half:
        clock = _in_office_hours(clock, part)
    if day == now.date() and clock and clock <= now.time().replace(tzinfo=None):
        later = clock.replace(hour=clock.hour + 12) if not has_half and clock.hour < 9 else None
        clock = later if later and later > now.time().replace(tzinfo=None) else None
    return When(
        day,
        clock,
        None if clock else part,
        (*day_spans, *clock_spans),
        is_today=day == now.date(),
        is_vague=is_expected and day is None and bool(_SOMETIME.search(folded)),
    )


def _day(folded: str, today: date) -> tuple[date | None, list[tuple[int, int]]]:
    for find in (_calendar_day, _relative_day, _named_day, _day_of_month):
        day, spans = find(folded, today)
        if spans:
            return (day if day and today <= day <= today + _MAX_AHEAD else None), spans
    return None, []


def _calendar_day(folded: str, today: date) -> tuple[date | None, list[tuple[int, int]]]:
    if match := _ISO.search(folded):
        return _date(int(match[1]), int(match[2]), int(match[3])), [match.span()]
    if match := _DAY_MONTH.search(folded):
        number = 1 if match[1] == "primero" else int(match[1])
        return _upcoming(today, _MONTHS[match[2]], number, match[3]), [match.span()]
    if match := _MONTH_DAY.search(folded):
        return _upcoming(today, _MONTHS[match[1]], int(match[2]), None), [match.span()]
    for match in _NUMERIC.finditer(folded):
        first, second = int(match[1]), int(match[2])
        if second <= 12 < first or (1 <= first <= 31 and 1 <= second <= 12 and ("/" in match[0] or match[3])):
            return _upcoming(today, second, first, match[3]), [match.span()]
        if first <= 12 < second <= 31 and "/" in match[0]:
            return _upcoming(today, first, second, match[3]), [match.span()]
    return None, []


def _relative_day(folded: str, today: date) -> tuple[date | None, list[tuple[int, int]]]:
    if match := _DAY_AFTER_TOMORROW.search(folded):
        return today + timedelta(days=2), [match.span()]
    if match := _IN_DAYS.search(folded):
        count = int(match[1]) if match[1].isdecimal() else UNITS[match[1]]
        return today + timedelta(days=count * (7 if match[2][0] in "sw" else 1)), [match.span()]
    if match := _TOMORROW.search(folded):
        return today + timedelta(days=1), [match.span()]
    if match := _TODAY.search(folded):
        return today, [match.span()]
    return None, []


def _named_day(folded: str, today: date) -> tuple[date | None, list[tuple[int, int]]]:
    next_week = _NEXT_WEEK.search(folded)
    for match in _NAMED_DAY.finditer(folded):
        number = re.match(r"\s+(\d{1,2})\b(?!\s*(?:hrs?|:|am|pm|de la))", folded[match.end() : match.end() + 8])
        if number and (day := _nearest_day_number(today, int(number[1]))):
            return day, [(match.start(), match.end() + number.end())]
        weekday = _WEEKDAYS[match[1]]
        if next_week:
            monday = today + timedelta(days=7 - today.weekday())
            return monday + timedelta(days=weekday), [match.span(), next_week.span()]
        return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1), [match.span()]
    weekend = _WEEKEND.search(folded)
    if weekend is None:
        return None, []
    is_next = next_week is not None or "proximo" in folded
    return today + timedelta(days=(5 - today.weekday()) % 7 + 7 * is_next), [weekend.span()]


def _day_of_month(folded: str, today: date) -> tuple[date | None, list[tuple[int, int]]]:
    match = _DAY_ONLY.search(folded)
    if not match:
        return None, []
    return _nearest_day_number(today, int(match[1])), [match.span(1)]


def _nearest_day_number(today: date, number: int) -> date | None:
    """The next day with that number in this month or a following one that has it."""
    month = date(today.year, today.month, 1)
    for _ in range(3):
        day = _date(month.year, month.month, number)
        if day and day >= today:
            return day
        month = (month + timedelta(days=32)).replace(day=1)
    return None


def _upcoming(today: date, month: int, number: int, year: str | None) -> date | None:
    if year:
        return _date(int(year) if len(year) == 4 else 2000 + int(year), month, number)
    day = _date(today.year, month, number)
    return _date(today.year + 1, month, number) if day and day < today else day


def _date(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None


def _clock(folded: str, *, is_expected: bool) -> tuple[time | None, bool, list[tuple[int, int]]]:
    """Time of day, whether its half of the day was said, and where it stands."""
    for match in _CLOCK.finditer(folded):
        if not _is_clock(match, is_expected=is_expected):
            continue
        hour = int(match["hour"]) if match["hour"].isdecimal() else UNITS[match["hour"]]
        minute = int(match["minute"] or 0)
        if match["half"]:
            minute = 15 if "cuarto" in match["half"] else 30
        if not (hour <= 23 and minute <= 59):
            continue
        suffix = (match["suffix"] or "").replace(".", "").replace(" ", "")
        is_late = suffix in {"pm", "delatarde", "delanoche", "datarde", "danoite", "enlatarde"}
        is_early = suffix in {"am", "delamanana", "damanha", "enlamanana"}
        if is_late and hour < 12:
            hour += 12
        if is_early and hour == 12:
            hour = 0
        return time(hour, minute), is_late or is_early or hour >= 13, [match.span()]
    noon = _NOON.search(folded)
    return (time(12), True, [noon.span()]) if noon else (None, False, [])


def _is_clock(match: re.Match[str], *, is_expected: bool) -> bool:
    """A number alone is no time: "pm", minutes or "a las" make it one."""
    if match["suffix"] or (match["minute"] and match["separator"] != "."):
        return True
    return bool(match["lead"]) and (is_expected or match["lead"].startswith(("a ", "at", "como")))


def _in_office_hours(clock: time, part: DayPart | None) -> time:
    """ "A las 5" is in the afternoon: nobody visits a home before eight."""
    if clock.hour < 8 or (clock.hour < 12 and part in {"afternoon", "evening"}):
        return clock.replace(hour=clock.hour + 12) if 0 < clock.hour < 12 else clock
    return clock


def _part(folded: str) -> DayPart | None:
    if _EVENING.search(folded):
        return "evening"
    if _AFTERNOON.search(folded):
        return "afternoon"
    return "morning" if _MORNING.search(folded) else None
