"""What one may do with channels; the codes are those of the crm_whatsapp document."""

READ_CHANNELS = "whatsapp.numbers.read"
MANAGE_CHANNELS = "whatsapp.numbers.manage"
