"""What daphne does otherwise than we need, mended in the process that it serves; elsewhere nothing is changed.

It closes a socket through the door that autobahn keeps for applications: that raises on every code but 1000 and 3000 to
4999, and the socket stays open. RFC 6455 (7.4.1) and its registry give servers more, which we use and document: 1008
(policy violation), 1012 (restart) and 1013 (try again later).

It writes every path into its access log, and the ingest address is a secret by its document's design.
"""

import sys
from typing import Any

from config.logging import redact

SERVER_CODES = frozenset({1008, 1012, 1013})


def teach_daphne() -> None:
    """Server's close codes, and an access log without keys."""
    if "daphne.server" not in sys.modules:
        return
    from daphne.access import AccessLogGenerator
    from daphne.ws_protocol import WebSocketProtocol

    close_for_applications = WebSocketProtocol.serverClose
    write_plainly = AccessLogGenerator.write_entry

    def server_close(self: Any, code: int | None = None) -> None:
        if code in SERVER_CODES:
            self.sendCloseFrame(code=code)  # as daphne itself does with 1011
        else:
            close_for_applications(self, code=code)

    def write_entry(self: Any, *, request: str, **details: Any) -> None:
        write_plainly(self, request=redact(request), **details)

    WebSocketProtocol.serverClose = server_close
    AccessLogGenerator.write_entry = write_entry
