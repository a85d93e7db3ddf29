"""Pages of a sorted list, by a token that names the last item shown: adding or deleting items never repeats one."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


class BadToken(ValueError):
    """A token that no page of this engine ever gave."""


def token_for(key: str) -> str:
    """An opaque token from which a page after `key` starts; in plain base64, as Service Quotas' pattern asks."""
    return base64.b64encode(key.encode()).decode()


def key_of(token: str) -> str:
    """The key inside a token; raises BadToken."""
    try:
        return base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise BadToken(token) from error


def page(
    items: Sequence[Item], key: Callable[[Item], str], token: str | None, limit: int
) -> tuple[Sequence[Item], str | None]:
    """At most `limit` of `items` (sorted by `key`) after the token, and the next page's token or None.

    Raises BadToken.
    """
    start = bisect_right(items, key_of(token), key=key) if token else 0
    chosen = items[start : start + limit]
    more = start + limit < len(items)
    return chosen, token_for(key(chosen[-1])) if more and chosen else None
