"""The Inmo document: real-estate CRM with Sofía."""
