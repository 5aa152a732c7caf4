"""Health, metrics, failed work and the platform's admin."""
