"""What the four dialects share: authentication, errors, routing, paging, rendering, the OpenAPI schema."""
