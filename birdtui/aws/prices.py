"""What an instance of a training job costs an hour, from AWS's own price list.

Sources: the Pricing API's AmazonSageMaker products. `instanceType` is unreliable there (`ml.p3.2xlarge-Training` for
older types), `usagetype` (`USE1-Train:ml.p3.2xlarge`) and `component` with `instanceName` are not. Spot prices are not
in the list, nor are storage and data transfer part of these.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from birdtui.aws.errors import translated
from birdtui.aws.session import Session

SERVICE_CODE = "AmazonSageMaker"
SOURCE = "AWS Price List"
_HOURS = {"hrs", "hours", "hour"}
_MOST_PRODUCTS = 100


@dataclass(frozen=True, slots=True)
class Price:
    """An on-demand price: for one instance and hour, in `currency` (USD, CNY)."""

    per_hour: Decimal
    currency: str
    region: str
    source: str = SOURCE

    def most(self, seconds: int, instances: int) -> Decimal:
        """What so many instances cost for so long; billing goes by the second."""
        return self.per_hour * seconds * instances / 3600


def price(session: Session, instance_type: str, region: str) -> Price | None:
    """The price of a type for training in a region; None where the list has none. Raises AwsProblem."""
    client = session.client("pricing", retries=False, region=_endpoint_region(region))
    for filters in _attempts(instance_type, region):
        with translated():
            pages = client.get_paginator("get_products").paginate(
                ServiceCode=SERVICE_CODE,
                FormatVersion="aws_v1",
                Filters=[{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters.items()],
                PaginationConfig={"MaxItems": _MOST_PRODUCTS},
            )
            products = [product for page in pages for product in page.get("PriceList", ())]
        found = price_of(products, instance_type, region)
        if found is not None:
            return found
    return None


def _attempts(instance_type: str, region: str) -> Iterator[dict[str, str]]:
    """Filters from the safest to the loosest; what they let through is looked at once more."""
    yield {"regionCode": region, "component": "Training", "instanceName": instance_type}
    yield {"regionCode": region, "instanceType": f"{instance_type}-Training"}
    yield {"regionCode": region, "instanceType": instance_type}


def _endpoint_region(region: str) -> str:
    """The nearest region that has the Pricing API."""
    if region.startswith("cn-"):
        return "cn-northwest-1"
    if region.startswith(("eu-", "me-", "af-", "il-")):
        return "eu-central-1"
    return "ap-south-1" if region.startswith("ap-") else "us-east-1"


def price_of(products: Iterable[str | Mapping[str, Any]], instance_type: str, region: str) -> Price | None:
    """The hourly on-demand price for training among products as GetProducts gives them; None where none fits."""
    usage = re.compile(rf"(?:^|-)Train:{re.escape(instance_type)}$")
    for product in products:
        entry = json.loads(product) if isinstance(product, str) else product
        attributes = entry.get("product", {}).get("attributes", {})
        if attributes.get("regionCode", region) != region or not usage.search(attributes.get("usagetype", "")):
            continue
        for currency, amount in _hourly(entry):
            return Price(amount, currency, region)
    return None


def _hourly(entry: Mapping[str, Any]) -> Iterator[tuple[str, Decimal]]:
    for term in entry.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term.get("priceDimensions", {}).values():
            if str(dimension.get("unit", "")).lower() not in _HOURS:
                continue
            for currency, text in dimension.get("pricePerUnit", {}).items():
                try:
                    amount = Decimal(text)
                except InvalidOperation:
                    continue
                if amount > 0:
                    yield currency, amount
