"""Who notifications are sent to: a webhook and a mail server, both real and of this machine."""

from __future__ import annotations

import json
import threading
from asyncio import Server
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message as Mail
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.rig.daemon import wait_until


@dataclass
class Webhook:
    """A server that takes JSON documents.

    Attributes:
        status: What it answers with.
        open: While this is not set, it answers nobody.
        requests: Path, headers and document of each request that it got.
    """

    port: int = 0
    status: int = 204
    open: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def documents(self) -> list[Any]:
        return [document for _, _, document in list(self.requests)]

    @property
    def events(self) -> list[str]:
        return [each["event"] for each in self.documents]

    def wait_for(self, count: int) -> list[Any]:
        """Return the documents when there are so many."""
        wait_until(lambda: len(self.requests) >= count, f"the arrival of {count} documents")
        return self.documents


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Run a server that takes documents."""
    made = Webhook()
    made.open.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.requests.append((self.path, dict(self.headers), json.loads(body)))
            made.open.wait()
            self.send_response(made.status)
            self.send_header("Content-Length", "0")
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args: Any) -> None:
            """Whoever gave up waiting closed the connection."""

    with Server(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield made
        finally:
            made.open.set()
            server.shutdown()
            thread.join()


@dataclass
class MailServer:
    """A mail server that lets in whoever knows the password.

    Attributes:
        mails: What it got.
    """

    password: str
    port: int = 0
    mails: list[Mail] = field(default_factory=list)

    def url(self, password: str | None = None) -> str:
        login = f"holdfast:{password or self.password}@127.0.0.1:{self.port}"
        return f"mailto://{login}?from=backups@example.com&to=ops@example.com"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: Any
    ) -> AuthResult:
        right = isinstance(given, LoginPassword) and given.password == self.password.encode()
        return AuthResult(success=right, handled=False)

    async def handle_MAIL(  # noqa: N802 - as the server calls it
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if not session.authenticated:
            return "530 Log in first"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - as the server calls it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


@contextmanager
def mail_server(password: str) -> Iterator[MailServer]:
    """Run a mail server."""
    made = MailServer(password)
    controller = _Controller(
        made,
        hostname="127.0.0.1",
        port=0,
        authenticator=made.authenticate,
        auth_require_tls=False,
    )
    controller.start()
    made.port = controller.port
    try:
        yield made
    finally:
        controller.stop()


class _Controller(Controller):
    """Lets the system choose the port."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]
