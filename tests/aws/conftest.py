"""Sessions as the rest of birdtui makes them, on an engine or on any server a test runs."""

from __future__ import annotations

from birdtui.aws.session import Connection, Session
from birdtui.local.engine_files import Engine


def session_on(engine: Engine) -> Session:
    """A session on an engine."""
    return session_at(engine.url, engine.access_key, engine.secret_key)


def session_at(
    url: str, access_key: str = "AKIATEST", secret_key: str = "secret", region: str = "us-east-1"
) -> Session:
    """A session on whatever answers at a URL."""
    return Session(Connection(region=region, endpoint_url=url, access_key=access_key, secret_key=secret_key))
