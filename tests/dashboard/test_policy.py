"""The content security policy of the pages."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from apps.dashboard.middleware import ContentSecurityPolicyMiddleware

PATHS = [("/app/", True), ("/app/login", True), ("/admin/", False), ("/docs", False)]


@pytest.mark.parametrize(("path", "has_policy"), PATHS)
def test_pages_of_the_inbox_run_only_our_own_scripts(path, has_policy):
    answer = ContentSecurityPolicyMiddleware(lambda _request: HttpResponse())(RequestFactory().get(path))

    assert ("default-src 'self'" in answer.headers.get("Content-Security-Policy", "")) is has_policy
