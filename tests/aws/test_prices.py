"""Prices out of AWS's price list, in the forms that its entries have had."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from birdtui.aws.errors import AwsProblem
from birdtui.aws.prices import Price, price, price_of
from birdtui.local.engine_files import Engine
from tests.aws.conftest import service, session_at, session_on

KIND, REGION = "ml.p3.2xlarge", "us-east-1"


def product(usagetype: str, amount: str = "3.8250000000", unit: str = "Hrs", currency: str = "USD", **more: str) -> Any:
    """An entry of the price list, as GetProducts gives it: JSON in a text."""
    dimension = {"unit": unit, "pricePerUnit": {currency: amount}, "description": "per hour"}
    return json.dumps(
        {
            "product": {"attributes": {"usagetype": usagetype, "regionCode": REGION, **more}},
            "serviceCode": "AmazonSageMaker",
            "terms": {"OnDemand": {"X.Y": {"priceDimensions": {"X.Y.Z": dimension}}}},
        }
    )


FITTING = [
    product(f"USE1-Train:{KIND}"),
    product(f"USE1-Train:{KIND}", unit="Hours"),
    product(f"Train:{KIND}"),
    json.loads(product(f"USE1-Train:{KIND}")),
]


@pytest.mark.parametrize("entry", FITTING)
def test_a_price_for_training_is_taken(entry: Any) -> None:
    assert price_of([entry], KIND, REGION) == Price(Decimal("3.825"), "USD", REGION)


OTHERS = [
    product(f"USE1-Host:{KIND}"),
    product(f"USE1-Train:{KIND}.more"),
    product("USE1-Train:ml.p3.16xlarge"),
    product(f"USE1-SpotTrain:{KIND}"),
    product(f"USE1-Train:{KIND}", unit="GB-Mo"),
    product(f"USE1-Train:{KIND}", amount="0.0000000000"),
    product(f"USE1-Train:{KIND}", amount="free"),
    product(f"EU-Train:{KIND}", regionCode="eu-west-1"),
    json.dumps({"product": {}}),
]


@pytest.mark.parametrize("entry", OTHERS)
def test_what_is_no_price_for_training_is_not(entry: Any) -> None:
    assert price_of([entry], KIND, REGION) is None


def test_the_right_one_among_others_is_taken() -> None:
    assert price_of([*OTHERS, FITTING[0]], KIND, REGION) == Price(Decimal("3.825"), "USD", REGION)


def test_other_currencies_are_kept() -> None:
    found = price_of([product(f"CNN1-Train:{KIND}", "30.1", currency="CNY")], KIND, REGION)
    assert found == Price(Decimal("30.1"), "CNY", REGION)


def test_the_most_that_a_job_costs_is_by_the_second_and_instance() -> None:
    assert Price(Decimal("3.6"), "USD", REGION).most(90, 2) == Decimal("0.18")


def answers(entries: Mapping[tuple[str, str], list[Any]], asked: list[dict[str, str]]) -> Any:
    """GetProducts that has entries for one filter's field and value."""

    def products(body: Mapping[str, Any]) -> Mapping[str, Any]:
        filters = {each["Field"]: each["Value"] for each in body["Filters"]}
        asked.append(filters)
        found = next((entries[pair] for pair in filters.items() if pair in entries), [])
        return {"FormatVersion": "aws_v1", "PriceList": found}

    return {"GetProducts": products}


WAYS = [("instanceName", KIND), ("instanceType", f"{KIND}-Training"), ("instanceType", KIND)]


@pytest.mark.parametrize("way", WAYS)
def test_a_price_is_found_in_each_way_that_the_list_has_had(way: tuple[str, str]) -> None:
    asked: list[dict[str, str]] = []
    with service(answers({way: [product(f"USE1-Train:{KIND}")]}, asked)) as url:
        found = price(session_at(url), KIND, REGION)
    assert found == Price(Decimal("3.825"), "USD", REGION)
    assert len(asked) == WAYS.index(way) + 1
    assert all(filters["regionCode"] == REGION for filters in asked)


def test_a_type_that_the_list_has_not_has_no_price() -> None:
    with service(answers({}, [])) as url:
        assert price(session_at(url), KIND, REGION) is None


def test_without_the_right_to_ask_there_is_a_problem() -> None:
    with service({}) as url, pytest.raises(AwsProblem, match="GetProducts"):
        price(session_at(url), KIND, REGION)


def test_the_engine_has_no_price_list(engine: Engine) -> None:
    with pytest.raises(AwsProblem):
        price(session_on(engine), KIND, REGION)
