"""The app's one door to the floors below: made from a connection when first needed, away from the screen.

Every method may wait; call them only inside `background.start`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from birdtui.aws.logs import Logs
    from birdtui.aws.prices import Price
    from birdtui.aws.session import Connection, Session
    from birdtui.aws.training_jobs import TrainingJobs


class Backend:
    """Sessions and services for the screens; `connect` says where AWS is (and may start the embedded engine)."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._session: Session | None = None
        self._region: str | None = None
        self._prices: dict[tuple[str, str], Price | None] = {}
        self._limits: dict[tuple[frozenset[str], str], Mapping[str, float]] = {}
        self._lock = threading.Lock()

    def session(self) -> Session:
        """The session of the current profile and region, made on first use; raises AwsProblem."""
        from birdtui.aws.session import Session

        with self._lock:
            if self._session is None:
                if self._connection is None:
                    self._connection = self._connect()
                self._session = Session(self._connection)
                self._region = self._session.region
            return self._session

    def switch(self, *, profile: str | None = None, region: str | None = None) -> None:
        """Use another profile or region from the next call on; what is not named stays."""
        with self._lock:
            connection = self._connection or self._connect()
            self._connection = replace(
                connection, profile=profile or connection.profile, region=region or connection.region
            )
            self._session = None

    def retry(self) -> None:
        """Forget the session, so that new credentials are read: after `aws sso login`, say."""
        with self._lock:
            self._session = None

    @property
    def is_local(self) -> bool:
        """Whether this is the embedded engine, which has its own keys and one region."""
        return self._connection is not None and self._connection.is_local

    @property
    def place(self) -> str:
        """Where AWS is, as far as that is known without asking: `local engine`, or profile and region."""
        connection = self._connection
        if connection is None:
            return "connecting…"
        if connection.is_local:
            return "local engine"
        region = self._region or connection.region or ""
        return " ".join(part for part in (connection.profile or "", region, connection.endpoint_url or "") if part)

    @property
    def slowdown(self) -> float:
        """How many times as long as usual to wait between polls: 1 unless AWS asked for fewer calls a moment ago."""
        session = self._session
        return 1.0 if session is None else session.slowdown.factor

    def training_jobs(self) -> TrainingJobs:
        """The account's training jobs."""
        from birdtui.aws.training_jobs import TrainingJobs

        return TrainingJobs(self.session())

    def logs(self) -> Logs:
        """The training jobs' logs."""
        from birdtui.aws.logs import Logs

        return Logs(self.session())

    def price(self, instance_type: str) -> Price | None:
        """What an instance costs an hour in this region, asked once; None where AWS's list has no price for it."""
        from birdtui.aws.prices import price

        session = self.session()
        key = (instance_type, session.region)
        if key not in self._prices:
            self._prices[key] = price(session, instance_type, session.region)
        return self._prices[key]

    def limits(self, names: frozenset[str]) -> Mapping[str, float]:
        """The account's quotas of these names in this region, asked once; one that AWS does not have is absent."""
        from birdtui.aws.quotas import limits

        session = self.session()
        key = (names, session.region)
        if key not in self._limits:
            self._limits[key] = limits(session, names)
        return self._limits[key]
