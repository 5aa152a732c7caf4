"""Words that people write in a file for what we keep as a code: stages, statuses, colleagues."""

from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings
from django.db.models import TextChoices
from django.utils import translation

from apps.accounts.models import User
from apps.accounts.types import UserStatus
from apps.leads.fields import plain_name
from apps.leads.types import ContactStatus, Stage

# The crm_whatsapp document's own words (7.2).
_CONTACT_WORDS = {"converted": ContactStatus.CUSTOMER.value, "lost": ContactStatus.UNQUALIFIED.value}


@lru_cache(maxsize=1)
def stages() -> dict[str, str]:
    """Plain name → stage, by its code and its name in each language."""
    return _words_of(Stage)


@lru_cache(maxsize=1)
def contact_statuses() -> dict[str, str]:
    """Plain name → contact status, by its code and its name in each language."""
    return _words_of(ContactStatus) | _CONTACT_WORDS


def agents(broker_id: int) -> dict[str, int]:
    """E-mail or plain name → active colleague; a name that two bear names nobody."""
    found: dict[str, int] = {}
    twice: set[str] = set()
    for user in User.objects.filter(broker_id=broker_id, status=UserStatus.ACTIVE):
        found[user.email.lower()] = user.pk
        name = plain_name(f"{user.first_name} {user.last_name}")
        if name:
            twice.update({name} & found.keys())
            found[name] = user.pk
    return {word: user_id for word, user_id in found.items() if word not in twice}


def _words_of(choices: type[TextChoices]) -> dict[str, str]:
    found: dict[str, str] = {}
    for language in _languages():
        with translation.override(language):
            found |= {plain_name(str(label)): str(value) for value, label in choices.choices}
    return found | {plain_name(value): value for value in choices.values}


def _languages() -> Iterable[str]:
    return [code for code, _name in settings.LANGUAGES]
