"""The past of a job's log, read in parallel windows of time and handed over in order.

A stream's past is cut into windows where its first page shows that it is long; threads read the earliest windows first,
each page by page, and stop while much waits to be taken. A window ends before the first time of the next one, so equal
times are never parted. The last window has no end: when it is read through, its token is where following goes on, so
no window begins within the last minutes, where lines may still arrive late. What a page tells about how close the lines
lie decides how far the next windows reach; a window that was not begun yet joins the one before that has reached it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from time import monotonic

from birdtui.aws.errors import AwsProblem
from birdtui.aws.logs import Logs
from birdtui.watch.log_chain import Chain, Lines, split_before

THREADS = 8
WINDOW_PAGES = 4
"""How many pages a window is to have: fewer waste calls at their ends, more have to wait in memory for their turn."""
MOST_WINDOWS = 64
NEAR_SECONDS = 0.02
"""A page that takes no longer than this is not waited for: more threads would only be in each other's way."""
MOST_WAITING = 32
"""How many pages may wait for earlier ones; only the earliest window is read on then."""
BULK = 500
"""A page with so many events has more behind it, most likely."""
SETTLED_SECONDS = 120.0
"""How old events are at which no earlier ones are still on their way to CloudWatch."""
GLANCE = 0.05


@dataclass(slots=True, eq=False)
class Window:
    """The part of a stream from where its chain begins to before `end`, or to the stream's end.

    Nothing before `reached` is still to come of it; the chain may be ahead of that while a thread reads.
    """

    chain: Chain
    end: int | None
    reached: int
    pages: deque[Lines] = field(default_factory=deque)
    is_begun: bool = False
    is_busy: bool = False
    is_read: bool = False


@dataclass(slots=True, eq=False)
class Past:
    """What of one stream is still to be read, and which of it waits to be told.

    `frontier` is the time before which nothing is still to come. `last` is the latest time in which a window may begin,
    None until it is asked for. When all is read `windows` is empty, and `chain` where following goes on.
    """

    chain: Chain
    frontier: int = -1
    last: int | None = None
    pages: deque[Lines] = field(default_factory=deque)
    windows: list[Window] = field(default_factory=list)

    @property
    def is_read(self) -> bool:
        """Whether nothing is left to read."""
        return not self.windows

    @property
    def is_wanted(self) -> bool:
        """Whether nothing of it can be told before more is read."""
        return not self.pages and not self.windows[0].pages

    @property
    def waiting(self) -> int:
        """How many pages wait to be told."""
        return len(self.pages) + sum(len(window.pages) for window in self.windows)


class LogHistory:
    """Reads several streams' pasts at once. Its threads are daemons; they end when nothing is left to read.

    One thread uses it: `begin`, `wait`, `collect`, in any order and as often as it likes. `wait` raises AwsProblem for
    what keeps a window from being read; asked again, it goes on where it was. Throttles only make it slower.
    """

    def __init__(self, logs: Logs, stop: threading.Event) -> None:
        self._logs = logs
        self._stop = stop
        self._rate = logs.rate
        self._pasts: list[Past] = []
        self._problem: Exception | None = None
        self._problems = 0
        self._threads = 0
        self._quickest = 1.0
        self._news = threading.Condition()
        self._turn = threading.Lock()

    @property
    def is_active(self) -> bool:
        """Whether anything is still being read."""
        return bool(self._pasts)

    def begin(self, past: Past, end: int | None = None) -> None:
        """Read what comes after a past's chain, to before a time or to the stream's end."""
        with self._news:
            past.windows = [Window(past.chain, end, past.chain.last_timestamp)]
            past.last = end
            past.frontier = past.chain.last_timestamp
            self._pasts.append(past)
            self._staff()

    def wait(self, seconds: float) -> None:
        """Wait until there is something to collect, at most so long, and not when `stop` is set."""
        deadline = monotonic() + seconds
        with self._news:
            self._staff()
            while not self._has_news() and not self._stop.is_set():
                left = deadline - monotonic()
                if left <= 0:
                    return
                self._news.wait(min(left, GLANCE))
            problem, self._problem = self._problem, None
            self._problems += problem is not None
        if problem is not None:
            raise problem

    def collect(self) -> None:
        """Move what was read, as far as it is in order, to each past's `pages`, and let go of those that are read."""
        with self._news:
            for past in self._pasts:
                _collect(past)
            self._pasts = [past for past in self._pasts if past.windows]

    def _has_news(self) -> bool:
        heads = (past.windows[0] for past in self._pasts)
        return self._problem is not None or any(head.pages or head.is_read for head in heads)

    # the threads; the first three are called with the lock held

    def _staff(self) -> None:
        """Have a thread for each window that can be read now, as far as threads are allowed."""
        if self._problem is not None or self._stop.is_set():
            return
        windows = sum(not window.is_read for past in self._pasts for window in past.windows)
        wanted = min(windows, THREADS if self._quickest > NEAR_SECONDS else 1) - self._threads
        if wanted <= 0 or self._earliest() is None:
            return
        for _ in range(wanted):
            self._threads += 1
            threading.Thread(target=self._work, name="birdtui: log history", daemon=True).start()

    def _earliest(self) -> tuple[Past, Window] | None:
        """The earliest window that nobody reads; while much waits, only one whose lines the others wait for."""
        unread = [
            (past, window)
            for past in self._pasts
            for window in past.windows
            if not window.is_read and not window.is_busy
        ]
        if self._problem is not None:
            return None
        if sum(past.waiting for past in self._pasts) >= MOST_WAITING:
            unread = [(past, window) for past, window in unread if window is past.windows[0] and past.is_wanted]
        return min(unread, key=_begin, default=None)

    def _work(self) -> None:
        while (found := self._claimed()) is not None:
            self._read(*found)

    def _claimed(self) -> tuple[Past, Window] | None:
        """The window to read next; None when this thread is to end."""
        with self._turn:  # one at a time waits for the next call, so that it goes to the earliest window
            with self._news:
                is_needed = self._earliest() is not None
            may_go_on = is_needed and self._rate.wait(self._stop)
            with self._news:
                found = self._earliest() if may_go_on else None
                if found is None:
                    self._threads -= 1
                else:
                    found[1].is_busy = True
                return found

    def _read(self, past: Past, window: Window) -> None:
        lines: Lines | None = None
        problem: Exception | None = None
        start, problems = monotonic(), self._problems
        try:
            lines = window.chain.read(self._logs)
            self._quickest = min(self._quickest, monotonic() - start)
            if past.last is None and _is_worth_windows(window.chain, lines):
                past.last = self._last_start(past)
        except AwsProblem as refusal:
            if refusal.throttled:
                self._rate.refused()
            else:
                problem = refusal
        except Exception as error:  # noqa: BLE001 - it is raised by who waits
            problem = error
        with self._news:
            window.is_busy = False
            if problems == self._problems:  # calls under way when one failed tell of the same trouble
                self._problem = self._problem or problem
            if lines is not None:
                _keep(past, window, lines)
            self._staff()
            self._news.notify_all()

    def _last_start(self, past: Past) -> int | None:
        """The latest time in which a window may begin; what DescribeLogStreams tells of a stream may be an hour old."""
        self._rate.wait(self._stop)
        try:
            page = self._logs.page(past.chain.stream, from_head=False, limit=1)
        except AwsProblem as problem:  # what was read already is kept, and the next page asks again
            if problem.throttled:
                self._rate.refused()
            return None
        return min(page.timestamps[-1] if page.timestamps else -1, settled())


def settled() -> int:
    """The time in milliseconds before which no more lines arrive."""
    return int((time.time() - SETTLED_SECONDS) * 1000)


def _begin(found: tuple[Past, Window]) -> int:
    return found[1].reached


def _is_worth_windows(chain: Chain, lines: Lines) -> bool:
    return len(lines[0]) >= BULK and not chain.is_at_end


def _collect(past: Past) -> None:
    """Take pages from the first windows as long as no page before them is missing."""
    while past.windows:
        window = past.windows[0]
        past.pages.extend(window.pages)
        window.pages.clear()
        past.frontier = window.reached
        if not window.is_read:
            return
        past.chain = window.chain
        del past.windows[0]


def _keep(past: Past, window: Window, lines: Lines) -> None:
    """Keep a page of a window, and find out what is left of the window."""
    window.is_begun = True
    window.reached = window.chain.last_timestamp
    timestamps = lines[0]
    if timestamps:
        _join(past, window, timestamps[-1])
        if window.end is not None and timestamps[-1] >= window.end:
            lines, _ = split_before(lines, window.end)
            window.is_read = True
    if lines[0]:
        window.pages.append(lines)
    window.is_read = window.is_read or window.chain.is_at_end
    if not window.is_read and len(timestamps) >= BULK:
        _cut(past, window, timestamps[-1], max(timestamps[-1] - timestamps[0], 1))


def _join(past: Past, window: Window, reached: int) -> None:
    """Let a window that has reached its end go on through those behind it, as long as nobody has begun them."""
    after = past.windows.index(window) + 1
    while window.end is not None and reached >= window.end and after < len(past.windows):
        following = past.windows[after]
        if following.is_begun or following.is_busy:
            return
        window.end = following.end
        del past.windows[after]


def _cut(past: Past, window: Window, reached: int, span: int) -> None:
    """Cut what is left of a window, where it is long: `span` is the time that one page takes."""
    if past.last is None:
        return
    step = span * WINDOW_PAGES
    until = past.last if window.end is None else min(past.last, window.end)
    count = min((until - reached) // step, MOST_WINDOWS)
    if count < 2:
        return
    starts = [reached + step * number for number in range(1, count)]
    ends: Iterable[int | None] = [*starts[1:], window.end]
    stream = window.chain.stream
    parts = [Window(Chain(stream, start=start), end, start - 1) for start, end in zip(starts, ends, strict=True)]
    window.end = starts[0]
    at = past.windows.index(window) + 1
    past.windows[at:at] = parts
