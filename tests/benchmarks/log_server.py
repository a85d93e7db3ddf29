"""A server of logs for benchmarks: CloudWatch's page limits and tokens, a round trip and a rate limit as one likes.

It is a process of its own, and its events are encoded beforehand, so that the clients are what is measured. It knows
GetLogEvents (1 MB or 10,000 events a page, 26 bytes more an event; time windows; from the head and from the end; tokens
both ways), DescribeLogStreams, FilterLogEvents (which finds nothing), DescribeTrainingJob of a job that runs, and
ListTrainingJobs of ten thousand that ended. Lines may be appended while it serves.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import socket
import threading
import time
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from types import TracebackType
from typing import Any

from birdtui.aws.session import Connection, Session

PAGE_EVENTS = 10_000
PAGE_BYTES = 1_048_576
JOBS = 10_000
PAGE_JOBS = 100
ENDED = "ended-"
"""How the names of the jobs begin that have ended."""
BEGAN = 1_700_000_000
EVENT_BYTES = 26
"""What CloudWatch counts for an event besides its message."""

Events = Sequence[tuple[int, str]]
"""Milliseconds and messages, in the order of their times."""


class LogServer:
    """The server as its user sees it; `with LogServer(write) as server` starts and ends it.

    `write` is called in the server's process and gives each stream's events by name: a million lines need no pipe.
    """

    def __init__(self, write: Callable[[], dict[str, Events]], *, round_trip: float = 0.0, limit: int = 0) -> None:
        """`round_trip` in seconds; `limit` in GetLogEvents calls a second, 0 for none."""
        self._start = (write, round_trip, limit)
        self.url = ""

    def __enter__(self) -> LogServer:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *self._start), daemon=True)
        self._process.start()
        self.url = f"http://127.0.0.1:{self._pipe.recv()}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.join(5)

    def session(self) -> Session:
        """A session for this server."""
        return Session(Connection(region="us-east-1", endpoint_url=self.url, access_key="key", secret_key="secret"))

    def settle(self, *, round_trip: float = 0.0, limit: int = 0) -> None:
        """Change round trip and limit, and count calls anew."""
        self._ask("settle", round_trip, limit)

    def append(self, stream: str, events: Events) -> None:
        """Write events; a stream is made when it is first needed."""
        self._ask("append", stream, list(events))

    def calls(self) -> Counter[str]:
        """How often each operation was called, and `throttled` how often that was refused."""
        found: Counter[str] = self._ask("calls")
        return found

    def _ask(self, *question: object) -> Any:
        self._pipe.send(question)
        return self._pipe.recv()


class _Stream:
    """A stream's events as the text of a JSON array's members, and where each begins in it."""

    def __init__(self) -> None:
        self.text = bytearray()
        self.offsets = [0]
        self.sizes = [0]
        self.timestamps: list[int] = []
        self.lock = threading.Lock()

    def append(self, events: Events) -> None:
        """Add events, whose times are not before those that are there."""
        with self.lock:
            for stamp, message in events:
                event = {"timestamp": stamp, "message": message, "ingestionTime": stamp + 800}
                self.text += json.dumps(event, separators=(",", ":")).encode() + b","
                self.offsets.append(len(self.text))
                self.sizes.append(self.sizes[-1] + len(message.encode()) + EVENT_BYTES)
                self.timestamps.append(stamp)

    def page(self, given: dict[str, Any]) -> bytes:
        """The answer to GetLogEvents."""
        with self.lock:
            low = bisect_left(self.timestamps, given.get("startTime", 0))
            high = bisect_left(self.timestamps, given.get("endTime", 1 << 62))
            limit = min(given.get("limit", PAGE_EVENTS), PAGE_EVENTS)
            token = given.get("nextToken", "")
            at = int(token[2:-2]) if token else None
            if token.startswith("f") if token else given.get("startFromHead", False):
                first = max(low, at or 0)
                last = min(bisect_right(self.sizes, self.sizes[first] + PAGE_BYTES) - 1, first + limit, high)
                last = max(last, first)
            else:
                last = max(min(high, len(self.timestamps) if at is None else at), low)
                first = max(bisect_left(self.sizes, self.sizes[last] - PAGE_BYTES), last - limit, low)
            events = self.text[self.offsets[first] : max(self.offsets[last] - 1, self.offsets[first])]
        tokens = f'"nextForwardToken":"f/{last:056d}/s","nextBackwardToken":"b/{first:056d}/s"'
        return b'{"events":[' + events + b"]," + tokens.encode() + b"}"


class _Server:
    """Answers requests, each connection in a thread of its own."""

    def __init__(self, streams: dict[str, Events], round_trip: float, limit: int) -> None:
        self._streams: dict[str, _Stream] = {}
        for name, events in streams.items():
            self.append(name, events)
        self.settle(round_trip, limit)

    def settle(self, round_trip: float, limit: int) -> None:
        """See LogServer."""
        self._round_trip = round_trip
        self._limit = limit
        self._counts: Counter[str] = Counter()
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()

    def append(self, name: str, events: Events) -> None:
        """See LogServer."""
        self._streams.setdefault(name, _Stream()).append(events)

    def calls(self) -> Counter[str]:
        """See LogServer."""
        return self._counts

    def talk(self, client: socket.socket) -> None:
        """Serve one connection to its end, be it in the middle of an answer."""
        with suppress(ConnectionError):
            self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting = b""
        while True:
            while b"\r\n\r\n" not in waiting:
                more = client.recv(65536)
                if not more:
                    return
                waiting += more
            head, _, waiting = waiting.partition(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])  # type: ignore[index]
            while len(waiting) < length:
                waiting += client.recv(65536)
            body, waiting = waiting[:length], waiting[length:]
            operation = re.search(rb"(?i)x-amz-target: *\w+\.(\w+)", head)[1].decode()  # type: ignore[index]
            time.sleep(self._round_trip / 2)
            status, answer = self._answer(operation, json.loads(body))
            time.sleep(self._round_trip / 2)
            start = f"HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {len(answer)}"
            client.sendall(start.encode() + b"\r\n\r\n" + answer)

    def _answer(self, operation: str, given: dict[str, Any]) -> tuple[str, bytes]:
        if self._is_too_much(operation):
            return "400 Bad Request", b'{"__type":"ThrottlingException","message":"Rate exceeded"}'
        if operation == "GetLogEvents":
            return "200 OK", self._streams[given["logStreamName"]].page(given)
        if operation == "DescribeLogStreams":
            prefix = given.get("logStreamNamePrefix", "")
            found = [{"logStreamName": name} for name in sorted(self._streams) if name.startswith(prefix)]
            return "200 OK", json.dumps({"logStreams": found}).encode()
        if operation == "FilterLogEvents":
            return "200 OK", b'{"events":[]}'
        if operation == "ListTrainingJobs":
            return "200 OK", json.dumps(_jobs(int(given.get("NextToken", 0)))).encode()
        return "200 OK", json.dumps(_job(given["TrainingJobName"])).encode()

    def _is_too_much(self, operation: str) -> bool:
        """Count a call, and say whether it is one too many within a second."""
        with self._lock:
            self._counts[operation] += 1
            now = time.monotonic()
            while self._recent and now - self._recent[0] >= 1.0:
                self._recent.popleft()
            if not self._limit or operation != "GetLogEvents":
                return False
            if len(self._recent) >= self._limit:
                self._counts["throttled"] += 1
                return True
            self._recent.append(now)
            return False


def _jobs(first: int) -> dict[str, Any]:
    """A page of jobs that ended, newest first."""
    keys = ("TrainingJobName", "TrainingJobArn", "TrainingJobStatus", "CreationTime", "LastModifiedTime")
    jobs = [_job(f"{ENDED}{number:05}") for number in range(JOBS - first, max(JOBS - first - PAGE_JOBS, 0), -1)]
    page = {"TrainingJobSummaries": [{key: job[key] for key in keys} for job in jobs]}
    return page | ({"NextToken": str(first + PAGE_JOBS)} if first + PAGE_JOBS < JOBS else {})


def _job(name: str) -> dict[str, Any]:
    """A training job that trains, or one that ended."""
    is_over = name.startswith(ENDED)
    began = BEGAN + (600 * int(name.removeprefix(ENDED)) if is_over else 0)
    status, secondary = ("Completed", "Completed") if is_over else ("InProgress", "Training")
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:000000000000:training-job/{name}",
        "TrainingJobStatus": status,
        "SecondaryStatus": secondary,
        "CreationTime": began,
        "LastModifiedTime": began + 400,
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "SecondaryStatusTransitions": [{"Status": secondary, "StartTime": began, "StatusMessage": secondary}],
    }


def _serve(pipe: Pipe, write: Callable[[], dict[str, Events]], round_trip: float, limit: int) -> None:
    """Serve until the process is ended."""
    server = _Server(write(), round_trip, limit)
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    threading.Thread(target=_listen, args=(listening, server), daemon=True).start()
    pipe.send(listening.getsockname()[1])
    while True:
        try:
            what, *values = pipe.recv()
        except EOFError:
            return
        pipe.send(getattr(server, what)(*values))


def _listen(listening: socket.socket, server: _Server) -> None:
    while True:
        client, _ = listening.accept()
        threading.Thread(target=server.talk, args=(client,), daemon=True).start()
