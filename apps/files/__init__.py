"""Uploads and media of a broker, checked by content and served by signed addresses."""
