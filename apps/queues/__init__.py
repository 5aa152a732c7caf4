"""Agents, presence, queues and who gets a waiting conversation."""
