"""How quickly a job's log is read, against a plain boto3 loop over the same server.

Run: python tests/benchmarks/bench_log_read.py [LINES [ROUND_TRIP_MS]]
The server is a process of its own with CloudWatch's page limits (1 MB or 10,000 events, 26 bytes more an event); its
answers are made beforehand, so that the clients are what is measured.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from typing import Any

from bench_metrics import mixed_log  # beside this file

from birdtui.aws.logs import GROUP, Logs
from birdtui.aws.session import Connection, Session
from birdtui.watch.log_buffer import LogBuffer
from birdtui.watch.log_tail import LogTail
from birdtui.watch.metrics import MetricsReader

PAGE_EVENTS = 10_000
PAGE_BYTES = 1_048_576
STREAM = "birds/algo-1-1700000000"


def pages(lines: list[str]) -> list[bytes]:
    """The HTTP answers to GetLogEvents, one for each page and one for the end."""
    found: list[list[dict[str, object]]] = [[]]
    size = 0
    for number, line in enumerate(lines):
        size += len(line.encode()) + 26
        if len(found[-1]) == PAGE_EVENTS or size > PAGE_BYTES:
            found.append([])
            size = len(line.encode()) + 26
        stamp = 1_700_000_000_000 + number
        found[-1].append({"timestamp": stamp, "message": line, "ingestionTime": stamp + 800})
    found.append([])
    return [
        _answer({"events": events, "nextForwardToken": f"f/{min(at + 1, len(found) - 1):056d}/s"})
        for at, events in enumerate(found)
    ]


def _answer(document: object) -> bytes:
    body = json.dumps(document, separators=(",", ":")).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def serve(pipe: Pipe, count: int, round_trip: float) -> None:
    """Answer GetLogEvents and DescribeLogStreams until the process is ended."""
    ready = pages(mixed_log(count))
    streams = _answer({"logStreams": [{"logStreamName": STREAM}]})
    listening = socket.create_server(("127.0.0.1", 0))
    pipe.send(listening.getsockname()[1])
    while True:
        client, _ = listening.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_talk, args=(client, ready, streams, round_trip), daemon=True).start()


def _talk(client: socket.socket, ready: list[bytes], streams: bytes, round_trip: float) -> None:
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
        time.sleep(round_trip)
        token = re.search(rb'"nextToken": ?"f/(\d+)/s"', body)
        client.sendall(streams if b"DescribeLogStreams" in head else ready[int(token[1]) if token else 0])


def raw_loop(session: Session) -> int:
    """What a script does: boto3 as it comes."""
    client = session.client("logs")
    request: dict[str, Any] = {"logGroupName": GROUP, "logStreamName": STREAM, "startFromHead": True}
    found = 0
    while True:
        answer = client.get_log_events(**request)
        found += len(answer["events"])
        if answer["nextForwardToken"] == request.get("nextToken"):
            return found
        request["nextToken"] = answer["nextForwardToken"]


def pages_alone(session: Session) -> int:
    """Our pages, nothing done with them."""
    logs, token, found = Logs(session), None, 0
    while True:
        page = logs.page(STREAM, token)
        found += len(page.messages)
        if page.forward == token:
            return found
        token = page.forward


def told_with_metrics(session: Session) -> int:
    """What watching does: every line told once, and read for metrics."""
    return _told(session, None)


def held_with_metrics(session: Session) -> int:
    """What the screen does: held besides."""
    return _told(session, LogBuffer())


def _told(session: Session, held: LogBuffer | None) -> int:
    tail, metrics = LogTail(Logs(session), "birds"), MetricsReader()
    found = 0
    now = 1.0
    tail.begin_last_round(now)
    while not tail.is_drained:
        now = max(now, tail.pace.due)
        for lines in tail.poll(now):
            found += len(lines.messages)
            metrics.feed_lines(lines.messages, host=lines.host, timestamps=lines.timestamps)
            if held is not None:
                held.append(lines.host, lines.timestamps, lines.messages)
    return found


def measured(work: Callable[[Session], int], url: str, count: int) -> float:
    """Seconds of the quicker of two runs, clients made beforehand; fails when a line is missing or doubled."""
    best = float("inf")
    for _ in range(2):
        session = Session(Connection(region="us-east-1", endpoint_url=url, access_key="key", secret_key="secret"))
        session.client("logs")
        Logs(session).streams("birds")
        start = time.perf_counter()
        found = work(session)
        best = min(best, time.perf_counter() - start)
        if found != count:
            raise SystemExit(f"{work.__name__} read {found:,} lines of {count:,}")
    return best


def main() -> None:
    """Print lines a second, and the ratio to the plain loop."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    round_trip = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, count, round_trip), daemon=True)
    server.start()
    try:
        url = f"http://127.0.0.1:{ours.recv()}"
        print(f"{count:,} lines, round trip {round_trip * 1000:.0f} ms")
        baseline = measured(raw_loop, url, count)
        for name, seconds in (
            ("plain boto3 loop", baseline),
            ("pages", measured(pages_alone, url, count)),
            ("told once, metrics read", measured(told_with_metrics, url, count)),
            ("told once, held, metrics read", measured(held_with_metrics, url, count)),
        ):
            print(f"{name:32} {count / seconds / 1e3:8.0f} k lines/s {baseline / seconds:6.2f} x")
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
