"""Image URIs from AWS's tables, against the SDK's own answers, and back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.spec import aws_tables
from birdtui.spec.images import UnknownImage, algorithms, domain, image_uri, recognise, regions, versions

FIRST_PARTY = (
    "blazingtext",
    "factorization-machines",
    "forecasting-deepar",
    "image-classification",
    "ipinsights",
    "kmeans",
    "knn",
    "lda",
    "linear-learner",
    "ntm",
    "object-detection",
    "object2vec",
    "pca",
    "randomcutforest",
    "semantic-segmentation",
    "seq2seq",
    "xgboost",
)


def test_the_built_in_algorithms_are_those_of_the_guide() -> None:
    assert algorithms() == FIRST_PARTY


@pytest.fixture(scope="module")
def retrieve() -> Iterator[Callable[..., str]]:
    """The SDK's own answers; its list of endpoints is read once and not for each of a thousand questions."""
    from sagemaker.core import common_utils, image_uris

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common_utils, "_botocore_resolver", cache(common_utils._botocore_resolver))
        yield image_uris.retrieve


@pytest.mark.parametrize("algorithm", FIRST_PARTY)
def test_every_uri_is_the_sdks_own(algorithm: str, retrieve: Callable[..., str]) -> None:
    for version in versions(algorithm):
        for region in regions(algorithm, version):
            assert image_uri(algorithm, region, version) == retrieve(algorithm, region, version=version)


@pytest.mark.parametrize("algorithm", FIRST_PARTY)
def test_without_a_version_the_uri_is_the_sdks_own_for_training(algorithm: str, retrieve: Callable[..., str]) -> None:
    expected = retrieve(algorithm, "eu-west-1", image_scope="training")

    assert image_uri(algorithm, "eu-west-1") == expected


@pytest.mark.parametrize(
    ("region", "uri"),
    [
        ("us-east-1", "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"),
        ("eu-west-1", "685385470294.dkr.ecr.eu-west-1.amazonaws.com/image-classification:1"),
        ("cn-north-1", "390948362332.dkr.ecr.cn-north-1.amazonaws.com.cn/image-classification:1"),
        ("us-gov-west-1", "226302683700.dkr.ecr.us-gov-west-1.amazonaws.com/image-classification:1"),
        ("us-iso-east-1", "490574956308.dkr.ecr.us-iso-east-1.c2s.ic.gov/image-classification:1"),
    ],
)
def test_the_domain_follows_the_partition(region: str, uri: str) -> None:
    assert image_uri("image-classification", region) == uri


def test_with_one_known_version_any_version_means_that_one() -> None:
    assert image_uri("image-classification", "us-east-1", "latest").endswith(":1")


def test_xgboost_has_versions_with_and_without_a_processor_in_the_tag() -> None:
    assert image_uri("xgboost", "us-east-1", "1.0-1").endswith("/sagemaker-xgboost:1.0-1-cpu-py3")
    assert image_uri("xgboost", "us-east-1", "1.7-1").endswith("/sagemaker-xgboost:1.7-1")
    assert image_uri("xgboost", "us-east-1", "1").endswith("/xgboost:1")


def test_an_unknown_algorithm_names_the_nearest() -> None:
    with pytest.raises(UnknownImage, match='did you mean "image-classification"') as caught:
        image_uri("image_classifcation", "us-east-1")

    assert caught.value.suggestion == "image-classification"


def test_a_framework_is_no_built_in_algorithm() -> None:
    with pytest.raises(UnknownImage, match="no built-in algorithm"):
        image_uri("pytorch", "us-east-1")


def test_an_unknown_region_says_which_there_are() -> None:
    with pytest.raises(UnknownImage, match=r'"us-east-3".*us-east-1') as caught:
        image_uri("image-classification", "us-east-3")

    assert caught.value.suggestion in regions("image-classification")


def test_an_unknown_version_says_which_there_are() -> None:
    with pytest.raises(UnknownImage, match=r'"9\.9".*1\.7-1'):
        image_uri("xgboost", "us-east-1", "9.9")


@pytest.mark.parametrize("algorithm", FIRST_PARTY)
def test_every_uri_is_recognised(algorithm: str) -> None:
    for version in versions(algorithm):
        for region in regions(algorithm, version):
            found = recognise(image_uri(algorithm, region, version))

            assert found is not None
            assert (found.algorithm, found.region, found.misplaced) == (algorithm, region, False)


DIGEST = "sha256:" + "0f" * 32
BUILT_IN = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification"


@pytest.mark.parametrize(
    ("uri", "tag", "digest"),
    [
        (BUILT_IN, None, None),
        (f"{BUILT_IN}:1", "1", None),
        (f"{BUILT_IN}:latest", "latest", None),
        (f"{BUILT_IN}@{DIGEST}", None, DIGEST),
        (f"{BUILT_IN}:1@{DIGEST}", "1", DIGEST),
        (BUILT_IN.replace(".ecr.", ".ecr-fips.") + ":1", "1", None),
    ],
)
def test_tag_and_digest_are_told_apart(uri: str, tag: str | None, digest: str | None) -> None:
    found = recognise(uri)

    assert found is not None
    assert (found.algorithm, found.tag, found.digest) == ("image-classification", tag, digest)


@pytest.mark.parametrize(
    "uri",
    [
        "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification-mine:1",
        "811284229777.dkr.ecr.us-east-1.amazonaws.com/team/image-classification:1",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.3.0-gpu-py311",
    ],
)
def test_neither_account_nor_repository_alone_makes_a_built_in_image(uri: str) -> None:
    found = recognise(uri)

    assert found is not None
    assert found.algorithm is None


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "image-classification",
        "image-classification:1",
        "public.ecr.aws/image-classification:1",
        "docker.io/library/python:3.11",
        "localhost:5000/image-classification:1",
        "811284229777.dkr.ecr.us-east-1.amazonaws.com",
        "811284229777.dkr.ecr.us-east-1.amazonaws.com/",
        "https://811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
        "81128422977.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
    ],
)
def test_what_is_no_ecr_image_is_none(uri: str) -> None:
    assert recognise(uri) is None


def test_an_account_of_another_region_is_told() -> None:
    found = recognise("811284229777.dkr.ecr.eu-west-1.amazonaws.com/image-classification:1")

    assert found is not None
    assert found.algorithm == "image-classification"
    assert found.misplaced


def test_a_new_region_has_the_domain_of_its_partition() -> None:
    assert domain("cn-south-9") == "amazonaws.com.cn"
    assert domain("mx-central-9") == "amazonaws.com"


def test_the_tables_are_also_found_by_the_packages_list_of_files() -> None:
    assert aws_tables._folder_by_metadata() == aws_tables.table_folder()


@given(st.text(max_size=80))
def test_any_text_can_be_asked_about(text: str) -> None:
    recognise(text)
    recognise(f"811284229777.dkr.ecr.us-east-1.amazonaws.com/{text}")


def test_neither_the_sdk_nor_botocore_is_imported() -> None:
    code = (
        "import sys, birdtui.spec.images as m; m.image_uri('xgboost', 'us-east-1'); m.recognise('x');"
        "print([n for n in ('boto3', 'botocore', 'sagemaker') if n in sys.modules])"
    )

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert answer.stdout.strip() == "[]"
