"""The tenant: its domains, configuration and provisioning."""
