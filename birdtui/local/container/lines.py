"""Log lines as the Image Classification algorithm writes them, one at a time, and the two ways a job fails.

`[MM/DD/YYYY HH:MM:SS LEVEL id] text`: time in UTC, id the thread's, constant for a container, so that it tells the
instances of a job apart in a merged log.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime


class CustomerError(Exception):
    """The job's author can mend this; SageMaker words it `ClientError:` in the job's FailureReason."""


class Log:
    """Writes prefixed lines to standard output, each as soon as it is said."""

    def __init__(self, thread: int) -> None:
        self._thread = thread

    def info(self, text: str) -> None:
        """An ordinary line."""
        self._line("INFO", text)

    def warning(self, text: str) -> None:
        """A line about something that was ignored."""
        self._line("WARNING", text)

    def error(self, text: str) -> None:
        """Why the job fails."""
        self._line("ERROR", text)

    def _line(self, level: str, text: str) -> None:
        plain(f"[{datetime.now(UTC):%m/%d/%Y %H:%M:%S} {level} {self._thread}] {text}")


def plain(text: str) -> None:
    """A line without a prefix."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
