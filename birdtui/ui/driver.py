"""Textual's driver for terminals, whose input thread is woken when the app leaves.

By itself that thread looks up every tenth of a second, twice at the end: leaving took 0.2 s with nothing to wait for.
"""

from __future__ import annotations

import os
import selectors
from codecs import getincrementaldecoder
from typing import Any

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

LOOKS_UP_SECONDS = 0.1
"""How long a lone escape byte may wait for the rest of its sequence."""
MOST_READ = 4096


class WakingDriver(LinuxDriver):
    """Reads keys as LinuxDriver does, and ends at once when asked to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wake, self._waker = os.pipe()

    def disable_input(self) -> None:
        """Wake the input thread, so that it sees that it shall end."""
        self.exit_event.set()
        os.write(self._waker, b".")
        if self._key_thread is not None:
            self._key_thread.join()
        self.exit_event.clear()
        super().disable_input()

    def run_input_thread(self) -> None:
        """Wait for input or for the end, and tell the app of each key."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                ready = {key.fd for key, _ in selector.select(LOOKS_UP_SECONDS)}
                if self._wake in ready:
                    os.read(self._wake, MOST_READ)
                if self.fileno in ready:
                    typed = os.read(self.fileno, MOST_READ)
                    if not typed:
                        return  # the terminal is gone
                    self._tell(parser.feed(decode(typed)))
                self._tell(parser.tick())

    def _tell(self, messages: Any) -> None:
        message: Message | events.Event
        for message in messages:
            self.process_message(message)
