"""Daphne closes a socket through the door that autobahn keeps for applications: it raises on every code but 1000 and
3000 to 4999, and the socket stays open. RFC 6455 (7.4.1) and its registry give servers more, which we use and document:
1008 (policy violation), 1012 (restart) and 1013 (try again later).
"""

import sys
from typing import Any

SERVER_CODES = frozenset({1008, 1012, 1013})


def let_daphne_use_server_codes() -> None:
    """Teach daphne's sockets these codes, in a process that it serves; elsewhere nothing is imported or changed."""
    if "daphne.server" not in sys.modules:
        return
    from daphne.ws_protocol import WebSocketProtocol

    close_for_applications = WebSocketProtocol.serverClose

    def server_close(self: Any, code: int | None = None) -> None:
        if code in SERVER_CODES:
            self.sendCloseFrame(code=code)  # as daphne itself does with 1011
        else:
            close_for_applications(self, code=code)

    WebSocketProtocol.serverClose = server_close
