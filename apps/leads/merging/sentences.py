"""How the timeline says that leads became one, and two again."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.leads.timeline import Words, sentence_for


@sentence_for("merged")
def _merged(details: Mapping[str, Any], _words: Words) -> str:
    return _("Merged with “%(name)s”") % {"name": details.get("label", "")}


@sentence_for("merge_undone")
def _merge_undone(details: Mapping[str, Any], _words: Words) -> str:
    return _("The merge with “%(name)s” was undone") % {"name": details.get("label", "")}
