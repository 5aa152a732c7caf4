"""A browser without a screen: forms go out as forms, partial requests carry htmx's mark."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.core.tenancy import current_schema, in_public, in_schema


class Browser(Client):
    """Django's client, which leaves the test in the schema in which it was."""

    def request(self, **request: Any) -> Any:
        with in_schema(current_schema()):
            return super().request(**request)

    def part(self, path: str, **data: Any) -> Any:
        """What a script asks for."""
        return self.get(path, data, headers={"HX-Request": "true"})

    def press(self, path: str, **data: Any) -> Any:
        """A button or form that a script sends."""
        return self.post(path, data, headers={"HX-Request": "true"})


@pytest.fixture
def browser(database: None) -> Callable[..., Browser]:
    """`browser(user)`: somebody signed in; `browser()`: a stranger."""

    def make(user: User | None = None) -> Browser:
        client = Browser()
        if user is not None:
            with in_public():
                client.force_login(user)
        return client

    return make
