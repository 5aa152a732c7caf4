"""People, their identities on channels, the pipeline, scoring and activity."""
