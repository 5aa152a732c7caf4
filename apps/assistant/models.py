"""What Sofía's model costs, in the public schema: the platform pays for all brokers."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class LLMUsage(models.Model):
    """One call to a model. Lead and conversation live in the broker's schema: here they are only numbers."""

    broker = models.ForeignKey("brokers.Broker", models.CASCADE, related_name="+", verbose_name=_("broker"))
    lead_id = models.BigIntegerField(_("lead"), null=True, blank=True)
    conversation_id = models.BigIntegerField(_("conversation"), null=True, blank=True)
    model = models.CharField(_("model"), max_length=120)
    prompt_tokens = models.PositiveIntegerField(_("prompt tokens"), default=0)
    completion_tokens = models.PositiveIntegerField(_("completion tokens"), default=0)
    cached_tokens = models.PositiveIntegerField(_("cached tokens"), default=0)
    cost_usd = models.DecimalField(_("cost (USD)"), max_digits=12, decimal_places=6, null=True, blank=True)
    duration_ms = models.PositiveIntegerField(_("duration (ms)"), default=0)
    outcome = models.CharField(_("outcome"), max_length=60, default="ok")
    is_estimated = models.BooleanField(_("estimated"), default=False)
    request_id = models.CharField(_("request id"), max_length=100, blank=True, default="")
    created_at = models.DateTimeField(_("when"), db_default=Now())

    class Meta:
        verbose_name = _("LLM call")
        verbose_name_plural = _("LLM costs")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["broker", "-created_at"], name="llm_usage_broker"),
            models.Index(fields=["-created_at"], name="llm_usage_when"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.created_at:%Y-%m-%d %H:%M}"
