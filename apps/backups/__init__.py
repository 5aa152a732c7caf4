"""Dumps of one broker and their restoration."""
