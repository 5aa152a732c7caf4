"""The WhatsApp CRM document: sixteen modules under /v1."""
