"""The quick filters of the table in words."""

from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.dashboard.lead_table import ME, NOBODY, Quick
from apps.leads.changes import label_of, readable


def counted(number: int) -> str:
    """A whole number as the reader writes it: 12.345, in English 12,345."""
    shown = f"{number:,}"
    return shown if get_language() == "en" else shown.replace(",", ".")


def quick_words(quick: Quick, agents: Sequence[User]) -> list[tuple[str, Quick]]:
    """Each active filter as a sentence, with the filters that are left without it."""
    said: list[tuple[str, Quick]] = []
    if quick.stages:
        said.append((_list("stage", quick.stages), replace(quick, stages=())))
    if quick.statuses:
        said.append((_list("status", quick.statuses), replace(quick, statuses=())))
    if quick.agent:
        said.append((f"{label_of('assigned_agent')}: {_agent(quick.agent, agents)}", replace(quick, agent="")))
    if quick.tags:
        said.append((_list("tags", quick.tags), replace(quick, tags=())))
    return said


def _list(name: str, values: Sequence[str]) -> str:
    return f"{label_of(name)}: {', '.join(readable(name, value) for value in values)}"


def _agent(agent: str, agents: Sequence[User]) -> str:
    if agent == ME:
        return _("Me")
    if agent == NOBODY:
        return _("Nobody")
    return next((person.name for person in agents if str(person.pk) == agent), agent)
