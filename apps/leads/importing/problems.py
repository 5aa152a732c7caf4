"""What can be wrong with a row: a code is stored, the sentence is said in the reader's language."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NO_CONTACT: Final = "no_contact"
NO_PHONE: Final = "no_phone"
INVALID_PHONE: Final = "invalid_phone"
CUT_PHONE: Final = "cut_phone"
INVALID_EMAIL: Final = "invalid_email"
UNKNOWN_COUNTRY: Final = "unknown_country"
UNKNOWN_STAGE: Final = "unknown_stage"
UNKNOWN_CONTACT_STATUS: Final = "unknown_contact_status"
UNKNOWN_AGENT: Final = "unknown_agent"
INVALID_NUMBER: Final = "invalid_number"
INVALID_YES_NO: Final = "invalid_yes_no"
INVALID_FIELD: Final = "invalid_field"

# The row is left out; with every other code only the value is.
LEAVES_ROW_OUT: Final = frozenset({NO_CONTACT, NO_PHONE, INVALID_PHONE, CUT_PHONE})

SENTENCES: Final[dict[str, Promise]] = {
    NO_CONTACT: _("There is neither a phone nor an e-mail in this row"),
    NO_PHONE: _("There is no phone in this row"),
    INVALID_PHONE: _("Invalid phone"),
    CUT_PHONE: _("The spreadsheet cut this phone: format the column as text and save again"),
    INVALID_EMAIL: _("Invalid e-mail"),
    UNKNOWN_COUNTRY: _("There is no country of this name"),
    UNKNOWN_STAGE: _("There is no stage of this name"),
    UNKNOWN_CONTACT_STATUS: _("There is no contact status of this name"),
    UNKNOWN_AGENT: _("Nobody of your team has this name or e-mail"),
    INVALID_NUMBER: _("This is not a number"),
    INVALID_YES_NO: _("This is neither yes nor no"),
    INVALID_FIELD: _("This does not fit the type of the field"),
    # Why a lead stays when an import is taken back (apps.leads.importing.undoing).
    "kept_contact": _("Somebody wrote to this lead, or the lead wrote"),
    "kept_work": _("Somebody has worked with this lead"),
    "kept_linked": _("Something else belongs to this lead"),
    "kept_changed": _("It was changed again after the import"),
}


def sentence(code: str) -> str:
    """What the code means, in the active language."""
    return str(SENTENCES.get(code, code))
