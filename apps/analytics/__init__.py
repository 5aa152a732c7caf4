"""Rollups and reports, kept as events happen."""
