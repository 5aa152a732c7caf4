"""The values of custom fields: which type a value looks like, and what is kept of it."""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from apps.brokers.models import Broker
from apps.core.errors import InvalidInput
from apps.core.phones import normalize_phone
from apps.core.tenancy import current_broker_id
from apps.leads.models import CustomField
from apps.leads.types import FieldType

MOST_CHARACTERS = 10_000
_ALIASES: Mapping[str, str] = {
    "name": "nombre nombrecompleto nombreyapellido nombresyapellidos nombreapellido name fullname completename "
    "nomecompleto nome contactname nombrecontacto cliente contacto leadname nombrecliente",
    "first_name": "firstname nombres primernombre primeironome givenname",
    "last_name": "lastname apellido apellidos sobrenome surname familyname",
    "phone": "telefono telefonos tel phone phonenumber celular cel movil mobile mobilephone telefonomovil "
    "telefonocelular numerodetelefono numerotelefono numerocelular numerodecelular whatsapp numerowhatsapp "
    "whatsappnumber telefone fone contactphone telefonocontacto telefonodecontacto msisdn telefono1 phone1",
    "email": "email correo correoelectronico mail emailaddress emailcontacto correocontacto workemail "
    "direcciondecorreo direcciondecorreoelectronico enderecodeemail",
    "company": "empresa company companyname compania organizacion organization nombreempresa nombredelaempresa",
    "city": "ciudad city localidad cidade town municipio comuna",
    "country": "pais country countrycode",
    "address": "direccion address domicilio endereco streetaddress",
    "segment": "segmento segment",
    "tags": "tags etiquetas etiqueta",
    "source": "origen source fuente leadsource origendellead fonte utmsource",
    "notes": "notas notes observaciones nota observacoes",
}
# Plain name → column of the lead; `name` is first and last name together.
LEAD_ALIASES: Mapping[str, str] = MappingProxyType(
    {alias: column for column, aliases in _ALIASES.items() for alias in aliases.split()}
)
_TYPE_OF_COLUMN = {"email": FieldType.EMAIL, "phone": FieldType.PHONE}
_WORDS_OF_YES = frozenset({"true", "t", "yes", "y", "si", "sim", "verdadero", "on", "1", "x"})
_WORDS_OF_NO = frozenset({"false", "f", "no", "n", "nao", "falso", "off", "0"})
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,10})?")
_WRITTEN_NUMBER = re.compile(r"-?\d{1,3}([., ]\d{3})+([.,]\d+)?|-?\d+([.,]\d+)?")
_AROUND_NUMBERS = re.compile(
    r"(?i)^(?:US\$|R\$|UF|CLP|MXN|ARS|COP|PEN|USD|EUR|BRL|UYU|[$€£])\s*|\s*(?:%|m2|m²|UF|USD|CLP)$"
)
_LOOKS_LIKE_A_PHONE = re.compile(r"(?:\+|00)[\d\s().\-/]{7,22}|\(\d{1,4}\)[\d\s.\-]{6,14}")
_NUMBERS_NOBODY_ADDS = re.compile(
    r"(?:^|_)(?:id|uid|uuid|gclid|fbclid|codigo|código|code|cod|ref|referencia|rut|run|dni|cpf|cnpj|cuit|cuil|rfc|curp|nit"
    r"|cedula|cédula|pasaporte|documento|zip|cp|cep|postal)(?:_|$)"
)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s*(Z|[+-]\d{2}:?\d{2})?)?")
_WRITTEN_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


def plain_name(name: str) -> str:
    """A field's name without what people write differently: case, accents, spaces and signs.

    >>> plain_name("Teléfono_Móvil") == plain_name("telefono movil") == "telefonomovil"
    True
    """
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


def column_of(name: str) -> str:
    """The lead's own column that a sender means by this name; empty for any other name."""
    return LEAD_ALIASES.get(plain_name(name), "")


def infer_type(value: object) -> FieldType:
    """What a value looks like: yes or no, number, ISO date, e-mail, phone, else text."""
    if isinstance(value, bool):
        return FieldType.BOOLEAN
    if isinstance(value, int | float):
        return FieldType.NUMBER
    if not isinstance(value, str):
        return FieldType.STRING
    text = value.strip()
    if text.lower() in {"true", "false", "sí", "si", "no", "sim", "não"}:
        return FieldType.BOOLEAN
    if _PLAIN_NUMBER.fullmatch(text):
        return FieldType.NUMBER
    if _ISO_DATE.fullmatch(text) and _as_date(text) is not None:
        return FieldType.DATETIME
    if "@" in text and _is_email(text):
        return FieldType.EMAIL
    digits = sum(letter.isdigit() for letter in text)
    if _LOOKS_LIKE_A_PHONE.fullmatch(text) and 7 <= digits <= 15:
        return FieldType.PHONE
    return FieldType.STRING


def common_type(values: Iterable[object]) -> FieldType:
    """What all values that are not empty look like; text where they differ."""
    found = {infer_type(value) for value in values if value is not None and value != ""}
    return found.pop() if len(found) == 1 else FieldType.STRING


def type_for(name: str, sample: object) -> FieldType:
    """The type of a new field: that of the lead's column which its name means, else what its value looks like.

    Ids and codes are text though they look like numbers: nobody adds them up, and their zeros count.
    """
    column = column_of(name)
    if column:
        return _TYPE_OF_COLUMN.get(column, FieldType.STRING)
    if _NUMBERS_NOBODY_ADDS.search(name.replace("-", "_").replace(" ", "_").lower()):
        return FieldType.STRING
    return common_type(sample) if isinstance(sample, list | tuple) else infer_type(sample)


def clean_value(field: CustomField, raw: object, *, country: str | None = None) -> object:
    """The value as it is kept in `Lead.attributes`: text, number, true or false, ISO date, or None for an empty one.

    `country` reads a phone without its country code; the broker's own where it is not given. Raises InvalidInput,
    naming the field, for what is no value of its type.
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    return clean_as(FieldType(field.type), raw, name=field.name, country=country)


def clean_as(kind: FieldType, raw: object, *, name: str, country: str | None = None) -> object:
    """The same for a type; a text is never empty here."""
    match kind:
        case FieldType.NUMBER:
            return _number(raw, name)
        case FieldType.BOOLEAN:
            return _yes_or_no(raw, name)
        case FieldType.DATETIME:
            return _moment(raw, name)
        case FieldType.EMAIL:
            return _email(raw, name)
        case FieldType.PHONE:
            return normalize_phone(_text(raw, name), country=_country() if country is None else country, field=name)
        case _:
            return _text(raw, name)


def _text(raw: object, name: str) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float):
        return str(raw)
    if not isinstance(raw, str):
        raise InvalidInput(_("Write text here."), field=name)
    text = raw.replace("\x00", "").strip()
    if len(text) > MOST_CHARACTERS:
        raise InvalidInput(_("Write at most %(most)d characters.") % {"most": MOST_CHARACTERS}, field=name)
    return text


def _number(raw: object, name: str) -> int | float:
    refused = InvalidInput(_("Write a number here."), field=name)
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise refused
    if isinstance(raw, str):
        return _written_number(raw, refused)
    if isinstance(raw, float) and not math.isfinite(raw):
        raise refused
    if abs(raw) >= 10**15:
        raise refused
    return raw


def _written_number(text: str, refused: InvalidInput) -> int | float:
    """1.234.567,89 and 1,234,567.89; a single sign before three digits parts thousands, as people here write it."""
    bare = _AROUND_NUMBERS.sub("", _AROUND_NUMBERS.sub("", text.strip())).replace("\u00a0", " ")
    if not _WRITTEN_NUMBER.fullmatch(bare) or len(bare) > 24:
        raise refused
    bare = bare.replace(" ", "")
    last = max(bare.rfind("."), bare.rfind(","))
    fraction = ""
    if last >= 0 and _is_decimal(bare, last):
        bare, fraction = bare[:last], bare[last + 1 :]
    whole = bare.replace(".", "").replace(",", "")
    if len(whole.lstrip("-")) > 15:
        raise refused
    return float(f"{whole}.{fraction}") if fraction else int(whole)


def _is_decimal(text: str, last: int) -> bool:
    sign, other = text[last], "," if text[last] == "." else "."
    if text.count(sign) > 1:
        return False
    is_group_of_three = len(text) - last - 1 == 3
    return other in text or not is_group_of_three or text.lstrip("-").startswith("0")


def _yes_or_no(raw: object, name: str) -> bool:
    if isinstance(raw, bool):
        return raw
    word = plain_name(str(raw)) if isinstance(raw, str | int) else ""
    if word in _WORDS_OF_YES:
        return True
    if word in _WORDS_OF_NO:
        return False
    raise InvalidInput(_("Say yes or no here."), field=name)


def _moment(raw: object, name: str) -> str:
    """A day as YYYY-MM-DD, a moment in UTC with a Z: as text they sort by time."""
    found = _as_date(raw.strip()) if isinstance(raw, str) else None
    if found is None:
        raise InvalidInput(_("Write a date here, such as 2026-02-12 or 12/02/2026."), field=name)
    if not isinstance(found, datetime):
        return found.isoformat()
    at = found if found.tzinfo else found.replace(tzinfo=UTC)
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _as_date(text: str) -> date | None:
    written = _WRITTEN_DATE.fullmatch(text)
    if written:
        day, month, year = written.groups()
        text = f"{year}-{month:0>2}-{day:0>2}"
    try:
        found = parse_date(text) or parse_datetime(text)
        # The first and the last days of the calendar have no moment in UTC.
        return found if found is not None and 1 < found.year < 9999 else None
    except ValueError:
        return None


def _email(raw: object, name: str) -> str:
    text = raw.strip().lower() if isinstance(raw, str) else ""
    if not _is_email(text):
        raise InvalidInput(_("Write an e-mail address here."), field=name)
    return text


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254


def _country() -> str:
    broker_id = current_broker_id()
    return Broker.objects.filter(pk=broker_id).values_list("country", flat=True).first() or ""
