"""A proxy that puts a server below a path, as nginx does: with the path taken away, or left on.

What is asked outside of that path is answered with 404, so a page that forgets where it stands
does not work.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Mode = Literal["strips", "passes"]
_PATIENCE_S = 120.0
_PIECE_BYTES = 65_536
_OWN = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
"""Headers of one connection, which a proxy makes anew."""


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, target: str, prefix: str, mode: Mode) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target).netloc
        self.prefix = prefix
        self.mode = mode

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: browsers leave in the middle of an answer whenever a page is closed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Proxy

    def forward(self) -> None:
        self.close_connection = True
        prefix = self.server.prefix
        if not f"{self.path}/".startswith(f"{prefix}/"):
            self.send_error(404)
            return
        path = self.path
        if self.server.mode == "strips":
            path = path.removeprefix(prefix) or "/"
        connection = http.client.HTTPConnection(self.server.target, timeout=_PATIENCE_S)
        try:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection.request(self.command, path, body, dict(self.headers.items()))
            self._answer(connection.getresponse())
        finally:
            connection.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = forward  # noqa: N815

    def _answer(self, response: http.client.HTTPResponse) -> None:
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        # Events come one by one, and each is to be seen at once.
        while piece := response.read1(_PIECE_BYTES):
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def proxied(target: str, prefix: str, mode: Mode) -> Iterator[str]:
    """Serve `target` below a path until the block ends; yield where that is.

    Args:
        target: The address of the server; only its host and port count.
        prefix: Begins with a slash and does not end with one.
        mode: Whether the server sees the path.
    """
    with _Proxy(target, prefix, mode) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{proxy.server_port}{prefix}/"
        finally:
            proxy.shutdown()
            thread.join()
