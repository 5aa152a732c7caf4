"""A container asks itself whether it is well: `python config/healthcheck.py web|beat`."""

import os
import sys
import time
import urllib.request

BEAT_STALE_SECONDS = 90.0


def web() -> str:
    """What is wrong with the server of this container, nothing when it answers."""
    # The address must be one that the server accepts as its own.
    host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".").replace("*", "") or "127.0.0.1"
    # Behind a proxy that ends TLS, as every other request here.
    headers = {"Host": host, "X-Forwarded-Proto": "https"}
    request = urllib.request.Request(f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/health", headers=headers)
    try:
        urllib.request.urlopen(request, timeout=5).close()
    except OSError as error:
        return str(error)
    return ""


def beat() -> str:
    """Whether the scheduler's own sign of life, which a worker writes down, is recent."""
    import redis

    at = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5, decode_responses=True).get("heartbeat:beat")
    if at is None:
        return "no sign of life yet"
    age = time.time() - float(str(at))
    return "" if age < BEAT_STALE_SECONDS else f"the last sign of life is {age:.0f} s old"


if __name__ == "__main__":
    problem = {"web": web, "beat": beat}[sys.argv[1]]()
    print(problem or "ok")
    sys.exit(1 if problem else 0)
