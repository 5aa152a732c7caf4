"""The database engine of the settings (Django asks an engine for its module `base`)."""
