"""The bot engine and its node types."""
