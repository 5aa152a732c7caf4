"""WhatsApp + Odoo, in the document's order: `op(...)` is served, `pending(...)` is not yet."""

from apps.api.kit.routing import addition, alias, mount, op, pending
from apps.api.whatsapp_odoo.auth import AuthDoorViewSet, AuthViewSet
from apps.api.whatsapp_odoo.contacts import ContactViewSet
from apps.api.whatsapp_odoo.dialect import DIALECT

operations = [
    # ---- auth
    # ---- the paths of /auth under /api; /auth itself is in the Inmo mount, which answers the superset
    alias("whatsapp_odoo.auth.login", "POST", "api/auth/login", AuthDoorViewSet, "login"),
    alias("whatsapp_odoo.auth.refresh", "POST", "api/auth/refresh", AuthDoorViewSet, "refresh"),
    alias("whatsapp_odoo.auth.logout", "POST", "api/auth/logout", AuthViewSet, "logout"),
    alias("whatsapp_odoo.auth.me", "GET", "api/auth/me", AuthViewSet, "me"),
    # ---- users
    pending("whatsapp_odoo.users.list", "GET", "api/users"),
    pending("whatsapp_odoo.users.create", "POST", "api/users"),
    pending("whatsapp_odoo.users.get", "GET", "api/users/{user_id}"),
    pending("whatsapp_odoo.users.update", "PUT", "api/users/{user_id}"),
    pending("whatsapp_odoo.users.delete", "DELETE", "api/users/{user_id}"),
    pending("whatsapp_odoo.users.set_status", "PUT", "api/users/{user_id}/status"),
    # ---- whatsapp accounts
    pending("whatsapp_odoo.whatsapp_accounts.list", "GET", "api/whatsapp/accounts"),
    pending("whatsapp_odoo.whatsapp_accounts.create", "POST", "api/whatsapp/accounts"),
    pending("whatsapp_odoo.whatsapp_accounts.qr", "GET", "api/whatsapp/accounts/{account_id}/qr"),
    pending("whatsapp_odoo.whatsapp_accounts.status", "GET", "api/whatsapp/accounts/{account_id}/status"),
    pending("whatsapp_odoo.whatsapp_accounts.disconnect", "POST", "api/whatsapp/accounts/{account_id}/disconnect"),
    pending("whatsapp_odoo.whatsapp_accounts.reconnect", "POST", "api/whatsapp/accounts/{account_id}/reconnect"),
    # ---- contacts
    op("whatsapp_odoo.contacts.list", "GET", "api/contacts", ContactViewSet, "list"),
    op("whatsapp_odoo.contacts.create", "POST", "api/contacts", ContactViewSet, "create"),
    op("whatsapp_odoo.contacts.get", "GET", "api/contacts/{contact_id}", ContactViewSet, "get"),
    op("whatsapp_odoo.contacts.update", "PUT", "api/contacts/{contact_id}", ContactViewSet, "update"),
    addition("whatsapp_odoo.contacts.delete", "DELETE", "api/contacts/{contact_id}", ContactViewSet, "delete"),
    op("whatsapp_odoo.contacts.add_tags", "POST", "api/contacts/{contact_id}/tags", ContactViewSet, "add_tags"),
    pending("whatsapp_odoo.contacts.sync_odoo", "POST", "api/contacts/{contact_id}/sync-odoo"),
    # ---- conversations
    pending("whatsapp_odoo.conversations.list", "GET", "api/conversations"),
    pending("whatsapp_odoo.conversations.get", "GET", "api/conversations/{conversation_id}"),
    pending("whatsapp_odoo.conversations.assign", "POST", "api/conversations/{conversation_id}/assign"),
    pending("whatsapp_odoo.conversations.transfer", "POST", "api/conversations/{conversation_id}/transfer"),
    pending("whatsapp_odoo.conversations.resolve", "POST", "api/conversations/{conversation_id}/resolve"),
    pending("whatsapp_odoo.conversations.reopen", "POST", "api/conversations/{conversation_id}/reopen"),
    # ---- messages
    pending("whatsapp_odoo.messages.list", "GET", "api/conversations/{conversation_id}/messages"),
    pending("whatsapp_odoo.messages.send", "POST", "api/conversations/{conversation_id}/messages"),
    pending("whatsapp_odoo.messages.add_note", "POST", "api/conversations/{conversation_id}/notes"),
    # ---- flows
    pending("whatsapp_odoo.flows.list", "GET", "api/flows"),
    pending("whatsapp_odoo.flows.create", "POST", "api/flows"),
    pending("whatsapp_odoo.flows.get", "GET", "api/flows/{flow_id}"),
    pending("whatsapp_odoo.flows.update", "PUT", "api/flows/{flow_id}"),
    pending("whatsapp_odoo.flows.duplicate", "POST", "api/flows/{flow_id}/duplicate"),
    pending("whatsapp_odoo.flows.toggle", "PUT", "api/flows/{flow_id}/toggle"),
    pending("whatsapp_odoo.flows.test", "POST", "api/flows/{flow_id}/test"),
    # ---- queues
    pending("whatsapp_odoo.queues.list", "GET", "api/queues"),
    pending("whatsapp_odoo.queues.create", "POST", "api/queues"),
    pending("whatsapp_odoo.queues.get", "GET", "api/queues/{queue_id}"),
    pending("whatsapp_odoo.queues.update", "PUT", "api/queues/{queue_id}"),
    pending("whatsapp_odoo.queues.add_agent", "POST", "api/queues/{queue_id}/agents"),
    pending("whatsapp_odoo.queues.remove_agent", "DELETE", "api/queues/{queue_id}/agents/{user_id}"),
    pending("whatsapp_odoo.queues.stats", "GET", "api/queues/{queue_id}/stats"),
    # ---- quick replies
    pending("whatsapp_odoo.quick_replies.list", "GET", "api/quick-replies"),
    pending("whatsapp_odoo.quick_replies.create", "POST", "api/quick-replies"),
    pending("whatsapp_odoo.quick_replies.update", "PUT", "api/quick-replies/{id}"),
    pending("whatsapp_odoo.quick_replies.delete", "DELETE", "api/quick-replies/{id}"),
    # ---- odoo
    pending("whatsapp_odoo.odoo.test_connection", "POST", "api/odoo/test-connection"),
    pending("whatsapp_odoo.odoo.sync_contacts", "POST", "api/odoo/sync-contacts"),
    pending("whatsapp_odoo.odoo.search_partners", "GET", "api/odoo/partners/search"),
    pending("whatsapp_odoo.odoo.search_orders", "GET", "api/odoo/orders"),
    pending("whatsapp_odoo.odoo.product_stock", "GET", "api/odoo/products/{product_id:int}/stock"),
    pending("whatsapp_odoo.odoo.create_lead", "POST", "api/odoo/leads"),
]
urlpatterns = mount(DIALECT, operations)
