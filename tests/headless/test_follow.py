"""How a followed job's events are said: to people, and to programs."""

from __future__ import annotations

import json

import pytest

from birdtui.headless.follow import JsonTeller, PlainTeller
from birdtui.headless.output import Output
from birdtui.watch.events import JobDescribed, LogLines, MergedLines, MetricPoint, ModelStored
from birdtui.watch.job_status import StatusHistory

MERGED = MergedLines(
    (("birds/algo-1-1", "algo-1"), ("birds/algo-2-1", "algo-2")),
    (0, 1, 0),
    (1_700_000_000_000, 1_700_000_000_001, 1_700_000_000_002),
    ("one", "t\x1b[31mwo\nthree", "four"),
)


def plain_teller(instances: int = 2) -> PlainTeller:
    teller = PlainTeller("birds", Output(as_json=False, quiet=False))
    teller.tell(JobDescribed({"TrainingJobName": "birds", "ResourceConfig": {"InstanceCount": instances}}))
    return teller


def test_lines_of_several_instances_have_their_host_before_them(capsys: pytest.CaptureFixture[str]) -> None:
    plain_teller().tell(MERGED)
    assert capsys.readouterr().out.splitlines() == ["algo-1 one", "algo-2 two", "algo-2 three", "algo-1 four"]


def test_a_restarted_instance_by_itself_has_no_host_before_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    lines = MergedLines((("birds/algo-1-1", "algo-1"), ("birds/algo-1-2", "algo-1")), (0, 1), (1, 2), ("one", "two"))
    plain_teller(instances=1).tell(lines)
    assert capsys.readouterr().out.splitlines() == ["one", "two"]


def test_each_line_is_an_event_with_its_own_stream(capsys: pytest.CaptureFixture[str]) -> None:
    JsonTeller("birds", Output(as_json=True, quiet=False)).tell(MERGED)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert found[1] == {
        "event": "log",
        "time": "2023-11-14T22:13:20.001Z",
        "stream": "birds/algo-2-1",
        "host": "algo-2",
        "timestamp": 1_700_000_000_001,
        "message": "t\x1b[31mwo\nthree",
    }
    assert [event["host"] for event in found] == ["algo-1", "algo-2", "algo-1"]


def test_a_metric_s_keys_are_those_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    moment = StatusHistory().news({"TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting"})[0].time
    JsonTeller("birds", Output(as_json=True, quiet=False)).tell(MetricPoint(moment, "algo-1", 3, "loss", 0.5, 2))
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["event", "time", "host", "epoch", "name", "value"]


@pytest.mark.parametrize("event", [ModelStored("algo-1"), JobDescribed({})])
def test_what_only_the_screen_shows_is_no_event_for_programs(
    event: ModelStored | JobDescribed, capsys: pytest.CaptureFixture[str]
) -> None:
    JsonTeller("birds", Output(as_json=True, quiet=False)).tell(event)
    assert capsys.readouterr().out == ""


def test_lines_of_one_stream_are_said_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    plain_teller(instances=1).tell(LogLines("birds/algo-1-1", "algo-1", (1, 2), ("one", "  two")))
    assert capsys.readouterr().out == "one\n  two\n"
