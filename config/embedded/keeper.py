"""The servers' parent: `python -m config.embedded.keeper <directory> <fast|safe>`.

It starts what is wanted, starts again what died, and ends with everything when nobody shares the cluster any more or
when it is told to.
"""

import signal
import sys
import time
from pathlib import Path
from types import FrameType

from config.embedded.files import Lock
from config.embedded.places import servers_of
from config.embedded.server import Server, ServerDied, ServerError

PAUSE = 0.1
# A server that dies this often in a row while it starts will not live the next time either.
PATIENCE = 5


class _Told(Exception):
    """Somebody asked the keeper to stop."""


def main(home: Path, *, is_fast: bool) -> int:
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    alone = Lock(home / "keeper.lock")
    if not alone.try_take():
        return 0
    servers = servers_of(home, is_fast=is_fast)
    users = Lock(home / "users.lock")
    try:
        _keep(servers, users)
    except _Told:
        return 0
    except ServerError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for server in servers:
            server.wanted.unlink(missing_ok=True)
            server.stop()
        # Who waits to share the cluster must find no keeper.
        alone.release()
        users.release()
    return 0


def _keep(servers: tuple[Server, ...], users: Lock) -> None:
    failures = dict.fromkeys(servers, 0)
    while not users.try_take():
        for server in servers:
            if server.is_running() or not server.wanted.exists():
                continue
            try:
                server.start()
                failures[server] = 0
            except ServerDied:
                failures[server] += 1
                if failures[server] >= PATIENCE:
                    raise
        time.sleep(PAUSE)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _Told


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), is_fast=sys.argv[2] == "fast"))
