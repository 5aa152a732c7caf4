"""Brokers, their domains and their configuration. Public: they are what a request is resolved to."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin, TenantMixin

from apps.core.crypto import EncryptedTextField
from apps.core.ids import uid_for
from apps.core.tenancy import schema_of


class Broker(TenantMixin):
    """A brokerage: the tenant. Its rows live in the schema `broker_<id>`."""

    auto_create_schema = False
    auto_drop_schema = False

    uid = models.UUIDField(unique=True, editable=False)
    name = models.CharField(_("name"), max_length=200)
    is_active = models.BooleanField(_("active"), default=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    country = models.CharField(_("country"), max_length=2, default="CL")
    timezone = models.CharField(_("time zone"), max_length=64, default="America/Santiago")
    language = models.CharField(_("language"), max_length=5, default="es")
    currency = models.CharField(_("currency"), max_length=3, default="CLP")
    is_open_to_agents = models.BooleanField(
        _("agents see every conversation"),
        default=False,
        help_text=_("Otherwise they see their own and their queues'."),
    )
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("broker")
        verbose_name_plural = _("brokers")
        indexes = [models.Index(fields=["name"], name="broker_name")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        """Names the schema and the uid after the number; nothing else happens on saving."""
        if self.pk and not self.schema_name:  # type: ignore[has-type]  # django-tenants is not typed
            self.schema_name = schema_of(self.pk)
        if self.pk and not self.uid:
            self.uid = uid_for(self.pk)
        super().save(*args, **kwargs)

    @property
    def is_open(self) -> bool:
        """Whether its doors (tokens, sockets, webhooks, ingest) are open."""
        return self.is_active and self.deleted_at is None


class Domain(DomainMixin):
    """A host name that leads to one broker."""

    class Meta:
        verbose_name = _("domain")
        verbose_name_plural = _("domains")


class BrokerConfig(models.Model):
    """Who Sofía is for this broker and how leads are weighed."""

    broker = models.OneToOneField(Broker, models.CASCADE, primary_key=True, related_name="config")
    agent_name = models.CharField(_("assistant's name"), max_length=60, default="Sofía")
    identity = models.TextField(_("identity"), blank=True, default="")
    sections = models.JSONField(_("sections"), default=dict, blank=True)
    version = models.PositiveIntegerField(default=1)
    weights = models.JSONField(_("scoring weights"), default=dict, blank=True)
    thresholds = models.JSONField(_("score thresholds"), default=dict, blank=True)
    # What else moves a score (apps.leads.scoring): points by source, how fast silence lowers it.
    scoring = models.JSONField(_("scoring rules"), default=dict, blank=True)
    creates_fields = models.BooleanField(_("ingest makes new fields"), default=True)
    llm_base_url = models.URLField(_("LLM address"), blank=True, default="")
    llm_model = models.CharField(_("LLM model"), max_length=120, blank=True, default="")
    # Only for the broker's own address: the platform's key never goes to an address of a tenant.
    llm_api_key = EncryptedTextField(_("LLM key"), blank=True, default="")
    is_assistant_on = models.BooleanField(_("Sofía answers"), default=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"configuration of {self.broker_id}"


class IngestKey(models.Model):
    """What another system writes to a broker with; the only secret in its address."""

    broker = models.ForeignKey(Broker, models.CASCADE, related_name="ingest_keys")
    # How the key is found without being readable in the table.
    digest = models.CharField(max_length=64, unique=True)
    key = EncryptedTextField()
    created_at = models.DateTimeField(db_default=Now())
    # A key that was replaced opens the door until then; null for the present one.
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("ingest key")
        verbose_name_plural = _("ingest keys")
        constraints = [
            models.UniqueConstraint(
                fields=["broker"], condition=models.Q(expires_at__isnull=True), name="ingest_key_one_present"
            )
        ]

    def __str__(self) -> str:
        return f"ingest key {self.pk} of {self.broker_id}"


class PromptVersion(models.Model):
    """Every saved version of who Sofía is."""

    broker = models.ForeignKey(Broker, models.CASCADE, related_name="prompt_versions")
    version = models.PositiveIntegerField()
    agent_name = models.CharField(max_length=60)
    identity = models.TextField(blank=True, default="")
    sections = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["broker", "version"], name="prompt_version_once")]

    def __str__(self) -> str:
        return f"v{self.version} of {self.broker_id}"
