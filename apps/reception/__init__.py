"""Decides who attends a conversation now: a flow, Sofía, a queue or an agent."""
