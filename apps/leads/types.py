"""Words of the leads room."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


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
