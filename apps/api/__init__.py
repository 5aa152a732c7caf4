"""The five documents: thin dialects over the domain."""
