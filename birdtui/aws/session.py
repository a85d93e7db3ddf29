"""Where AWS is and who asks: one session, clients made when first needed and kept."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from birdtui import collector
from birdtui.aws.errors import translated
from birdtui.aws.slowdown import Slowdown
from birdtui.spec.botocore_data import builtin_loader, has_own_models
from birdtui.spec.throttling import THROTTLED_CODES

CONNECT_SECONDS = 3
READ_SECONDS = 10
ATTEMPTS = 3


@dataclass(frozen=True)
class Connection:
    """How to reach AWS. Keys are given only for the embedded engine; everyone else's come from botocore's chain."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    access_key: str | None = None
    secret_key: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether this is the embedded engine."""
        return self.access_key is not None


class Session:
    """Clients of one connection, safe to share between threads."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._lock = threading.RLock()
        self._session: Any = None
        self._clients: dict[tuple[str, bool, str | None], Any] = {}
        self._account: str | None = None
        self.slowdown = Slowdown()
        """How slowly to poll: every throttle that a call of this session meets slows all who ask for news."""

    def _botocore(self) -> Any:
        """The session, made on first use."""
        if self._session is None:
            import boto3
            from botocore.session import Session as BotocoreSession

            connection = self.connection
            inner = BotocoreSession(profile=None if connection.is_local else connection.profile)
            if not has_own_models(inner.get_config_variable("data_path")):
                inner.register_component("data_loader", builtin_loader())
            self._session = boto3.Session(
                botocore_session=inner,
                region_name=connection.region,
                aws_access_key_id=connection.access_key,
                aws_secret_access_key=connection.secret_key,
            )
        return self._session

    def client(self, service: str, *, retries: bool = True, region: str | None = None) -> Any:
        """A service's client; without `retries` each call is sent once at most. Raises AwsProblem.

        `region` is for a service that is not in every region, such as Pricing.
        """
        with self._lock, translated(), collector.paused():
            key = (service, retries, region)
            if key not in self._clients:
                from botocore.config import Config

                config = Config(
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": ATTEMPTS if retries else 1},
                    user_agent_extra="birdtui",
                )
                session = self._botocore()
                client = session.client(
                    service, region_name=region, endpoint_url=self.connection.endpoint_url, config=config
                )
                client.meta.events.register("response-received.*", self._received, unique_id="birdtui-slowdown")
                self._clients[key] = client
            return self._clients[key]

    def _received(self, parsed_response: Mapping[str, Any] | None, **_unused: Any) -> None:
        """Hear of every throttle, those that are retried among them."""
        error = (parsed_response or {}).get("Error")
        if error and error.get("Code") in THROTTLED_CODES:
            self.slowdown.refused()

    def renew(self) -> None:
        """Let go of session and clients: the next call reads the user's credentials anew."""
        with self._lock:
            self._session = None
            self._clients = {}

    @property
    def region(self) -> str:
        """The region in use; raises AwsProblem where none is set."""
        with self._lock, translated(), collector.paused():
            region = self._botocore().region_name
            if not region:
                from botocore.exceptions import NoRegionError

                raise NoRegionError
            return str(region)

    @property
    def partition(self) -> str:
        """The second part of the account's ARNs: `aws`, `aws-cn`, `aws-us-gov`. Raises AwsProblem."""
        with self._lock, translated(), collector.paused():
            return str(self._botocore().get_partition_for_region(self.region))

    def account(self) -> str:
        """The caller's account number, asked once."""
        with self._lock:
            if self._account is None:
                with translated():
                    self._account = str(self.client("sts").get_caller_identity()["Account"])
            return self._account

    def profiles(self) -> tuple[str, ...]:
        """The profiles that the user's AWS configuration names."""
        with self._lock, translated():
            return tuple(self._botocore().available_profiles)
