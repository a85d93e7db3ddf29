"""The logs of training jobs: which streams a job has, and their events page by page.

GetLogEvents pages are decoded by msgspec instead of botocore's walk over the response shape, which is most of what a
page costs; signing, credentials and endpoints stay botocore's. An answer that msgspec cannot read is left to botocore.
"""

from __future__ import annotations

import ipaddress
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from birdtui.aws.call_rate import CallRate, get_log_events_quota
from birdtui.aws.errors import AwsProblem, translated
from birdtui.aws.session import Session
from birdtui.aws.slowdown import Slowdown

GROUP = "/aws/sagemaker/TrainingJobs"
"""One log group for all training jobs of an account and region; it exists once the first of them wrote a line."""

LAG_SECONDS = 15.0
"""How long after a job's end its last lines can still arrive on AWS."""

MISSING = {"ResourceNotFoundException"}
PAGE_EVENTS = 10_000
STREAMS_PAGE = 50
_STREAM = re.compile(r"(?P<host>algo-(?P<instance>\d+))-(?P<started>\d+)")
_PARSED = "birdtuiPage"
_RATES: WeakKeyDictionary[Session, CallRate] = WeakKeyDictionary()
_RATES_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class LogStream:
    """One instance's log: `host` as `algo-1`; `started` in seconds, later for an instance that replaced another."""

    name: str
    host: str
    instance: int
    started: int


@dataclass(frozen=True, slots=True)
class Page:
    """Events of one stream, oldest first: `timestamps` in milliseconds, one for each of `messages`.

    `forward` leads to what comes after them, `backward` to what was before. The stream is read to its end when
    `forward` is the token that was sent; an empty page with another token is not the end.
    """

    timestamps: Sequence[int]
    messages: Sequence[str]
    forward: str | None
    backward: str | None = None


NO_PAGE = Page((), (), None)


class LogTooLong(Exception):
    """A log is not read through in as many calls as it is worth."""


class Logs:
    """Log streams and events of training jobs. Each call is sent once; who polls also retries. Raises AwsProblem."""

    def __init__(self, session: Session, rate: CallRate | None = None) -> None:
        """`rate` is that of GetLogEvents: the region's by default, shared by all who use the session."""
        self._session = session
        self._rate = rate
        self._lock = threading.Lock()

    def _client(self, *, retries: bool = False) -> Any:
        client = self._session.client("logs", retries=retries)
        with self._lock:
            events = client.meta.events
            for operation in ("GetLogEvents", "FilterLogEvents"):
                name = f"before-parse.cloudwatch-logs.{operation}"
                events.register(name, _parse, unique_id=f"birdtui-{operation}")
        return client

    @property
    def lag_seconds(self) -> float:
        """How long after a job's end to wait for its last lines: nothing where the endpoint is this machine."""
        return 0.0 if is_loopback(self._client().meta.endpoint_url) else LAG_SECONDS

    @property
    def rate(self) -> CallRate:
        """The pace of GetLogEvents: who reads many pages waits for each turn, and says when one was refused."""
        if self._rate is None:
            meta = self._client().meta
            quota = None if is_loopback(meta.endpoint_url) else get_log_events_quota(meta.region_name)
            with _RATES_LOCK:
                self._rate = _RATES.setdefault(self._session, CallRate(quota))
        return self._rate

    @property
    def slowdown(self) -> Slowdown:
        """How slowly to poll at present, like all who poll in this session."""
        return self._session.slowdown

    def streams(self, job: str) -> tuple[LogStream, ...]:
        """The job's streams, by instance and then by age; none while the group or the streams do not exist yet."""
        found: list[LogStream] = []
        prefix = f"{job}/"  # with the slash: `birds` alone also finds the streams of `birds-2`
        request: dict[str, Any] = {"logGroupName": GROUP, "logStreamNamePrefix": prefix, "limit": STREAMS_PAGE}
        client = self._client()
        while True:
            try:
                with translated():
                    answer = client.describe_log_streams(**request)
            except AwsProblem as problem:
                if problem.code in MISSING:
                    return ()
                raise
            for stream in answer.get("logStreams", ()):
                name = str(stream["logStreamName"])
                match = _STREAM.fullmatch(name.removeprefix(prefix))
                if match:
                    found.append(LogStream(name, match["host"], int(match["instance"]), int(match["started"])))
            token = answer.get("nextToken")
            if not token or token == request.get("nextToken"):
                return tuple(sorted(found, key=lambda each: (each.instance, each.started)))
            request["nextToken"] = token

    def page(
        self,
        stream: str,
        token: str | None = None,
        *,
        from_head: bool = True,
        start: int | None = None,
        end: int | None = None,
        limit: int = PAGE_EVENTS,
    ) -> Page:
        """One page of a stream, at most 1 MB: its first, its last (`from_head=False`), or what a token leads to.

        With a forward token `from_head` stays true, with a backward token it is false. `start` (inclusive) and `end`
        (exclusive) are milliseconds. A stream that does not exist yet has an empty page without tokens.
        """
        request: dict[str, Any] = {
            "logGroupName": GROUP,
            "logStreamName": stream,
            "startFromHead": from_head,
            "limit": limit,
        }
        optional = {"nextToken": token, "startTime": start, "endTime": end}
        request |= {name: value for name, value in optional.items() if value is not None}
        try:
            with translated():
                answer = self._client().get_log_events(**request)
        except AwsProblem as problem:
            if problem.code in MISSING:
                return NO_PAGE
            raise
        timestamps, messages = _events(answer)
        return Page(timestamps, messages, answer.get("nextForwardToken"), answer.get("nextBackwardToken"))

    def matching(self, job: str, pattern: str, *, most_calls: int | None = None) -> Iterator[str]:
        """The job's messages that match one of CloudWatch's filter patterns, in time order, as they are found.

        Terms with anything but letters, digits and underscores stand in double quotes: `"Validation-accuracy"`. A page
        looks through 1 MB at most, so a long log takes many calls: LogTooLong is raised after `most_calls`. Throttled
        calls are sent again.
        """
        request: dict[str, Any] = {
            "logGroupName": GROUP,
            "logStreamNamePrefix": f"{job}/",
            "filterPattern": pattern,
        }
        client = self._client(retries=True)
        for call in count(1):
            if most_calls is not None and call > most_calls:
                raise LogTooLong(job)
            try:
                with translated():
                    answer = client.filter_log_events(**request)
            except AwsProblem as problem:
                if problem.code in MISSING:
                    return
                raise
            yield from _events(answer)[1]
            token = answer.get("nextToken")
            if not token or token == request.get("nextToken"):
                return
            request["nextToken"] = token


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _events(answer: Mapping[str, Any]) -> tuple[Sequence[int], Sequence[str]]:
    parsed: tuple[Sequence[int], Sequence[str]] | None = answer.get(_PARSED)
    if parsed is not None:
        return parsed
    events = [event for event in answer.get("events", ()) if "message" in event]
    return [int(event.get("timestamp", 0)) for event in events], [event["message"] for event in events]


def _parse(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_unused: Any
) -> None:  # the names are botocore's
    """Decode an answer with events, and hand botocore an empty one to parse."""
    if response_dict["status_code"] != 200:
        return
    from birdtui.aws.log_pages import DecodeError, decode

    try:
        page, tokens = decode(response_dict["body"])
    except DecodeError:
        return
    response_dict["body"] = b"{}"
    customized_response_dict.update(tokens)
    customized_response_dict[_PARSED] = page
