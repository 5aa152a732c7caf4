"""What every room stands on: tenancy, events, durable work, access, errors, ids, phones, crypto. Knows no domain."""
