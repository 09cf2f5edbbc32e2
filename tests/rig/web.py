"""A client of an ASGI application in this process: its lifespan runs, and no socket is opened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.applications import Starlette

BASE_URL = "http://testserver"


class WebClient:
    """Sends requests to an application, whose event loop runs in a thread.

    Safe to use from several threads at once. A response is whole when it is returned, so a
    stream must end by itself.
    """

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient) -> None:
        self._portal = portal
        self._client = client

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request; an exception that the application does not answer is raised."""
        return self._portal.call(lambda: self._client.request(method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)


@contextmanager
def web_client(
    app: Starlette,
    *,
    lifespan: bool = True,
    root_path: str = "",
    raises: bool = True,
    **options: Any,
) -> Iterator[WebClient]:
    """Run an application, with its lifespan or as a server that knows none.

    Args:
        raises: Raise what the application lets through, instead of answering 500.
        options: Of `httpx.AsyncClient`, such as `headers`.
    """
    transport = httpx.ASGITransport(app, raise_app_exceptions=raises, root_path=root_path)
    with start_blocking_portal() as portal:
        session = portal.wrap_async_context_manager(
            _session(app, transport, lifespan=lifespan, **options)
        )
        with session as client:
            yield WebClient(portal, client)


@asynccontextmanager
async def _session(
    app: Starlette, transport: httpx.ASGITransport, *, lifespan: bool, **options: Any
) -> AsyncIterator[httpx.AsyncClient]:
    options.setdefault("base_url", BASE_URL)
    async with httpx.AsyncClient(transport=transport, timeout=120, **options) as client:
        if not lifespan:
            yield client
            return
        running: AbstractAsyncContextManager[Any] = app.router.lifespan_context(app)
        async with running:
            yield client
