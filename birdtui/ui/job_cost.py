"""What a job costs, from AWS's price of its instances by the hour; nothing where that is not known."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any

from birdtui.aws.errors import AwsProblem

if TYPE_CHECKING:
    from birdtui.aws.prices import Price
    from birdtui.ui.backend import Backend

CENT = Decimal("0.01")
_SIGNS = {"USD": "$", "CNY": "¥", "EUR": "€"}


def price_of_job(backend: Backend, description: Mapping[str, Any]) -> Price | None:
    """The hourly price of one of a job's instances, None where it cannot be told; waits for AWS.

    A job of several instance types has no one price.
    """
    kind = description.get("ResourceConfig", {}).get("InstanceType")
    if not kind:
        return None
    try:
        return backend.price(str(kind))
    except AwsProblem:
        return None  # the price is an extra: no right to read it, or an emulator that has no price list


def cost_text(price: Price | None, seconds: float | None, *, spot: bool = False) -> str:
    """`$0.46` for so many billable seconds of all instances together; `≤ $0.46` on spot, whose price is not published.

    Empty where either is unknown.
    """
    if price is None or seconds is None:
        return ""
    amount = price.most(int(seconds), 1).quantize(CENT, ROUND_UP)
    sign = _SIGNS.get(price.currency)
    text = f"{sign}{amount:f}" if sign else f"{amount:f} {price.currency}"
    return f"≤ {text}" if spot else text
