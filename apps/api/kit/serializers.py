"""Fields and bases that every dialect's serializers use. Unknown input is ignored, NUL characters never pass."""

from datetime import UTC
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as serializers

INT_MAX = 2**31 - 1


# The base of all: fields are listed by hand, in the document's order. No docstring: OpenAPI would show it everywhere.
class Serializer(serializers.Serializer[Any]):
    pass


class Int(serializers.IntegerField):
    """A whole number that fits the column; `true` and 1.5 are not numbers of this kind."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool):
            self.fail("invalid")
        number = super().to_internal_value(data)
        if abs(number) > INT_MAX:
            self.fail("max_string_length")
        return number


class Text(serializers.CharField):
    """Text; numbers and booleans are not silently turned into it."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Email(Text, serializers.EmailField):
    """An e-mail address, in lower case."""

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).lower()


class Time(serializers.DateTimeField):
    """ISO 8601 in UTC with a Z and whole seconds."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("format", "%Y-%m-%dT%H:%M:%SZ")
        options.setdefault("default_timezone", UTC)
        super().__init__(**options)


class AnyCaseChoice(serializers.ChoiceField):
    """An enum that is read in any case and answered in its own."""

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(data.strip().lower() if isinstance(data, str) else data)


@extend_schema_field({"type": "object", "additionalProperties": {}})
class JSONObject(serializers.JSONField):
    """A free JSON object. Its numbers fit into 64 bits: PostgreSQL keeps larger ones, and nobody could read them."""

    default_error_messages = {
        "not_object": _("This must be an object."),
        "number_too_large": _("A number in here is too large. Send it as text."),
    }

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            self.fail("not_object")
        if _has_large_number(data):
            self.fail("number_too_large")
        return super().to_internal_value(data)


def _has_large_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_large_number(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_has_large_number(inner) for inner in value)
    return isinstance(value, int | float) and abs(value) >= 2**63


class Strings(serializers.ListField):
    """A list of short texts."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("child", Text(max_length=200))
        options.setdefault("max_length", 200)
        super().__init__(**options)


class ListedStrings(Strings):
    """A list in an address: the parameter repeated, or its values with commas between them."""

    def to_internal_value(self, data: Any) -> list[Any]:
        given = data if isinstance(data, list) else [data]
        values = [part.strip() for each in given for part in str(each).split(",")]
        return super().to_internal_value([value for value in values if value])


class Message(Serializer):
    """An answer that only says that it was done."""

    message = Text()
