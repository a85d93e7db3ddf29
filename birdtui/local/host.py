"""One running engine in this process: its lock, keys, port, services and server."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

from birdtui.local.control import ControlService, Status
from birdtui.local.engine_files import EngineProblem, engine_at, make_keys, read_keys, read_port, take_lock, write_port
from birdtui.local.gateway import Gateway
from birdtui.local.server import EngineServer
from birdtui.local.services import Services

log = logging.getLogger(__name__)


class Host:
    """An engine as this process runs it, from construction to `close`.

    Only one runs for a directory at a time: it holds a lock there, which the system drops when the process ends,
    however it ends.
    """

    def __init__(self, directory: Path, port: int | None = None, *, patience: float = 1.0) -> None:
        """Listens on `port`, else on the port of the engine before it, else on a free one.

        Waits `patience` seconds for another engine of the directory to end. Raises EngineProblem.
        """
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.stopping = threading.Event()
        self._lock = take_lock(directory, patience)
        try:
            keys = read_keys(directory) or make_keys(directory)
            self._services = Services(directory)
        except BaseException:
            self._lock.close()
            raise
        try:
            control = ControlService(keys, self._status, self.stopping.set)
            gateway = Gateway(self._services.routes(control), keys)
            self._server = _listen(gateway, port, read_port(directory))
        except BaseException:
            self._services.close()
            self._lock.close()
            raise
        write_port(directory, self._server.port)
        self.engine = engine_at(directory, self._server.port, keys, os.getpid())
        self._threads = [
            threading.Thread(target=self._server.serve_forever, name="engine-server", args=(0.1,), daemon=True),
            threading.Thread(target=self._prepare, name="engine-first-use", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def idle_seconds(self) -> float:
        """How long nobody has asked anything; 0 while a job runs."""
        return 0.0 if self._services.jobs.running() else self._server.idle_seconds()

    def close(self) -> None:
        """Stops answering, ends what runs, and lets go of the directory; once more is no harm."""
        if self._lock.closed:
            return
        self._server.close()
        for thread in self._threads:
            thread.join()
        self._services.close()
        self._lock.close()

    def _status(self) -> Status:
        return Status(os.getpid(), self._services.jobs.running())

    def _prepare(self) -> None:
        self._services.furnish()
        from birdtui.spec import service_model

        service_model.create_shape()  # read now, so that the first job need not wait for it


def _listen(gateway: Gateway, wanted: int | None, last: int | None) -> EngineServer:
    if wanted is not None:
        try:
            return EngineServer(gateway, wanted)
        except OSError as error:
            raise EngineProblem(f"Port {wanted} cannot be used: {error.strerror}. Choose another --port.") from None
    try:
        return EngineServer(gateway, last or 0)
    except OSError:
        log.info("port %s is taken by now, so another is used", last)
        return EngineServer(gateway)
