"""Which of the documents' events are served; `contract_status` counts them against the contract files."""

from collections.abc import Mapping

SERVED_EVENTS: Mapping[str, frozenset[str]] = {
    "inmo": frozenset({"new_message", "lead_created", "lead_updated", "stage_changed", "ping"}),
    "whatsapp_odoo": frozenset(
        {
            "new_message",
            "message_status",
            "conversation_assigned",
            "connection_status",
            "join_conversation",
            "typing",
        }
    ),
    "crm_whatsapp": frozenset(
        {
            "chat.join",
            "chat.typing",
            "chat.read",
            "chat.new",
            "chat.message",
            "chat.updated",
            "chat.transferred",
            "agent.typing",
        }
    ),
}
