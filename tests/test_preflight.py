"""What AWS is asked before a job is sent, against the engine made to be wrong in each way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from birdtui.aws.session import Connection, Session
from birdtui.local.engine_files import Engine
from birdtui.preflight import preflight
from birdtui.recordio import ImageHeader, pack_image, write_records
from birdtui.spec import toml_file
from birdtui.spec.findings import Finding, Level

SAMPLE = Path(__file__).parents[1] / "sample.toml"


def records(count: int, classes: int = 4) -> bytes:
    return write_records(pack_image(ImageHeader((float(n % classes),)), b"\xff\xd8 no image") for n in range(count))


@dataclass
class World:
    """A bucket of the test's own, and the sample's job pointed at it."""

    engine: Engine
    s3: Any
    bucket: str

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def session(self) -> Session:
        keys = {"access_key": self.engine.access_key, "secret_key": self.engine.secret_key}
        return Session(Connection(region="us-east-1", endpoint_url=self.engine.url, **keys))

    def check(self, *overrides: str) -> list[Finding]:
        text = SAMPLE.read_text(encoding="utf-8").replace("birdtui-sample", self.bucket)
        return preflight(toml_file.parse(text, "sample.toml", overrides), self.session)

    def wrong(self, *overrides: str) -> list[Finding]:
        return [each for each in self.check(*overrides) if each.level in {Level.ERROR, Level.WARNING}]


@pytest.fixture
def world(engine: Engine, client: Callable[..., Any], request: pytest.FixtureRequest) -> World:
    bucket = "p-" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    s3 = client("s3")
    s3.create_bucket(Bucket=bucket)
    made = World(engine, s3, bucket)
    made.put("train/t.rec", records(322))
    made.put("validation/v.rec", records(104))
    return made


def only(found: list[Finding]) -> Finding:
    assert len(found) == 1, found
    return found[0]


def test_nothing_is_wrong_with_the_sample(engine: Engine) -> None:
    world = World(engine, None, "birdtui-sample")
    assert {each.level for each in world.check()} == {Level.OK}


def test_account_and_region_are_told(world: World) -> None:
    assert world.check()[0].text == "account 000000000000, region us-east-1"


def test_a_bucket_that_is_not_there_is_told_with_the_nearest_name(world: World) -> None:
    slip = world.bucket[:-2] + world.bucket[-1] + world.bucket[-2]
    found = [each for each in world.check(f"output.s3_uri=s3://{slip}/") if each.check == "bucket"]
    finding = next(each for each in found if each.level is Level.ERROR)
    assert (finding.field, finding.remedy) == ("output.s3_uri", f"did you mean {world.bucket}?")


def test_a_bucket_of_another_region_is_told_with_its_region(world: World) -> None:
    other = world.bucket + "-eu"
    world.s3.create_bucket(Bucket=other, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    finding = only([each for each in world.wrong(f"output.s3_uri=s3://{other}/") if each.check == "bucket"])
    assert (finding.field, finding.level) == ("output.s3_uri", Level.ERROR)
    assert "eu-west-1" in finding.text


def test_an_empty_prefix_is_an_error(world: World) -> None:
    finding = only(world.wrong(f"channels.train.s3_uri=s3://{world.bucket}/nothing/"))
    assert (finding.check, finding.field, finding.level) == ("channel", "channels.train.s3_uri", Level.ERROR)


def test_two_rec_files_in_a_channel_are_an_error(world: World) -> None:
    world.put("train/second.rec", records(2))
    finding = only(world.wrong())
    assert (finding.check, finding.field) == ("channel-records", "channels.train.s3_uri")


def test_a_prefix_without_its_slash_that_matches_two_folders_is_told(world: World) -> None:
    world.put("train_lst/a.lst", b"0\t1\ta.jpg\n")
    found = world.wrong(f"channels.train.s3_uri=s3://{world.bucket}/train")
    assert "channel-prefix" in [each.check for each in found]


@pytest.mark.parametrize(
    ("override", "check", "field", "level", "remedy"),
    [
        (
            "hyperparameters.num_training_samples=300",
            "data-samples",
            "hyperparameters.num_training_samples",
            Level.WARNING,
            "set num_training_samples = 322",
        ),
        (
            "hyperparameters.mini_batch_size=400",
            "data-batch",
            "hyperparameters.mini_batch_size",
            Level.ERROR,
            "322 or less",
        ),
    ],
)
def test_numbers_are_held_against_the_data(
    world: World, override: str, check: str, field: str, level: Level, remedy: str
) -> None:
    finding = only(world.wrong(override))
    assert (finding.check, finding.field, finding.level) == (check, field, level)
    assert remedy in finding.remedy


def test_a_label_beyond_the_classes_is_an_error_in_each_channel(world: World) -> None:
    found = world.wrong("hyperparameters.num_classes=3")
    assert [(each.check, each.level, each.remedy) for each in found] == [
        ("data-labels", Level.ERROR, "set num_classes = 4")
    ] * 2


def test_a_class_without_images_is_a_warning(world: World) -> None:
    found = world.wrong("hyperparameters.num_classes=5")
    assert {(each.check, each.level) for each in found} == {("data-labels", Level.WARNING)}


def test_broken_records_are_an_error(world: World) -> None:
    world.put("train/t.rec", records(5)[:-2])
    finding = only(world.wrong())
    assert finding.check == "channel-data"
    assert "cut short" in finding.text


def test_a_role_that_does_not_trust_sagemaker_is_an_error(world: World, client: Callable[..., Any]) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("iam").create_role(RoleName="not-for-sagemaker", AssumeRolePolicyDocument=trust)
    finding = only(world.wrong("job.role=not-for-sagemaker"))
    assert (finding.check, finding.field) == ("role", "job.role")


def test_the_path_slip_in_a_roles_arn_is_told_with_the_right_arn(world: World, client: Callable[..., Any]) -> None:
    right = next(
        role["Arn"]
        for role in client("iam").list_roles()["Roles"]
        if role["RoleName"].startswith("AmazonSageMaker-ExecutionRole-")
    )
    finding = only(world.wrong(f"job.role={right.replace('/service-role', '')}"))
    assert finding.remedy == f"write {right}"


def test_a_quota_that_is_too_small_is_an_error(world: World) -> None:
    finding = only(world.wrong("resources.instance_count=9"))
    assert (finding.check, finding.field) == ("quota", "resources.instance_type")
    assert "0 are in use" in finding.text or "in use and the job wants 9" in finding.text


def test_without_credentials_one_finding_says_that_nothing_could_be_looked_at(world: World) -> None:
    spec = toml_file.read(SAMPLE)
    finding = only(preflight(spec, lambda: Session(Connection(region="us-east-1"))))
    assert (finding.check, finding.level) == ("account", Level.UNKNOWN)


def test_other_algorithms_data_is_not_held_against_image_classification(world: World) -> None:
    found = world.check("algorithm.name=object-detection", "hyperparameters.num_classes=3")
    assert not [each for each in found if each.check.startswith("data-")]
