"""The Centro de Control document: lead ingest with automatic fields."""
