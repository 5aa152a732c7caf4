"""The steps of `apps.leads.ingest`: reading a body, finding each value's place, finding the person, answering."""
