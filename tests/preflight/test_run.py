"""All checks together: sound jobs, no credentials, time, memory."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from birdtui.aws.errors import AwsProblem
from birdtui.aws.session import Connection, Session
from birdtui.preflight import Preflight, preflight
from birdtui.preflight.case import Check
from birdtui.preflight.memory import Memory
from birdtui.spec import toml_file
from birdtui.spec.findings import Finding, Level
from tests.preflight.conftest import SAMPLE, WRONG, World, only, records


def test_nothing_is_wrong_with_the_sample_on_the_engine(world: World) -> None:
    found = preflight(toml_file.read(SAMPLE), world.session)
    assert [each for each in found if each.level in WRONG] == []
    assert {"account", "role", "bucket", "channel", "channel-data", "quota"} <= {each.check for each in found}


def test_nothing_is_wrong_with_sound_data(world: World) -> None:
    assert world.wrong() == []


def test_all_checks_together_take_less_than_three_seconds(world: World) -> None:
    began = time.monotonic()
    preflight(toml_file.read(SAMPLE), world.session)
    assert time.monotonic() - began < 3


def test_without_credentials_one_finding_says_that_nothing_could_be_looked_at(world: World) -> None:
    finding = only(preflight(toml_file.read(SAMPLE), lambda: Session(Connection(region="us-east-1"))))
    assert (finding.check, finding.level) == ("account", Level.UNKNOWN)
    assert "could not look" in finding.text


def test_without_a_region_one_finding_says_so(world: World) -> None:
    finding = only(preflight(toml_file.read(SAMPLE), lambda: Session(Connection())))
    assert (finding.check, finding.level) == ("account", Level.UNKNOWN)
    assert "--region" in finding.remedy


def test_where_nobody_answers_one_finding_says_so_soon(world: World) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        keys = {"access_key": "AKIANOBODY", "secret_key": "secret"}
        began = time.monotonic()
        finding = only(
            preflight(toml_file.read(SAMPLE), lambda: Session(Connection(region="us-east-1", endpoint_url=url, **keys)))
        )
    assert (finding.check, finding.level) == ("account", Level.UNKNOWN)
    assert time.monotonic() - began < 5


def test_a_session_that_cannot_be_made_is_told_and_not_raised(world: World) -> None:
    def refuse() -> Session:
        raise AwsProblem("EngineProblem", "the engine does not start", exit_code=6)

    finding = only(preflight(toml_file.read(SAMPLE), refuse))
    assert (finding.level, "does not start" in finding.text) == (Level.UNKNOWN, True)


def test_wrong_types_in_the_request_break_no_check(world: World) -> None:
    spec = world.spec().with_members(HyperParameters=["odd"], ResourceConfig="odd", InputDataConfig=[{"odd": 1}])
    found = preflight(spec, world.session)
    assert found[0].level is Level.OK


def test_another_run_asks_only_what_changed(world: World) -> None:
    checks = Preflight(world.session)
    checks.run(world.spec())
    world.put("train/second.rec", records([0.0]))
    again = checks.run(world.spec("hyperparameters.num_training_samples=300"))
    names = {each.check for each in again if each.level in WRONG}
    assert names == {"data-samples"}  # the listing is still the one from before


def test_forgetting_asks_everything_anew(world: World) -> None:
    checks = Preflight(world.session)
    checks.run(world.spec())
    world.put("train/second.rec", records([0.0]))
    checks.forget()
    assert [each.check for each in checks.run(world.spec()) if each.level in WRONG] == ["channel-records"]


def test_a_check_that_does_not_answer_in_time_could_not_look(world: World) -> None:
    checks, never = Preflight(world.session, patience=0.2), threading.Event()

    def wait() -> Iterator[Finding]:
        never.wait(5)
        return iter(())

    answers = checks._side_by_side([Check("slow", "", "it", wait), Check("quick", "", "it", list)])
    never.set()
    finding = only(answers)
    assert (finding.check, finding.level) == ("slow", Level.UNKNOWN)


def test_a_check_that_breaks_could_not_look(world: World) -> None:
    def broken() -> list[Finding]:
        raise ZeroDivisionError("oh")

    finding = only(Check("odd", "job.name", "it", broken).findings())
    assert (finding.level, finding.text) == (Level.UNKNOWN, "could not look at it: ZeroDivisionError: oh")


def test_one_question_is_asked_once_by_however_many() -> None:
    memory, asked, answers = Memory(), list[int](), list[int]()
    gate = threading.Event()

    def ask() -> int:
        asked.append(1)
        gate.wait(5)
        return 7

    threads = [threading.Thread(target=lambda: answers.append(memory.get("key", ask))) for _ in range(4)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join(5)
    assert (len(asked), answers) == (1, [7] * 4)


def test_an_answer_is_kept_for_its_time() -> None:
    now = [0.0]
    memory = Memory(lambda: now[0])
    assert memory.get("key", lambda: 1, 10) == 1
    now[0] = 9.0
    assert memory.get("key", lambda: 2, 10) == 1
    now[0] = 10.0
    assert memory.get("key", lambda: 3, 10) == 3


def test_answers_that_are_too_old_are_let_go() -> None:
    now = [0.0]
    memory = Memory(lambda: now[0])
    for key in range(100):
        now[0] = float(key)
        memory.get(key, lambda: 1, 10)
    assert len(memory._slots) <= 11


def test_a_failure_is_not_kept() -> None:
    memory = Memory()

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        memory.get("key", fail)
    assert memory.get("key", lambda: 1) == 1
