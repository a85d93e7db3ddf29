"""From flags and settings to a connection; starts the embedded engine where it is asked for."""

from __future__ import annotations

import argparse
import logging
import logging.handlers
import os
import warnings
from typing import TYPE_CHECKING

from birdtui import settings
from birdtui.aws.session import Connection

if TYPE_CHECKING:
    from birdtui.local.engine_files import Engine


def connection(options: argparse.Namespace, found: settings.Settings) -> Connection:
    """Where AWS is: flags, then the environment, then the settings. May start the engine; raises AwsProblem."""
    if options.local:
        engine = _engine()
        return Connection(
            region=options.region or engine.region,
            endpoint_url=engine.url,
            access_key=engine.access_key,
            secret_key=engine.secret_key,
        )
    told_region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    told_profile = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_ACCESS_KEY_ID")
    return Connection(
        profile=options.profile or (None if told_profile else found.profile),
        region=options.region or os.environ.get("AWS_REGION") or (None if told_region else found.region),
        endpoint_url=options.endpoint_url or found.endpoint_url,
    )


def _engine() -> Engine:
    from birdtui.aws.errors import UNREACHABLE, AwsProblem
    from birdtui.local import daemon

    try:
        return daemon.ensure()
    except daemon.EngineProblem as problem:
        raise AwsProblem("EngineUnavailable", str(problem), exit_code=UNREACHABLE) from None


def log_to_file() -> None:
    """Send tracebacks and libraries' warnings to the log file; people see sentences."""
    root = logging.getLogger()
    path = settings.log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=1_000_000, backupCount=1, delay=True
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    warnings.simplefilter("ignore", ResourceWarning)
