"""Work that may wait (every AWS call) runs here, away from the screen, and answers by message.

Textual's own thread workers run in asyncio's executor, which a leaving program waits for; a blocked call would hold the
terminal for seconds. These are daemon threads: leaving is at once, whatever is in flight.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

from textual.dom import DOMNode
from textual.message import Message

from birdtui.aws.errors import AwsProblem

log = logging.getLogger(__name__)

Work = Callable[[], Message | None]
"""What may wait: it answers with a message, or with none."""

_running: set[threading.Thread] = set()
_changed = threading.Condition()


@dataclass
class Failed(Message):
    """A piece of background work failed: `what` names the work, `problem` says what AWS answered."""

    what: str
    problem: AwsProblem


def start(node: DOMNode, work: Work, *, what: str) -> None:
    """Run `work` in a thread of its own and post the message it returns to `node`.

    An AwsProblem is posted as `Failed`; any other error is logged and posted as one too, so no failure is silent.
    """

    def run() -> None:
        try:
            answer = work()
        except AwsProblem as problem:
            answer = Failed(what, problem)
        except Exception as error:
            log.exception("background work failed: %s", what)
            answer = Failed(what, AwsProblem("InternalError", f"{what}: {error}", exit_code=3))
        finally:
            with _changed:
                _running.discard(threading.current_thread())
                _changed.notify_all()
        if answer is not None and node.is_running:
            node.post_message(answer)

    thread = threading.Thread(target=run, name=f"birdtui: {what}", daemon=True)
    with _changed:
        _running.add(thread)
    thread.start()


def make_way() -> None:
    """Give the screen's thread its turn after a millisecond, not after five, while others import and decode."""
    sys.setswitchinterval(0.001)


def idle(timeout: float) -> bool:
    """Wait until no background work runs; False when `timeout` seconds pass first. For tests."""
    with _changed:
        return _changed.wait_for(lambda: not _running, timeout)
