"""Inmo, in the document's order: `op(...)` is served, `pending(...)` is not yet."""

from apps.api.inmo.admin_tasks import FailedTaskViewSet
from apps.api.inmo.auth import AuthDoorViewSet, AuthViewSet
from apps.api.inmo.broker_users import BrokerUserViewSet
from apps.api.inmo.brokers import BrokerViewSet
from apps.api.inmo.chat import ChatStreamViewSet, ChatViewSet
from apps.api.inmo.dialect import DIALECT
from apps.api.inmo.leads import LeadViewSet
from apps.api.inmo.leads_import import LeadImportViewSet
from apps.api.inmo.pipeline import PipelineViewSet
from apps.api.inmo.telegram import TelegramViewSet
from apps.api.inmo.webhooks import WebhookViewSet
from apps.api.kit.routing import addition, elsewhere, mount, op, open_pending, pending

operations = [
    # ---- auth
    op("inmo.auth.register", "POST", "auth/register", AuthDoorViewSet, "register"),
    op("inmo.auth.login", "POST", "auth/login", AuthDoorViewSet, "login", also=["whatsapp_odoo.auth.login"]),
    op("whatsapp_odoo.auth.refresh", "POST", "auth/refresh", AuthDoorViewSet, "refresh"),
    op("whatsapp_odoo.auth.logout", "POST", "auth/logout", AuthViewSet, "logout"),
    op("inmo.auth.me", "GET", "auth/me", AuthViewSet, "me", also=["whatsapp_odoo.auth.me"]),
    addition("inmo.auth.change_password", "PUT", "auth/change-password", AuthViewSet, "change_password"),
    addition("inmo.auth.two_factor_enable", "POST", "auth/2fa/enable", AuthViewSet, "enable_two_factor"),
    addition("inmo.auth.two_factor_verify", "POST", "auth/2fa/verify", AuthDoorViewSet, "verify_two_factor"),
    # ---- leads
    op("inmo.leads.list", "GET", "api/v1/leads", LeadViewSet, "list"),
    op("inmo.leads.get", "GET", "api/v1/leads/{lead_id}", LeadViewSet, "get"),
    op("inmo.leads.create", "POST", "api/v1/leads", LeadViewSet, "create"),
    op("inmo.leads.update", "PUT", "api/v1/leads/{lead_id}", LeadViewSet, "update"),
    op("inmo.leads.delete", "DELETE", "api/v1/leads/{lead_id}", LeadViewSet, "delete"),
    op("inmo.leads.assign", "PUT", "api/v1/leads/{lead_id}/assign", LeadViewSet, "assign"),
    op("inmo.leads.move_stage", "PUT", "api/v1/leads/{lead_id}/pipeline", LeadViewSet, "move_stage"),
    op("inmo.leads.recalculate", "POST", "api/v1/leads/{lead_id}/recalculate", LeadViewSet, "recalculate"),
    op("inmo.leads.bulk_import", "POST", "api/v1/leads/bulk-import", LeadImportViewSet, "bulk_import"),
    addition("inmo.leads.import_status", "GET", "api/v1/leads/imports/{job_id}", LeadImportViewSet, "status"),
    # ---- chat
    op("inmo.chat.test", "POST", "api/v1/chat/test", ChatViewSet, "test"),
    op("inmo.chat.stream", "POST", "api/v1/chat/stream", ChatStreamViewSet, "stream"),
    op("inmo.chat.messages", "GET", "api/v1/chat/{lead_id}/messages", ChatViewSet, "messages"),
    op("inmo.chat.verify", "GET", "api/v1/chat/verify/{lead_id}", ChatViewSet, "verify"),
    # ---- appointments
    pending("inmo.appointments.list", "GET", "api/v1/appointments"),
    pending("inmo.appointments.create", "POST", "api/v1/appointments"),
    pending("inmo.appointments.get", "GET", "api/v1/appointments/{appointment_id}"),
    pending("inmo.appointments.update", "PUT", "api/v1/appointments/{appointment_id}"),
    pending("inmo.appointments.delete", "DELETE", "api/v1/appointments/{appointment_id}"),
    pending(
        "inmo.appointments.available_slots",
        "GET",
        "api/v1/appointments/available-slots",
        aliases=["api/v1/appointments/available/slots"],
    ),
    pending("inmo.appointments.confirm", "POST", "api/v1/appointments/{appointment_id}/confirm"),
    pending("inmo.appointments.cancel", "POST", "api/v1/appointments/{appointment_id}/cancel"),
    # ---- campaigns
    pending("inmo.campaigns.list", "GET", "api/v1/campaigns"),
    pending("inmo.campaigns.create", "POST", "api/v1/campaigns"),
    pending("inmo.campaigns.get", "GET", "api/v1/campaigns/{campaign_id}"),
    pending("inmo.campaigns.update", "PUT", "api/v1/campaigns/{campaign_id}"),
    pending("inmo.campaigns.delete", "DELETE", "api/v1/campaigns/{campaign_id}"),
    pending("inmo.campaigns.add_step", "POST", "api/v1/campaigns/{campaign_id}/steps"),
    pending("inmo.campaigns.apply", "POST", "api/v1/campaigns/{campaign_id}/apply"),
    pending("inmo.campaigns.apply_to_lead", "POST", "api/v1/campaigns/{campaign_id}/apply-to-lead/{lead_id}"),
    pending("inmo.campaigns.logs", "GET", "api/v1/campaigns/{campaign_id}/logs"),
    pending("inmo.campaigns.stats", "GET", "api/v1/campaigns/{campaign_id}/stats"),
    # ---- pipeline
    op("inmo.pipeline.board", "GET", "api/v1/pipeline", PipelineViewSet, "board"),
    op("inmo.pipeline.metrics", "GET", "api/v1/pipeline/metrics", PipelineViewSet, "metrics"),
    op("inmo.pipeline.auto_advance", "POST", "api/v1/pipeline/auto-advance", PipelineViewSet, "auto_advance"),
    op("inmo.pipeline.move_stage", "POST", "api/v1/pipeline/leads/{lead_id}/move-stage", PipelineViewSet, "move_stage"),
    op(
        "inmo.pipeline.auto_advance_lead",
        "POST",
        "api/v1/pipeline/leads/{lead_id}/auto-advance",
        PipelineViewSet,
        "auto_advance_lead",
    ),
    op("inmo.pipeline.stage_leads", "GET", "api/v1/pipeline/stages/{stage:str}/leads", PipelineViewSet, "stage_leads"),
    op(
        "inmo.pipeline.stage_inactive",
        "GET",
        "api/v1/pipeline/stages/{stage:str}/inactive",
        PipelineViewSet,
        "stage_inactive",
    ),
    # ---- templates
    pending("inmo.templates.list", "GET", "api/v1/templates"),
    pending("inmo.templates.create", "POST", "api/v1/templates"),
    pending("inmo.templates.get", "GET", "api/v1/templates/{template_id}"),
    pending("inmo.templates.update", "PUT", "api/v1/templates/{template_id}"),
    pending("inmo.templates.delete", "DELETE", "api/v1/templates/{template_id}"),
    pending("inmo.templates.by_agent_type", "GET", "api/v1/templates/agent-type/{agent_type:str}"),
    # ---- calls
    pending("inmo.calls.initiate", "POST", "api/v1/calls/initiate", aliases=["api/v1/calls"]),
    pending("inmo.calls.list", "GET", "api/v1/calls"),
    pending("inmo.calls.by_lead", "GET", "api/v1/calls/leads/{lead_id}"),
    pending("inmo.calls.get", "GET", "api/v1/calls/{call_id}"),
    open_pending("inmo.calls.webhook", "POST", "api/v1/calls/webhooks/voice", aliases=["api/v1/calls/webhook"]),
    open_pending("inmo.calls.webhook_provider", "POST", "api/v1/calls/webhooks/voice/{provider_name:str}"),
    # ---- webhooks
    op("inmo.webhooks.telegram", "POST", "webhooks/telegram", WebhookViewSet, "telegram"),
    op("inmo.webhooks.whatsapp_verify", "GET", "webhooks/whatsapp", WebhookViewSet, "whatsapp_verify"),
    op("inmo.webhooks.whatsapp", "POST", "webhooks/whatsapp", WebhookViewSet, "whatsapp"),
    op("inmo.webhooks.chat", "POST", "webhooks/chat/{broker_id}/{provider_name:str}", WebhookViewSet, "chat"),
    op(
        "inmo.webhooks.chat_verify",
        "GET",
        "webhooks/chat/{broker_id}/{provider_name:str}",
        WebhookViewSet,
        "chat_verify",
    ),
    # ---- telegram
    op("inmo.telegram.webhook_setup", "POST", "api/v1/telegram/webhook/setup", TelegramViewSet, "set_up"),
    op("inmo.telegram.webhook_info", "GET", "api/v1/telegram/webhook/info", TelegramViewSet, "info"),
    # ---- kb
    pending("inmo.kb.list", "GET", "api/v1/kb"),
    pending("inmo.kb.create", "POST", "api/v1/kb"),
    pending("inmo.kb.get", "GET", "api/v1/kb/{entry_id}"),
    pending("inmo.kb.update", "PUT", "api/v1/kb/{entry_id}"),
    pending("inmo.kb.delete", "DELETE", "api/v1/kb/{entry_id}"),
    pending("inmo.kb.search", "POST", "api/v1/kb/search"),
    # ---- broker config
    pending("inmo.broker_config.get", "GET", "api/broker/config"),
    pending("inmo.broker_config.update_prompt", "PUT", "api/broker/config/prompt"),
    pending("inmo.broker_config.update_leads", "PUT", "api/broker/config/leads"),
    pending("inmo.broker_config.prompt_preview", "GET", "api/broker/config/prompt/preview"),
    pending("inmo.broker_config.defaults", "GET", "api/broker/config/defaults"),
    pending("inmo.broker_config.prompt_versions", "GET", "api/broker/config/prompt/versions"),
    pending("inmo.broker_config.prompt_version_get", "GET", "api/broker/config/prompt/versions/{version_id}"),
    pending(
        "inmo.broker_config.prompt_version_restore", "POST", "api/broker/config/prompt/versions/{version_id}/restore"
    ),
    # ---- broker users
    op("inmo.broker_users.list", "GET", "api/broker/users", BrokerUserViewSet, "list"),
    op("inmo.broker_users.create", "POST", "api/broker/users", BrokerUserViewSet, "create"),
    op("inmo.broker_users.update", "PUT", "api/broker/users/{user_id}", BrokerUserViewSet, "update"),
    op("inmo.broker_users.deactivate", "DELETE", "api/broker/users/{user_id}", BrokerUserViewSet, "deactivate"),
    # ---- brokers
    op("inmo.brokers.create", "POST", "api/brokers", BrokerViewSet, "create"),
    op("inmo.brokers.list", "GET", "api/brokers", BrokerViewSet, "list"),
    op("inmo.brokers.get", "GET", "api/brokers/{broker_id}", BrokerViewSet, "get"),
    op("inmo.brokers.update", "PUT", "api/brokers/{broker_id}", BrokerViewSet, "update"),
    op("inmo.brokers.delete", "DELETE", "api/brokers/{broker_id}", BrokerViewSet, "delete"),
    # ---- costs
    pending("inmo.costs.summary", "GET", "api/v1/admin/costs/summary"),
    pending("inmo.costs.daily", "GET", "api/v1/admin/costs/daily"),
    pending("inmo.costs.outliers", "GET", "api/v1/admin/costs/outliers"),
    pending("inmo.costs.export", "GET", "api/v1/admin/costs/export"),
    pending("inmo.costs.by_broker", "GET", "api/v1/admin/costs/brokers"),
    # ---- admin tasks
    op("inmo.admin_tasks.list", "GET", "api/v1/admin/tasks", FailedTaskViewSet, "list"),
    op("inmo.admin_tasks.retry", "POST", "api/v1/admin/tasks/{task_id:str}/retry", FailedTaskViewSet, "retry"),
    op("inmo.admin_tasks.discard", "DELETE", "api/v1/admin/tasks/{task_id:str}", FailedTaskViewSet, "discard"),
    # ---- utility
    # ---- ws
]
elsewhere("inmo.ws.events", "WEBSOCKET", "/ws/{broker_id}/{user_id}")
urlpatterns = mount(DIALECT, operations)
