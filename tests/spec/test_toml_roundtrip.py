"""A request written as a file reads back as the same request, and a rewritten file says the new one."""

from __future__ import annotations

from typing import Any

import tomli
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from birdtui.spec.job import JobSpec
from birdtui.spec.service_model import create_shape, violations
from birdtui.spec.toml_file import parse, rewrite, write

Requests = st.SearchStrategy[dict[str, Any]]
QUICK = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(st.data())
def test_the_made_up_requests_are_legal(legal_requests: Requests, data: st.DataObject) -> None:
    assert violations(create_shape(), data.draw(legal_requests)) == []


@QUICK
@given(st.data(), st.booleans())
def test_every_legal_request_reads_back(legal_requests: Requests, data: st.DataObject, unique: bool) -> None:
    spec = JobSpec(data.draw(legal_requests), unique_name=unique)
    text = write(spec)
    tomli.loads(text)
    assert parse(text, "birds.toml") == spec


@QUICK
@given(st.data())
def test_a_rewritten_file_says_the_new_job(legal_requests: Requests, data: st.DataObject) -> None:
    old, new = JobSpec(data.draw(legal_requests)), JobSpec(data.draw(legal_requests))
    assert parse(rewrite(write(old), new), "birds.toml") == new


@QUICK
@given(st.data())
def test_a_rewritten_file_keeps_its_comments(legal_requests: Requests, data: st.DataObject) -> None:
    old, new = JobSpec(data.draw(legal_requests)), JobSpec(data.draw(legal_requests))
    text = "# at the top\n" + write(old) + "\n# at the end\n"
    changed = rewrite(text, new)
    assert parse(changed, "birds.toml") == new
    assert changed.startswith("# at the top\n")
    assert "# at the end" in changed
