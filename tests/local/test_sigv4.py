from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from birdtui.local import sigv4
from birdtui.local.refusals import Refusal, Refused
from birdtui.local.sigv4 import Authorization, SignedRequest

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = datetime.now(UTC).replace(microsecond=0)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def signed(auth: Any, url: str, *, body: bytes = b"", headers: dict[str, str] | None = None) -> SignedRequest:
    """A request as botocore signs and sends it."""
    request = AWSRequest(method="PUT", url=url, data=body, headers={"Host": urlsplit(url).netloc} | (headers or {}))
    auth.add_auth(request)
    parts = urlsplit(request.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return SignedRequest("PUT", target, {name.lower(): value for name, value in request.headers.items()})


def check(request: SignedRequest, payload_hash: str, secret: str = SECRET) -> Authorization:
    found = sigv4.read_authorization(request)
    assert found is not None
    sigv4.check_time(found, datetime.now(UTC))
    sigv4.check_signed_headers(found, request)
    key = sigv4.signing_key(secret, found.date, found.region, found.service)
    sigv4.check_signature(found, request, payload_hash, key)
    return found


def credentials() -> Credentials:
    return Credentials("AKIDEXAMPLE", SECRET)


def reason(call: Any, *arguments: Any) -> Refusal:
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.reason


def test_the_example_of_the_aws_documentation() -> None:
    """IAM ListUsers of 20150830, from "Signature Version 4 signing process"."""
    request = SignedRequest(
        "GET",
        "/?Action=ListUsers&Version=2010-05-08",
        {
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            "host": "iam.amazonaws.com",
            "x-amz-date": "20150830T123600Z",
            "authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        },
    )
    found = sigv4.read_authorization(request)
    assert found is not None
    key = sigv4.signing_key(SECRET, found.date, found.region, found.service)
    sigv4.check_signature(found, request, sigv4.EMPTY_SHA256, key)


@given(TEXT, TEXT, st.binary(max_size=20))
def test_what_botocore_signs_for_a_json_service_is_accepted(name: str, value: str, body: bytes) -> None:
    from urllib.parse import quote

    url = f"http://127.0.0.1:4000/?{quote(name, safe='')}={quote(value, safe='')}"
    request = signed(SigV4Auth(credentials(), "sagemaker", "us-east-1"), url, body=body)
    check(request, hashlib.sha256(body).hexdigest())


@given(TEXT, st.binary(max_size=20))
def test_what_botocore_signs_for_s3_is_accepted(key: str, body: bytes) -> None:
    from botocore.utils import percent_encode

    url = f"http://127.0.0.1:4000/bucket/{percent_encode(key, safe='/~')}"
    request = signed(S3SigV4Auth(credentials(), "s3", "us-east-1"), url, body=body)
    check(request, hashlib.sha256(body).hexdigest())


def test_another_secret_is_refused() -> None:
    request = signed(SigV4Auth(credentials(), "logs", "us-east-1"), "http://h/")
    assert reason(check, request, sigv4.EMPTY_SHA256, "other") is Refusal.SIGNATURE


def test_another_body_is_refused() -> None:
    request = signed(SigV4Auth(credentials(), "logs", "us-east-1"), "http://h/", body=b"one")
    assert reason(check, request, hashlib.sha256(b"two").hexdigest()) is Refusal.SIGNATURE


def test_a_signed_header_that_was_changed_is_refused() -> None:
    auth = SigV4Auth(credentials(), "logs", "us-east-1")
    request = signed(auth, "http://h/", headers={"X-Amz-Target": "Logs.GetLogEvents"})
    changed = SignedRequest("PUT", "/", {**request.headers, "x-amz-target": "Logs.DeleteLogGroup"})
    assert reason(check, changed, sigv4.EMPTY_SHA256) is Refusal.SIGNATURE


def test_an_amz_header_that_was_not_signed_is_refused_on_s3() -> None:
    request = signed(S3SigV4Auth(credentials(), "s3", "us-east-1"), "http://h/b/k")
    added = SignedRequest("PUT", request.target, {**request.headers, "x-amz-copy-source": "/other/secret"})
    assert reason(check, added, sigv4.EMPTY_SHA256) is Refusal.UNSIGNED_HEADERS


@pytest.mark.parametrize(
    ("path", "service", "canonical"),
    [
        ("", "logs", "/"),
        ("/", "logs", "/"),
        ("//a//b/", "logs", "/a/b/"),
        ("/a/./b/../c", "logs", "/a/c"),
        ("/a%20b", "logs", "/a%2520b"),
        ("/a%20b", "s3", "/a%20b"),
        ("/b//k/../x", "s3", "/b//k/../x"),
        ("/b/~*'", "s3", "/b/~%2A%27"),
    ],
)
def test_paths_are_made_canonical_as_aws_does(path: str, service: str, canonical: str) -> None:
    assert sigv4.canonical_path(path, service) == canonical


def test_queries_are_sorted_by_encoded_name_then_value() -> None:
    query = sigv4.parse_query("b=2&a=z&a=A&empty&c=%2B+&X-Amz-Signature=0")
    assert sigv4.canonical_query(query) == "a=A&a=z&b=2&c=%2B%20&empty="


def moment(offset: timedelta, expires: int | None = None) -> Authorization:
    stamp = (NOW + offset).strftime(sigv4.TIME_FORMAT)
    return Authorization("A", stamp[:8], "us-east-1", "logs", stamp, ("host",), "s", None, expires)


@pytest.mark.parametrize("minutes", [-14, 0, 14])
def test_a_clock_that_is_nearly_right_is_accepted(minutes: int) -> None:
    sigv4.check_time(moment(timedelta(minutes=minutes)), NOW)


@pytest.mark.parametrize(
    ("minutes", "words"), [(-16, "Signature expired: {0} is now earlier than"), (16, "Signature not yet current: {0}")]
)
def test_a_clock_that_is_wrong_is_refused_with_the_times(minutes: int, words: str) -> None:
    authorization = moment(timedelta(minutes=minutes))
    with pytest.raises(Refused) as caught:
        sigv4.check_time(authorization, NOW)
    assert caught.value.reason is Refusal.SKEWED
    assert caught.value.text.startswith(words.format(authorization.timestamp))


def test_the_scopes_day_must_be_the_signatures() -> None:
    authorization = Authorization("A", "20200101", "r", "s", moment(timedelta()).timestamp, ("host",), "s")
    assert reason(sigv4.check_time, authorization, NOW) is Refusal.SIGNATURE


def test_a_presigned_url_holds_for_its_seconds() -> None:
    sigv4.check_time(moment(timedelta(seconds=-3000), expires=3600), NOW)
    assert reason(sigv4.check_time, moment(timedelta(seconds=-3700), expires=3600), NOW) is Refusal.EXPIRED


def test_what_botocore_presigns_is_accepted() -> None:
    request = signed(S3SigV4QueryAuth(credentials(), "s3", "us-east-1", expires=60), "http://h/b/a%20b?versionId=1")
    assert check(request, sigv4.UNSIGNED).expires == 60


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("AWS AKID:signature", Refusal.WRONG_MECHANISM),
        ("Bearer token", Refusal.WRONG_MECHANISM),
        ("AWS4-HMAC-SHA256 Credential=a/20200101/r/s/aws4_request", Refusal.MALFORMED),
        ("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0", Refusal.MALFORMED),
        ("AWS4-HMAC-SHA256 Credential=a/20200101/r/s/aws5_request, SignedHeaders=host, Signature=0", Refusal.MALFORMED),
    ],
)
def test_a_header_that_cannot_be_read_is_refused(header: str, expected: Refusal) -> None:
    request = SignedRequest("GET", "/", {"authorization": header, "x-amz-date": "20200101T000000Z"})
    assert reason(sigv4.read_authorization, request) is expected


@given(st.text(max_size=60))
def test_no_header_makes_it_fail_otherwise(header: str) -> None:
    request = SignedRequest("GET", "/", {"authorization": f"{sigv4.ALGORITHM} {header}", "x-amz-date": "yesterday"})
    assert reason(sigv4.read_authorization, request) in (Refusal.MALFORMED, Refusal.WRONG_MECHANISM)


def test_a_request_without_a_signature_has_none() -> None:
    assert sigv4.read_authorization(SignedRequest("GET", "/?prefix=a", {"host": "h"})) is None
