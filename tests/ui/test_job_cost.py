"""What a job costs, in words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from birdtui.aws.prices import Price
from birdtui.ui.job_cost import cost_text

HOUR = Price(Decimal("3.825"), "USD", "us-east-1")


def test_the_cost_is_by_the_second_and_rounded_up_to_a_cent() -> None:
    assert cost_text(HOUR, 432) == "$0.46"


def test_on_spot_the_cost_is_an_upper_bound() -> None:
    assert cost_text(HOUR, 3600, spot=True) == "≤ $3.83"


def test_a_currency_without_a_sign_is_named() -> None:
    assert cost_text(Price(Decimal(2), "XTS", "x"), 1800) == "1.00 XTS"


@pytest.mark.parametrize(("price", "seconds"), [(None, 10), (HOUR, None)])
def test_what_is_not_known_is_not_said(price: Price | None, seconds: int | None) -> None:
    assert cost_text(price, seconds) == ""
