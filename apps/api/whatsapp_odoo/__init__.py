"""The WhatsApp + Odoo document: multi-agent WhatsApp CRM."""
