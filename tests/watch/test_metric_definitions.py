from __future__ import annotations

import re
import threading
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birdtui.watch.bounded_regex import needle
from birdtui.watch.metric_definitions import MetricDefinitions
from birdtui.watch.metrics import MetricsReader


def define(**regexes: str) -> MetricDefinitions:
    return MetricDefinitions([{"Name": name, "Regex": regex} for name, regex in regexes.items()])


def test_a_value_is_what_the_group_matches() -> None:
    found = define(loss=r"loss: ([0-9\.]+)", speed=r"(\d+) images/s").find("step 3 loss: 0.125, 900 images/s")
    assert found == [("loss", 0.125), ("speed", 900.0)]


def test_an_aws_definition_is_applied_as_given() -> None:
    found = define(train=r"Epoch\S* Train-accuracy=(\S*)").find("[x] Epoch[3] Train-accuracy=0.512345")
    assert found == [("train", 0.512345)]


def test_what_is_no_number_is_no_value() -> None:
    assert define(loss=r"loss: (\S+)").find("loss: unknown") == []


def test_a_regex_that_cannot_be_read_is_named_and_the_others_work() -> None:
    definitions = define(bad="loss: (", good=r"loss: (\S+)")
    assert definitions.find("loss: 1.5") == [("good", 1.5)]
    assert list(definitions.problems) == ["bad"]


@pytest.mark.parametrize("line", ["a" * 4_000 + "!", "a=" * 2_000, " " * 100_000 + "x", "a" * 1_000_000])
@pytest.mark.parametrize("regex", [r"(a+)+$", r"(\w+)=(\d+)", r"(.*)(.*)(.*)=([0-9.]+)x", r"((a|aa)+)!?b"])
def test_no_line_takes_long_whatever_the_regex(line: str, regex: str) -> None:
    definitions = define(one=regex, two=regex, three=regex, four=regex)
    start = time.thread_time()
    definitions.find(line)
    assert time.thread_time() - start < 0.05  # of this thread's own time 3 ms, and what the line costs besides


def test_no_value_is_lost_while_other_threads_are_busy() -> None:
    definitions = MetricDefinitions([{"Name": "loss", "Regex": "loss=([0-9.]+)"}])
    over = threading.Event()

    def spin() -> None:
        while not over.is_set():
            sum(range(1000))

    others = [threading.Thread(target=spin, daemon=True) for _ in range(4)]
    for other in others:
        other.start()
    try:
        found = [definitions.find(f"step {number} loss=0.{number}") for number in range(2_000)]
    finally:
        over.set()
        for other in others:
            other.join()
    assert all(found)
    assert definitions.problems == {}


def test_a_regex_that_is_too_slow_again_and_again_is_let_go_and_named() -> None:
    definitions = define(slow=r"(a+)+$", good=r"loss: (\S+)")
    for _ in range(3):
        definitions.find("a" * 3_000 + "!")
    assert definitions.find("loss: 1.5") == [("good", 1.5)]
    assert list(definitions.problems) == ["slow"]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"Epoch\S* Train-accuracy=(\S*)", " Train-accuracy="),
        (r"loss: ([0-9\.]+)", "loss: "),
        (r"\[loss\]=(\d+)", "[loss]="),
        (r"val_loss=([\d.]+)", "val_loss="),
        (r"losses?=(\d+)", "losse"),
        (r"loss=(\d+)|acc=(\d+)", ""),
        (r"(?i)loss=(\d+)", ""),
        (r"[^]]loss{2}x", "los"),
        (r".*", ""),
        ("", ""),
    ],
)
def test_the_needle_is_text_that_every_match_holds(pattern: str, text: str) -> None:
    assert needle(pattern) == text


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(list("ab.*+?()[]{}|\\^$=- 12")), max_size=12).map("".join), st.text("ab=12 -", max_size=30)
)
def test_a_line_that_matches_holds_the_needle(pattern: str, line: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            found = re.compile(pattern).search(line)
        except re.error:
            return
    assert found is None or needle(pattern) in line


def test_a_jobs_own_metrics_are_counted_from_zero_for_each_host() -> None:
    reader = MetricsReader(define(**{"validation:loss": r"loss: ([0-9\.]+)"}))
    lines = ["loss: 3.0", "noise", "loss: 2.0", "loss: 2.0"]
    found = reader.feed_lines(lines, host="algo-1", timestamps=(10, 20, 30, 40))
    found += reader.feed_lines(["loss: 1.0"], host="algo-2", timestamps=(50,))
    assert [(value.host, value.epoch, value.value, value.timestamp) for value in found] == [
        ("algo-1", 0, 3.0, 10),
        ("algo-1", 1, 2.0, 30),
        ("algo-1", 2, 2.0, 40),
        ("algo-2", 0, 1.0, 50),
    ]
