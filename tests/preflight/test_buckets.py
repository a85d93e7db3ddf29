"""Each bucket of a job: exists, yours, in the region."""

from __future__ import annotations

import pytest

from birdtui.aws.buckets import Bucket, BucketState
from birdtui.preflight import preflight
from birdtui.preflight.account import Account
from birdtui.spec.findings import Level
from tests.preflight.conftest import World, only, policy


def test_a_bucket_that_is_not_there_is_told_with_the_nearest_name(world: World) -> None:
    slip = world.bucket[:-2] + world.bucket[-1] + world.bucket[-2] + "x"
    finding = only(world.wrong(f"output.s3_uri=s3://{slip}/"))
    assert (finding.check, finding.level, finding.field) == ("bucket", Level.ERROR, "output.s3_uri")
    assert (finding.text, finding.remedy) == (f"there is no bucket called {slip}", f"did you mean {world.bucket}?")
    assert finding.suggestion.startswith(f"s3://{world.bucket}/")


def test_a_bucket_like_no_other_is_told_without_a_guess(world: World) -> None:
    finding = only(world.wrong("output.s3_uri=s3://quite.something-else-altogether/"))
    assert "did you mean" not in finding.remedy


def test_a_missing_bucket_of_a_channel_is_one_error_and_not_three(world: World) -> None:
    finding = only(world.wrong(f"channels.train.s3_uri=s3://{world.bucket}x/train/"))
    assert (finding.check, finding.field) == ("bucket", "channels.train.s3_uri")


def test_a_bucket_of_another_region_is_told_with_its_region(world: World) -> None:
    other = world.bucket + "-eu"
    world.s3.create_bucket(Bucket=other, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for field in ("output.s3_uri", "channels.validation.s3_uri"):
        wrong = world.wrong(f"{field}=s3://{other}/")
        finding = only(each for each in wrong if each.check == "bucket")
        assert (finding.field, finding.level) == (field, Level.ERROR)
        assert f"{other} is in eu-west-1, the job would run in us-east-1" in finding.text
        assert "--region eu-west-1" in finding.remedy


def test_a_bucket_that_may_not_be_looked_into_is_a_warning(world: World) -> None:
    rights = {"Action": ["iam:*", "sagemaker:*", "logs:*", "servicequotas:*", "s3:ListAllMyBuckets"], "Resource": "*"}
    found = preflight(world.spec(), world.become(policy(rights)))
    finding = only(each for each in found if each.check == "bucket")
    assert finding.level is Level.WARNING
    assert "403" in finding.text
    assert finding.remedy == "ask for s3:ListBucket on it"


def test_what_may_not_be_listed_could_not_be_looked_at(world: World) -> None:
    rights = {"Action": ["iam:*", "s3:ListAllMyBuckets"], "Resource": "*"}
    found = preflight(world.spec(), world.become(policy(rights)))
    finding = only(each for each in found if each.check == "channel" and "train" in each.field)
    assert (finding.level, "s3:ListBucket" in finding.text) == (Level.UNKNOWN, True)


def test_the_checkpoints_bucket_is_looked_at_too(world: World) -> None:
    finding = only(world.wrong(f"checkpoints.s3_uri=s3://{world.bucket}-none/x/"))
    assert (finding.check, finding.field) == ("bucket", "checkpoints.s3_uri")


def test_checkpoints_that_lie_there_are_a_note(world: World) -> None:
    world.put("checkpoints/one.params", b"x")
    finding = world.found("checkpoints", f"checkpoints.s3_uri=s3://{world.bucket}/checkpoints/")
    assert (finding.level, finding.field) == (Level.NOTE, "checkpoints.s3_uri")
    assert "1 object" in finding.text


@pytest.mark.parametrize("state", [BucketState.OTHERS, BucketState.FORBIDDEN, BucketState.ELSEWHERE])
def test_each_answer_of_s3_has_its_own_words(world: World, state: BucketState, monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"OTHERS": "belongs to another account", "FORBIDDEN": "another account's or", "ELSEWHERE": "another region"}
    monkeypatch.setattr(Account, "bucket", lambda _self, _name: Bucket(state))
    finding = only(each for each in world.check() if each.check == "bucket")
    assert words[state.name] in finding.text
