"""Talking to our sockets in tests: one event loop per story, real rows, real Redis."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Self

from channels.testing import WebsocketCommunicator

from apps.accounts.actions.sessions import open_session
from apps.accounts.models import User
from apps.messaging.ingress.writer import store_of_loop

PATIENCE = 5.0


def token_of(user: User) -> str:
    """A fresh access token."""
    return open_session(user).pair.access_token


def tell_story(story: Callable[[], Awaitable[None]]) -> None:
    """Run an async test body in a loop of its own, and let go of its connections."""

    async def run() -> None:
        try:
            await story()
        finally:
            await store_of_loop().close()

    asyncio.run(run())


class Tab:
    """One WebSocket to the application."""

    def __init__(
        self, path: str, *, headers: dict[str, str] | None = None, subprotocols: list[str] | None = None
    ) -> None:
        from config.asgi import application

        pairs = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        self._socket = WebsocketCommunicator(application, path, headers=pairs, subprotocols=subprotocols)

    async def __aenter__(self) -> Self:
        self.is_accepted, self.protocol = await self._socket.connect(timeout=PATIENCE)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._socket.disconnect(timeout=PATIENCE)

    async def say(self, frame: Any) -> None:
        await self._socket.send_to(text_data=frame if isinstance(frame, str) else json.dumps(frame))

    async def hear(self, kind: str | None = None, *, timeout: float = PATIENCE) -> dict[str, Any]:
        """The next frame, or the next of a type."""
        while True:
            frame: dict[str, Any] = json.loads(await self._socket.receive_from(timeout=timeout))
            if kind is None or frame["type"] == kind:
                return frame

    async def hears_nothing(self, *, seconds: float = 0.4) -> bool:
        return await self._socket.receive_nothing(timeout=seconds, interval=0.02)

    async def closes(self) -> int:
        """The code with which the server closes; frames before it are passed over."""
        while True:
            message = await self._socket.receive_output(timeout=PATIENCE)
            if message["type"] == "websocket.close":
                return int(message.get("code", 1000))


def team_path(user: User, *, broker_id: int | None = None, token: str | None = None) -> str:
    """The documented address of a person's events."""
    query = f"?token={token if token is not None else token_of(user)}"
    return f"/ws/{broker_id or user.broker_id}/{user.pk}{query}"


def home_of(user: User) -> int:
    """The broker of one of the team."""
    assert user.broker_id is not None
    return user.broker_id
