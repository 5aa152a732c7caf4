import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from apps.core.errors import InvalidInput
from apps.core.http import ResponseTooLarge, check_public_url, is_public_address, outbound_client


@pytest.fixture
def local_server():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/redirect":
                self.send_response(302)
                self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
                self.end_headers()
                return
            body = b"x" * 100_000
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_inner_addresses_are_refused(address):
    assert not is_public_address(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "157.240.1.1", "2a03:2880:f003::1"])
def test_public_addresses_pass(address):
    assert is_public_address(address)


def test_a_call_to_loopback_is_refused_at_connect_time(local_server):
    with outbound_client() as client, pytest.raises(httpx.ConnectError):
        client.get(f"http://localhost:{local_server}/")


def test_an_allowed_loopback_target_passes(local_server, settings):
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{local_server}"]

    with outbound_client() as client:
        assert client.get(f"http://127.0.0.1:{local_server}/").status_code == 200


def test_a_redirect_is_not_followed(local_server, settings):
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{local_server}"]

    with outbound_client() as client:
        assert client.get(f"http://127.0.0.1:{local_server}/redirect").status_code == 302


def test_a_long_answer_is_cut(local_server, settings):
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{local_server}"]

    with outbound_client(max_bytes=1000) as client, pytest.raises(ResponseTooLarge):
        client.get(f"http://127.0.0.1:{local_server}/")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com",
        "http://user:pw@8.8.8.8/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "javascript:alert(1)",
        "http://",
        "http://0x7f000001/",
    ],
)
def test_a_target_that_may_not_be_stored_is_refused(url):
    with pytest.raises(InvalidInput):
        check_public_url(url)
