"""The pages of the browser. They read the request, call one query or action, and answer."""
