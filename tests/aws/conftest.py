"""Sessions as the rest of birdtui makes them, on an engine or on any server a test runs; and such a server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from birdtui.aws.session import Connection, Session
from birdtui.local.engine_files import Engine

Calls = Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]]


def session_on(engine: Engine) -> Session:
    """A session on an engine."""
    return session_at(engine.url, engine.access_key, engine.secret_key)


def session_at(url: str, access_key: str = "AKIATEST", secret_key: str = "none") -> Session:  # noqa: S107
    """A session on whatever answers at a URL."""
    return Session(Connection(region="us-east-1", endpoint_url=url, access_key=access_key, secret_key=secret_key))


@contextmanager
def service(calls: Calls) -> Iterator[str]:
    """A JSON service that answers as a test says; what it has no answer for is denied."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = self.headers["X-Amz-Target"].rpartition(".")[2]
            call = calls.get(name)
            denied = {"__type": "AccessDeniedException", "Message": f"User: x is not authorized to perform: {name}"}
            data = json.dumps(call(body) if call else denied).encode()
            self.send_response(200 if call else 400)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
