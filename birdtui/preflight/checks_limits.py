"""What an account allows and what a job costs: quotas against what runs, the price, a job of the same name."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_UP, Decimal
from functools import partial

from birdtui.aws.errors import AwsProblem
from birdtui.aws.quotas import ALL_INSTANCES, LONGEST_RUN, quota_name, wanted
from birdtui.preflight.case import Case, Check, counted, ok
from birdtui.spec.findings import Finding, Level

DEFAULT_RUNTIME = 24 * 3600
"""MaxRuntimeInSeconds where a job does not say: one day."""
LIST_QUOTAS = "servicequotas:ListServiceQuotas"
GET_PRODUCTS = "pricing:GetProducts"


def limit_checks(case: Case) -> Iterator[Check]:
    """Quota and price of each instance type, the account's other limits, the name."""
    types = {name: field for field, name in case.facts.instance_types}
    for name, field in types.items():
        yield Check("quota", field, f"the quota of {name}", partial(_quota, case, name, field), LIST_QUOTAS)
    if types:
        field = next(iter(types.values()))
        yield Check("quota-all", field, "the account's quotas", partial(_other_quotas, case, field), LIST_QUOTAS)
        yield Check("cost", field, "the price", partial(_cost, case, types, field), GET_PRODUCTS)
    if case.spec.name and not case.spec.unique_name:
        what = f"whether a job called {case.spec.name} exists"
        yield Check("name-taken", "job.name", what, partial(_name_taken, case), "sagemaker:DescribeTrainingJob")


def _quota(case: Case, kind: str, field: str) -> Iterator[Finding]:
    name = quota_name(kind, spot=case.spec.spot)
    limit = case.account.limits(_names(case)).get(name)
    if limit is None:
        text = f"{case.caller.region} has no quota called {name!r}: {kind} is probably not offered there for training"
        yield Finding("quota", Level.WARNING, field, text, "take another type, or another region")
        return
    asked = wanted(case.facts.member("ResourceConfig"))[kind]
    usage = case.account.in_use()
    used = usage.of(kind, spot=case.spec.spot)
    running = f"{used} in use" if usage.complete else f"at least {used} in use"
    if used + asked > limit:
        text = f"the quota {name!r} is {limit:g}; {running}, and the job wants {asked}"
        remedy = (
            f"wait until other jobs end, or ask for {used + asked} of {name!r} in Service Quotas"
            if asked <= limit
            else f"ask for {used + asked} of {name!r} in Service Quotas, or take another type"
        )
        yield Finding("quota", Level.ERROR, field, text, remedy)
    else:
        yield ok("quota", field, f"the job wants {asked} of {limit:g} {kind}, {running}")


def _names(case: Case) -> frozenset[str]:
    """All quotas that the job is held against: asked for together, since the lists are long."""
    types = (quota_name(kind, spot=case.spec.spot) for _, kind in case.facts.instance_types)
    return frozenset((*types, ALL_INSTANCES, LONGEST_RUN))


def _other_quotas(case: Case, field: str) -> Iterator[Finding]:
    limits = case.account.limits(_names(case))
    longest, runtime = limits.get(LONGEST_RUN), _runtime(case)
    if longest is not None and runtime > longest:
        text = f"the quota {LONGEST_RUN!r} is {longest:g} s; the job may run for {runtime} s"
        remedy = f"set limits.max_runtime to {longest:g} or less, or ask for more in Service Quotas"
        yield Finding("quota-runtime", Level.ERROR, "limits.max_runtime", text, remedy)
    most = limits.get(ALL_INSTANCES)
    if most is None:
        return
    usage, asked = case.account.in_use(), case.spec.instance_count
    if usage.total + asked > most:
        text = f"the quota {ALL_INSTANCES!r} is {most:g}; {usage.total} in use, and the job wants {asked}"
        yield Finding("quota-all", Level.ERROR, field, text, f"ask for {usage.total + asked} in Service Quotas")
    elif longest is None or runtime <= longest:
        yield ok("quota-all", field, f"{usage.total} of {most:g} training instances in use")


def _runtime(case: Case) -> int:
    runtime = case.spec.max_runtime
    return runtime if isinstance(runtime, int) else DEFAULT_RUNTIME


def _cost(case: Case, types: dict[str, str], field: str) -> Iterator[Finding]:
    counts, runtime = wanted(case.facts.member("ResourceConfig")), _runtime(case)
    try:
        prices = {kind: case.account.price(kind) for kind in types}
    except AwsProblem:
        if not case.caller.is_emulated:
            raise
        text = "could not look at the price: this is an emulator without a price list, and costs nothing"
        yield Finding("cost", Level.UNKNOWN, field, text)
        return
    for kind, price in prices.items():
        if price is None:
            text = f"AWS's price list has no {kind} for training in {case.caller.region}: it is probably not offered"
            yield Finding("offered", Level.WARNING, types[kind], text, "take another type, or another region")
    known = [price.most(runtime, counts[kind]) for kind, price in prices.items() if price]
    if len(known) < len(prices):
        return
    first = next(price for price in prices.values() if price)
    # With a list of types to choose from only one of them is used: the dearest bounds the cost.
    chosen = "InstancePreferences" in case.facts.member("ResourceConfig")
    most = max(known) if chosen else sum(known, Decimal(0))
    rates = ", ".join(
        f"{counts[kind]} × {kind} at {price.per_hour.normalize():f} {price.currency}/h"
        for kind, price in prices.items()
        if price
    )
    text = (
        f"at most {most.quantize(Decimal('0.01'), ROUND_UP)} {first.currency}: {_hours(runtime)}, {rates} "
        f"({first.source}, {first.region}); storage and transfer come on top"
    )
    if case.spec.spot:
        text += "; on spot usually much less"
    yield Finding("cost", Level.NOTE, field, text, "limits.max_runtime bounds it; only what runs is billed")


def _hours(seconds: int) -> str:
    return counted(seconds // 3600, "hour") if seconds % 3600 == 0 else counted(seconds, "second")


def _name_taken(case: Case) -> Iterator[Finding]:
    name = case.spec.name
    if case.account.job_exists(name):
        text = f"a job called {name} exists already, and a name is used once"
        yield Finding("name-taken", Level.ERROR, "job.name", text, "choose another name, or set unique_name = true")
    else:
        yield ok("name-taken", "job.name", f"no job is called {name}")
