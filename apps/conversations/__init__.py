"""Threads and messages: what comes in, what goes out, who may do what with it."""
