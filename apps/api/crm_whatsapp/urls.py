"""WhatsApp CRM, in the document's order: `op(...)` is served, `pending(...)` is not yet."""

from apps.api.crm_whatsapp.auth import AuthDoorViewSet, AuthViewSet
from apps.api.crm_whatsapp.clients import ClientViewSet
from apps.api.crm_whatsapp.clients_files import ClientFilesViewSet
from apps.api.crm_whatsapp.dialect import DIALECT
from apps.api.crm_whatsapp.users import OwnProfileViewSet
from apps.api.crm_whatsapp.webhooks import NumberWebhookViewSet
from apps.api.kit.routing import addition, mount, op, open_pending, pending

operations = [
    # ---- auth
    op("crm_whatsapp.auth.login", "POST", "v1/auth/login", AuthDoorViewSet, "login"),
    op("crm_whatsapp.auth.refresh", "POST", "v1/auth/refresh", AuthDoorViewSet, "refresh"),
    op("crm_whatsapp.auth.logout", "POST", "v1/auth/logout", AuthViewSet, "logout"),
    op("crm_whatsapp.auth.change_password", "PUT", "v1/auth/change-password", AuthViewSet, "change_password"),
    op("crm_whatsapp.auth.two_factor_enable", "POST", "v1/auth/2fa/enable", AuthViewSet, "enable_two_factor"),
    op("crm_whatsapp.auth.two_factor_verify", "POST", "v1/auth/2fa/verify", AuthDoorViewSet, "verify_two_factor"),
    # ---- users
    pending("crm_whatsapp.users.list", "GET", "v1/users"),
    pending("crm_whatsapp.users.get", "GET", "v1/users/{user_id}"),
    pending("crm_whatsapp.users.create", "POST", "v1/users"),
    pending("crm_whatsapp.users.update", "PUT", "v1/users/{user_id}"),
    pending("crm_whatsapp.users.delete", "DELETE", "v1/users/{user_id}"),
    pending("crm_whatsapp.users.set_agent_status", "POST", "v1/users/{user_id}/agent-status"),
    op("crm_whatsapp.users.get_me", "GET", "v1/users/me", OwnProfileViewSet, "get"),
    op("crm_whatsapp.users.update_me", "PUT", "v1/users/me", OwnProfileViewSet, "update"),
    # ---- campaigns
    pending("crm_whatsapp.campaigns.list", "GET", "v1/campaigns"),
    pending("crm_whatsapp.campaigns.create", "POST", "v1/campaigns"),
    pending("crm_whatsapp.campaigns.get", "GET", "v1/campaigns/{campaign_id}"),
    pending("crm_whatsapp.campaigns.update", "PUT", "v1/campaigns/{campaign_id}"),
    pending("crm_whatsapp.campaigns.delete", "DELETE", "v1/campaigns/{campaign_id}"),
    pending("crm_whatsapp.campaigns.assign_numbers", "POST", "v1/campaigns/{campaign_id}/numbers"),
    pending("crm_whatsapp.campaigns.assign_agents", "POST", "v1/campaigns/{campaign_id}/agents"),
    # ---- whatsapp numbers
    pending("crm_whatsapp.whatsapp_numbers.list", "GET", "v1/whatsapp-numbers"),
    pending("crm_whatsapp.whatsapp_numbers.create", "POST", "v1/whatsapp-numbers"),
    pending("crm_whatsapp.whatsapp_numbers.status", "GET", "v1/whatsapp-numbers/{number_id}/status"),
    pending("crm_whatsapp.whatsapp_numbers.qr", "GET", "v1/whatsapp-numbers/{number_id}/qr"),
    pending("crm_whatsapp.whatsapp_numbers.disconnect", "POST", "v1/whatsapp-numbers/{number_id}/disconnect"),
    pending("crm_whatsapp.whatsapp_numbers.reconnect", "POST", "v1/whatsapp-numbers/{number_id}/reconnect"),
    pending("crm_whatsapp.whatsapp_numbers.update", "PUT", "v1/whatsapp-numbers/{number_id}"),
    pending("crm_whatsapp.whatsapp_numbers.delete", "DELETE", "v1/whatsapp-numbers/{number_id}"),
    # ---- chats
    pending("crm_whatsapp.chats.list", "GET", "v1/chats"),
    pending("crm_whatsapp.chats.get", "GET", "v1/chats/{chat_id}"),
    pending("crm_whatsapp.chats.assign", "POST", "v1/chats/{chat_id}/assign"),
    pending("crm_whatsapp.chats.transfer", "POST", "v1/chats/{chat_id}/transfer"),
    pending("crm_whatsapp.chats.close", "POST", "v1/chats/{chat_id}/close"),
    pending("crm_whatsapp.chats.reopen", "POST", "v1/chats/{chat_id}/reopen"),
    pending("crm_whatsapp.chats.add_tag", "POST", "v1/chats/{chat_id}/tags"),
    pending("crm_whatsapp.chats.add_note", "POST", "v1/chats/{chat_id}/notes"),
    pending("crm_whatsapp.chats.set_priority", "PUT", "v1/chats/{chat_id}/priority"),
    pending("crm_whatsapp.chats.list_messages", "GET", "v1/chats/{chat_id}/messages"),
    # ---- messages
    pending("crm_whatsapp.messages.send", "POST", "v1/messages"),
    pending("crm_whatsapp.messages.get", "GET", "v1/messages/{message_id}"),
    pending("crm_whatsapp.messages.mark_read", "POST", "v1/messages/{message_id}/read"),
    pending("crm_whatsapp.messages.retry", "POST", "v1/messages/{message_id}/retry"),
    # ---- clients
    op("crm_whatsapp.clients.list", "GET", "v1/clients", ClientViewSet, "list"),
    op("crm_whatsapp.clients.create", "POST", "v1/clients", ClientViewSet, "create"),
    op("crm_whatsapp.clients.get", "GET", "v1/clients/{client_id}", ClientViewSet, "get"),
    op("crm_whatsapp.clients.update", "PUT", "v1/clients/{client_id}", ClientViewSet, "update"),
    op("crm_whatsapp.clients.delete", "DELETE", "v1/clients/{client_id}", ClientViewSet, "delete"),
    op("crm_whatsapp.clients.add_tag", "POST", "v1/clients/{client_id}/tags", ClientViewSet, "add_tag"),
    op(
        "crm_whatsapp.clients.remove_tag",
        "DELETE",
        "v1/clients/{client_id}/tags/{tag:str}",
        ClientViewSet,
        "remove_tag",
    ),
    op("crm_whatsapp.clients.import", "POST", "v1/clients/import", ClientFilesViewSet, "import_clients"),
    addition(
        "crm_whatsapp.clients.import_status", "GET", "v1/clients/import/{job_id}", ClientFilesViewSet, "import_status"
    ),
    op("crm_whatsapp.clients.export", "GET", "v1/clients/export", ClientFilesViewSet, "export_clients"),
    # ---- tasks
    pending("crm_whatsapp.tasks.list", "GET", "v1/tasks"),
    pending("crm_whatsapp.tasks.create", "POST", "v1/tasks"),
    pending("crm_whatsapp.tasks.update", "PUT", "v1/tasks/{task_id}"),
    pending("crm_whatsapp.tasks.complete", "POST", "v1/tasks/{task_id}/complete"),
    pending("crm_whatsapp.tasks.add_comment", "POST", "v1/tasks/{task_id}/comments"),
    # ---- bot flows
    pending("crm_whatsapp.bot_flows.list", "GET", "v1/bot-flows"),
    pending("crm_whatsapp.bot_flows.create", "POST", "v1/bot-flows"),
    pending("crm_whatsapp.bot_flows.get", "GET", "v1/bot-flows/{flow_id}"),
    pending("crm_whatsapp.bot_flows.update", "PUT", "v1/bot-flows/{flow_id}"),
    pending("crm_whatsapp.bot_flows.publish", "POST", "v1/bot-flows/{flow_id}/publish"),
    pending("crm_whatsapp.bot_flows.upsert_nodes", "POST", "v1/bot-flows/{flow_id}/nodes"),
    pending("crm_whatsapp.bot_flows.stats", "GET", "v1/bot-flows/{flow_id}/stats"),
    # ---- reports
    pending("crm_whatsapp.reports.campaign", "GET", "v1/reports/campaigns/{campaign_id}"),
    pending("crm_whatsapp.reports.agent", "GET", "v1/reports/agents/{agent_id}"),
    pending("crm_whatsapp.reports.whatsapp_number", "GET", "v1/reports/whatsapp-numbers/{number_id}"),
    pending("crm_whatsapp.reports.summary", "GET", "v1/reports/summary"),
    pending("crm_whatsapp.reports.export", "GET", "v1/reports/export"),
    # ---- analytics
    pending("crm_whatsapp.analytics.live", "GET", "v1/analytics/live"),
    pending("crm_whatsapp.analytics.queue", "GET", "v1/analytics/queues/{queue_id}"),
    pending("crm_whatsapp.analytics.trends", "GET", "v1/analytics/trends"),
    # ---- audit logs
    pending("crm_whatsapp.audit_logs.list", "GET", "v1/audit-logs"),
    pending("crm_whatsapp.audit_logs.export", "GET", "v1/audit-logs/export"),
    # ---- backups
    pending("crm_whatsapp.backups.list", "GET", "v1/backups"),
    pending("crm_whatsapp.backups.create", "POST", "v1/backups"),
    pending("crm_whatsapp.backups.get", "GET", "v1/backups/{backup_id}"),
    pending("crm_whatsapp.backups.download", "GET", "v1/backups/{backup_id}/download"),
    pending("crm_whatsapp.backups.restore", "POST", "v1/backups/{backup_id}/restore"),
    pending("crm_whatsapp.backups.delete", "DELETE", "v1/backups/{backup_id}"),
    # ---- files
    pending("crm_whatsapp.files.upload", "POST", "v1/files"),
    pending("crm_whatsapp.files.get", "GET", "v1/files/{file_id}"),
    pending("crm_whatsapp.files.download", "GET", "v1/files/{file_id}/download"),
    pending("crm_whatsapp.files.delete", "DELETE", "v1/files/{file_id}"),
    # ---- webhooks
    op(
        "crm_whatsapp.webhooks.meta_verify",
        "GET",
        "v1/webhooks/whatsapp/meta/{number_id}",
        NumberWebhookViewSet,
        "verify",
    ),
    op(
        "crm_whatsapp.webhooks.meta_receive",
        "POST",
        "v1/webhooks/whatsapp/meta/{number_id}",
        NumberWebhookViewSet,
        "receive",
    ),
    open_pending("crm_whatsapp.webhooks.wppconnect_receive", "POST", "v1/webhooks/whatsapp/wppconnect/{number_id}"),
]
urlpatterns = mount(DIALECT, operations)
