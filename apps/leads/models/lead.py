"""People, the ids by which channels know them, and what happened to them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Coalesce, Lower, Now
from django.utils.translation import gettext_lazy as _

from apps.core.ids import new_uid
from apps.leads.types import ContactStatus, IdentityKind, LeadStatus, Stage

# Every word of name, company and email without accents, and the phone from both ends: what a search looks in.
SEARCH_WORDS = models.Func(
    "first_name",
    "last_name",
    "email",
    "company",
    "phone",
    function="public.lead_search_words",
    output_field=SearchVectorField(),
)


class Lead(models.Model):
    """One person, whatever channels they use."""

    uid = models.UUIDField(unique=True, default=new_uid, editable=False)
    phone = models.CharField(_("phone"), max_length=20, null=True, blank=True)  # noqa: DJ001 - unique where there is one
    # One key for all spellings of the number (apps.core.phones.match_key): what duplicates are found by.
    phone_key = models.CharField(max_length=20, null=True, blank=True, editable=False)  # noqa: DJ001 - unique where there is one
    first_name = models.CharField(_("first name"), max_length=150, blank=True, default="")
    last_name = models.CharField(_("last name"), max_length=150, blank=True, default="")
    email = models.EmailField(_("email"), blank=True, default="")
    company = models.CharField(_("company"), max_length=200, blank=True, default="")
    city = models.CharField(_("city"), max_length=120, blank=True, default="")
    country = models.CharField(_("country"), max_length=2, blank=True, default="")
    address = models.CharField(_("address"), max_length=300, blank=True, default="")
    segment = models.CharField(_("segment"), max_length=60, blank=True, default="")
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    source = models.CharField(_("source"), max_length=60, blank=True, default="")
    # The ad or post that brought the lead (WhatsApp referral): source_id, headline, ctwa_clid, …
    referral = models.JSONField(null=True, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=LeadStatus.choices, default=LeadStatus.COLD)
    score = models.DecimalField(_("score"), max_digits=5, decimal_places=2, default=0)
    score_parts = models.JSONField(default=list, blank=True)
    stage = models.CharField(_("stage"), max_length=30, choices=Stage.choices, default=Stage.ENTRADA)
    stage_changed_at = models.DateTimeField(db_default=Now())
    contact_status = models.CharField(max_length=12, choices=ContactStatus.choices, default=ContactStatus.NEW)
    assigned_agent = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    is_opted_out = models.BooleanField(_("does not want messages"), default=False)
    is_blocked = models.BooleanField(_("blocked"), default=False)
    lifetime_value = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    total_purchases = models.PositiveIntegerField(default=0)
    last_purchase_at = models.DateTimeField(null=True, blank=True)
    notes = models.TextField(_("notes"), blank=True, default="")
    lost_reason = models.CharField(_("why it was lost"), max_length=120, blank=True, default="")
    odoo_partner_id = models.BigIntegerField(null=True, blank=True)
    # Messages that they wrote to us, on any channel.
    inbound_count = models.PositiveIntegerField(default=0)
    scored_at = models.DateTimeField(null=True, blank=True)
    # The import that made it.
    made_by_job = models.ForeignKey("leads.Job", models.SET_NULL, null=True, blank=True, related_name="+")
    last_contacted_at = models.DateTimeField(null=True, blank=True)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        indexes = [
            models.Index(fields=["stage", "-score", "-id"], name="lead_stage_score"),
            models.Index(fields=["status", "-score", "-id"], name="lead_status_score"),
            # In the order of the list, with what it is narrowed to most often: deep pages read the index alone.
            models.Index(fields=["stage", "-id"], include=["score", "status"], name="lead_stage"),
            models.Index(fields=["status", "-id"], include=["score", "stage"], name="lead_status"),
            models.Index(fields=["-score", "-id"], include=["stage", "status"], name="lead_score"),
            models.Index(fields=["assigned_agent", "-id"], include=["stage", "status", "score"], name="lead_agent"),
            models.Index(fields=["contact_status", "-id"], name="lead_contact_status"),
            models.Index(fields=["source", "-id"], name="lead_source"),
            models.Index(fields=["-created_at", "-id"], name="lead_created"),
            models.Index(fields=["-updated_at", "-id"], name="lead_updated"),
            models.Index(Coalesce("last_contacted_at", "created_at"), "id", name="lead_last_contact"),
            models.Index(Lower("first_name"), Lower("last_name"), "id", name="lead_name"),
            models.Index(Lower("email"), name="lead_email", condition=~models.Q(email="")),
            models.Index(
                fields=["odoo_partner_id"], name="lead_odoo", condition=models.Q(odoo_partner_id__isnull=False)
            ),
            models.Index(
                fields=["made_by_job"], name="lead_made_by_job", condition=models.Q(made_by_job__isnull=False)
            ),
            GinIndex(SEARCH_WORDS, name="lead_search"),
            GinIndex(fields=["tags"], name="lead_tags"),
            GinIndex(fields=["attributes"], name="lead_attributes", opclasses=["jsonb_path_ops"]),
        ]
        constraints = [
            models.UniqueConstraint(fields=["phone_key"], name="lead_phone_key"),
            models.CheckConstraint(condition=models.Q(score__gte=0, score__lte=100), name="lead_score_range"),
        ]

    def __str__(self) -> str:
        return self.name or self.phone or f"#{self.pk}"

    @property
    def name(self) -> str:
        """First and last name joined; empty while nobody said it."""
        return f"{self.first_name} {self.last_name}".strip()


class LeadTally(models.Model):
    """How many leads came to or left a stage and temperature: their sum is the count, without counting.

    Written by a trigger on the leads' table, added up by apps.leads.tallies.
    """

    stage = models.CharField(max_length=30)
    status = models.CharField(max_length=12)
    number = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.stage}/{self.status}: {self.number:+d}"


class LeadIdentity(models.Model):
    """How one channel knows the person: we answer to the id that wrote to us."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=12, choices=IdentityKind.choices)
    # Ids of Telegram and the web chat belong to one bot or widget; WhatsApp's to the broker's whole portfolio.
    scope = models.CharField(max_length=64, blank=True, default="")
    external_id = models.CharField(max_length=160)
    display_name = models.CharField(max_length=200, blank=True, default="")
    username = models.CharField(max_length=120, blank=True, default="")
    language = models.CharField(max_length=12, blank=True, default="")
    is_reachable = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "lead identities"
        indexes = [models.Index(fields=["lead"], name="lead_identity_lead")]
        constraints = [
            models.UniqueConstraint(fields=["kind", "scope", "external_id"], name="lead_identity_external_id")
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.external_id}"


class StageChange(models.Model):
    """One move through the pipeline."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="stage_changes")
    from_stage = models.CharField(max_length=30, blank=True, default="")
    to_stage = models.CharField(max_length=30, choices=Stage.choices)
    reason = models.CharField(max_length=300, blank=True, default="")
    seconds_in_stage = models.PositiveIntegerField(default=0)
    actor_kind = models.CharField(max_length=12)
    actor_user = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["lead", "-id"], name="stage_change_lead")]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.from_stage} → {self.to_stage}"


class Activity(models.Model):
    """One readable line of a lead's timeline, written from an event."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="activities")
    kind = models.CharField(max_length=40)
    details = models.JSONField(default=dict)
    actor_kind = models.CharField(max_length=12)
    actor_name = models.CharField(max_length=200, blank=True, default="")
    actor_user = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "activities"
        indexes = [models.Index(fields=["lead", "-id"], name="activity_lead")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.lead_id}"
