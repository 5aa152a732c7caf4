"""Words of the leads room."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class LeadStatus(TextChoices):
    """Temperature by score; converted and lost are set by stage or by hand, and scoring leaves them."""

    COLD = "cold", _("Cold")
    WARM = "warm", _("Warm")
    HOT = "hot", _("Hot")
    CONVERTED = "converted", _("Converted")
    LOST = "lost", _("Lost")


class Stage(TextChoices):
    """The pipeline, in order."""

    ENTRADA = "entrada", _("Entry")
    PERFILAMIENTO = "perfilamiento", _("Profiling")
    CALIFICACION_FINANCIERA = "calificacion_financiera", _("Financial qualification")
    AGENDADO = "agendado", _("Visit scheduled")
    SEGUIMIENTO = "seguimiento", _("Follow-up")
    REFERIDOS = "referidos", _("Referrals")
    GANADO = "ganado", _("Won")
    PERDIDO = "perdido", _("Lost")


STAGE_ORDER: tuple[str, ...] = tuple(Stage.values)
FINAL_STAGES = frozenset({Stage.GANADO, Stage.PERDIDO})


class ContactStatus(TextChoices):
    """How far a person of ours got with them."""

    NEW = "new", _("New")
    CONTACTED = "contacted", _("Contacted")
    QUALIFIED = "qualified", _("Qualified")
    UNQUALIFIED = "unqualified", _("Unqualified")
    CUSTOMER = "customer", _("Customer")


class IdentityKind(TextChoices):
    """By which id a person is known on a channel."""

    WA_ID = "wa_id", "WhatsApp"
    BSUID = "bsuid", "WhatsApp (BSUID)"
    TELEGRAM = "telegram", "Telegram"
    WEBCHAT = "webchat", _("Web chat")


DEFAULT_THRESHOLDS: dict[str, float] = {"warm": 40.0, "hot": 70.0}


class FieldType(TextChoices):
    """What a custom field holds (the Centro de Control document's tipo_dato)."""

    STRING = "string", _("Text")
    NUMBER = "number", _("Number")
    BOOLEAN = "boolean", _("Yes or no")
    DATETIME = "datetime", _("Date")
    EMAIL = "email", _("Email")
    PHONE = "phone", _("Phone")


class FieldOrigin(TextChoices):
    """Who defined a custom field."""

    PERSON = "person", _("A person")
    INGEST = "ingest", _("Ingest")
    IMPORT = "import", _("Import")


class FieldReview(TextChoices):
    """Fields that came by themselves wait until a person looks at them; they hold values meanwhile."""

    WAITING = "waiting", _("To review")
    ACCEPTED = "accepted", _("Accepted")
    IGNORED = "ignored", _("Ignored")


class IngestState(TextChoices):
    """What became of a record; failed ones can be replayed."""

    RECEIVED = "received", _("Received")
    PROCESSED = "processed", _("Processed")
    FAILED = "failed", _("Failed")


class JobKind(TextChoices):
    IMPORT = "import", _("Import")
    EXPORT = "export", _("Export")
    BULK = "bulk", _("Bulk action")
    RESCORE = "rescore", _("Recalculation of scores")
    DUPLICATES = "duplicates", _("Search for duplicates")
    INDEX = "index", _("Index of a field")
    RETYPE = "retype", _("Conversion of a field")


class JobState(TextChoices):
    """draft → queued → running → done, failed or cancelled; done and cancelled → undone."""

    DRAFT = "draft", _("Draft")
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    UNDONE = "undone", _("Undone")


class DuplicateReason(TextChoices):
    """What two leads have in common."""

    PHONE = "phone", _("Same phone")
    EMAIL = "email", _("Same email")
    NAME_AND_PHONE_TAIL = "name_phone_tail", _("Same name, phones that end alike")
    NAME = "name", _("Same full name")


class DuplicateState(TextChoices):
    OPEN = "open", _("To review")
    MERGED = "merged", _("Merged")
    DISMISSED = "dismissed", _("Two people")


class StageKind(TextChoices):
    OPEN = "open", pgettext_lazy("stage", "Open")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")
