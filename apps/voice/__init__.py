"""Calls through VAPI and Bland."""
