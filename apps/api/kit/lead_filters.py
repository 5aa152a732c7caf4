"""The product's own filter of leads in an address, beside what a document names: any field, any custom field."""

from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _

from apps.api.kit.serializers import Text, serializers
from apps.core.errors import InvalidInput
from apps.leads.filters import parse_conditions

_SAYS = (
    'An addition: a tree of conditions as JSON, such as {"all": [{"field": "attributes.comuna", "op": "is", '
    '"value": "Ñuñoa"}]}. Groups are "all" and "any".'
)


class LeadConditions(Text):
    """A filter of apps.leads.filters, parsed."""

    default_error_messages = {"not_json": _("This is not valid JSON.")}

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", _SAYS)
        super().__init__(max_length=4000, required=False, allow_blank=True, **options)

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        if not text:
            return {}
        try:
            return parse_conditions(orjson.loads(text))
        except orjson.JSONDecodeError:
            self.fail("not_json")
        except InvalidInput as error:
            raise serializers.ValidationError(error.message) from error


def joined(*conditions: dict[str, Any]) -> dict[str, object]:
    """One filter that asks for all of them; the empty ones ask for nothing."""
    nodes: list[object] = [each for each in conditions if each]
    return {"all": nodes} if nodes else {}
