"""Tasks that agents owe their leads."""
