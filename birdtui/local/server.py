"""HTTP on loopback: sockets and threads under the engine's gateway.

Three things here are about speed. An answer leaves in one write (headers and body buffered together, no delay on the
socket); `Expect: 100-continue` is answered at once, or every PUT of botocore would take a second; and connections are
kept open, an unread body being read away where it is small.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from birdtui.local import bodies
from birdtui.local.engine_files import HOST
from birdtui.local.gateway import Gateway, Incoming
from birdtui.local.service import HttpResponse

_DRAIN = 64 << 20
_KEEP_ALIVE_SECONDS = 75
_BODILESS = {204, 304}

log = logging.getLogger(__name__)


class EngineServer(ThreadingHTTPServer):
    """The engine's listening socket, on 127.0.0.1 alone; a thread for each connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, gateway: Gateway, port: int = 0) -> None:
        """Listens on `port`, or on a free one for 0; raises OSError where the port is taken."""
        self.gateway = gateway
        self._activity = threading.Condition()
        self._answering = 0
        self._connections: set[socket.socket] = set()
        self._last_request = time.monotonic()
        super().__init__((HOST, port), _Handler)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def server_bind(self) -> None:
        """Binds without HTTPServer's look-up of the host's name, which may ask a name server."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.port

    def idle_seconds(self) -> float:
        """How long no request has come and none is being answered."""
        with self._activity:
            return 0.0 if self._answering else time.monotonic() - self._last_request

    def begin_answer(self) -> None:
        """Notes that a request is being answered."""
        with self._activity:
            self._answering += 1

    def end_answer(self) -> None:
        """Notes that one is answered."""
        with self._activity:
            self._answering -= 1
            self._last_request = time.monotonic()
            self._activity.notify_all()

    def close(self, patience: float = 5.0) -> None:
        """Takes no more connections, lets what is being answered end (`patience` seconds), and closes the rest."""
        self.shutdown()
        self.server_close()
        with self._activity:
            self._activity.wait_for(lambda: not self._answering, patience)
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Hands a connection to its thread, and keeps it in mind to be closed with the server."""
        with self._activity:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Ends a connection."""
        with self._activity:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver's signature
        """A connection that broke is the client's business; anything else goes to the log file."""
        log.exception("connection from %s ended badly", client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "birdtui"
    sys_version = ""
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    timeout = _KEEP_ALIVE_SECONDS

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except (ConnectionError, TimeoutError, ValueError):
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.wfile.flush()
        return True

    def answer(self) -> None:
        """Answers one request of any method."""
        server = cast("EngineServer", self.server)
        server.begin_answer()
        try:
            incoming = self._incoming()
            if incoming is None:
                return
            response = server.gateway.answer(incoming)
            if not self._drained(incoming):
                self.close_connection = True
            self._send(response)
        finally:
            server.end_answer()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = do_PATCH = answer  # noqa: N815 - http.server's names

    def _incoming(self) -> Incoming | None:
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            lower = name.lower()
            headers[lower] = f"{headers[lower]},{value}" if lower in headers else value
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return Incoming(self.command, self.path, headers, bodies.ChunkedBody(self._stream), None)
        length = headers.get("content-length", "0").strip()
        if not length.isdecimal():
            self.close_connection = True
            self.send_error(400, "Content-Length is not a number")
            return None
        body = bodies.LengthBody(self._stream, int(length))
        return Incoming(self.command, self.path, headers, body, int(length))

    @property
    def _stream(self) -> Any:
        return self.rfile

    def _drained(self, incoming: Incoming) -> bool:
        try:
            return incoming.body.drain(_DRAIN)
        except Exception:  # noqa: BLE001 - a body that breaks off says only that the connection is over
            return False

    def _send(self, response: HttpResponse) -> None:
        lines = [f"HTTP/1.1 {response.status} {self.responses.get(response.status, ('',))[0]}"]
        headers = {"Server": self.server_version, "Date": formatdate(usegmt=True), **response.headers}
        body = response.body
        bodiless = self.command == "HEAD" or response.status in _BODILESS
        sized = response.status in _BODILESS or "content-length" in {name.lower() for name in headers}
        if isinstance(body, bytes) and not sized:
            headers["Content-Length"] = str(len(body))
        if self.close_connection:
            headers["Connection"] = "close"
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace"))
        if not bodiless:
            self._send_body(body)
        self.wfile.flush()

    def _send_body(self, body: bytes | Iterable[bytes]) -> None:
        if isinstance(body, bytes):
            self.wfile.write(body)
            return
        try:
            for piece in body:
                self.wfile.write(piece)
        except ConnectionError:
            raise
        except Exception:
            # The head is gone already: breaking the connection is the only way left to say it.
            log.exception("%s %s broke off", self.command, self.path.partition("?")[0])
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        log.debug(format, *args)
