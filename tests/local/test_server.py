from __future__ import annotations

import hashlib
import http.client
import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest
from botocore.exceptions import ClientError

from birdtui.local.sigv4 import Keys


class Door(Protocol):
    url: str
    port: int
    keys: Any
    s3: Any
    iam: Any
    clock: datetime | None


Connect = Callable[..., Any]


@pytest.fixture
def connect(door: Door, client: Callable[..., Any]) -> Connect:
    """Clients of the door; with other keys where a test gives them."""

    class Target:
        url = door.url
        access_key, secret_key = door.keys.access_key, door.keys.secret_key

    def make(service: str, access_key: str | None = None, secret_key: str | None = None, **config: Any) -> Any:
        target = Target()
        target.access_key = access_key or target.access_key
        target.secret_key = secret_key or target.secret_key
        return client(service, target, **config)

    return make


@pytest.fixture
def raw(door: Door) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection("127.0.0.1", door.port, timeout=5)) as connection:
        yield connection


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    status: int = response["ResponseMetadata"]["HTTPStatusCode"]
    return response["Error"]["Code"], response["Error"]["Message"], status


def test_a_json_service_answers(connect: Connect) -> None:
    answer = connect("service-quotas").list_service_quotas(ServiceCode="sagemaker", MaxResults=1)
    assert len(answer["Quotas"]) == 1
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]


def test_a_query_service_answers(connect: Connect) -> None:
    answer = connect("sts").get_caller_identity()
    assert answer["Account"] == "000000000000"
    assert answer["Arn"] == "arn:aws:iam::000000000000:user/birdtui"


def test_json_services_refuse_an_unknown_key(connect: Connect) -> None:
    client = connect("service-quotas", access_key="AKIASOMEBODYELSE0000")
    assert refusal(client.list_services) == (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
        400,
    )


def test_json_services_refuse_a_wrong_signature(connect: Connect) -> None:
    code, text, status = refusal(connect("service-quotas", secret_key="wrong").list_services)
    assert (code, status) == ("InvalidSignatureException", 400)
    assert text.startswith("The request signature we calculated does not match the signature you provided.")


def test_query_services_refuse_an_unknown_key(connect: Connect) -> None:
    client = connect("sts", access_key="AKIASOMEBODYELSE0000")
    assert refusal(client.get_caller_identity)[::2] == ("InvalidClientTokenId", 403)


def test_query_services_refuse_a_wrong_signature(connect: Connect) -> None:
    assert refusal(connect("iam", secret_key="wrong").list_roles)[::2] == ("SignatureDoesNotMatch", 403)


def test_s3_refuses_an_unknown_key(connect: Connect) -> None:
    client = connect("s3", access_key="AKIASOMEBODYELSE0000")
    assert refusal(client.list_buckets) == (
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        403,
    )


def test_s3_refuses_a_wrong_signature(connect: Connect) -> None:
    assert refusal(connect("s3", secret_key="wrong").list_buckets)[::2] == ("SignatureDoesNotMatch", 403)


def test_s3_refuses_a_request_without_a_signature(raw: http.client.HTTPConnection, door: Door) -> None:
    raw.request("GET", "/bucket/key")
    answer = raw.getresponse()
    assert answer.status == 403
    assert b"<Code>AccessDenied</Code>" in answer.read()
    assert door.s3.requests == []


def test_json_refuses_a_request_without_a_signature(raw: http.client.HTTPConnection) -> None:
    raw.request("POST", "/", b"{}", {"X-Amz-Target": "SageMaker.ListTrainingJobs"})
    answer = raw.getresponse()
    assert answer.status == 400
    assert b"MissingAuthenticationTokenException" in answer.read()


def test_a_session_token_with_the_users_key_is_refused(connect: Connect, door: Door) -> None:
    import boto3

    client = boto3.client(
        "sts",
        endpoint_url=door.url,
        region_name="us-east-1",
        aws_access_key_id=door.keys.access_key,
        aws_secret_access_key=door.keys.secret_key,
        aws_session_token="left over from another account",
    )
    assert refusal(client.get_caller_identity)[0] == "InvalidClientTokenId"


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("kms", "list_keys"),
        ("ec2", "describe_instances"),
        ("pricing", "describe_services"),
        ("cloudwatch", "list_metrics"),
        ("ecr", "describe_repositories"),
        ("sns", "list_topics"),
        ("lambda", "list_functions"),
        ("sagemaker", "list_endpoints"),
        ("iam", "list_groups"),
    ],
)
def test_what_the_engine_has_not_is_said_clearly(connect: Connect, service: str, operation: str) -> None:
    _, text, status = refusal(getattr(connect(service), operation))
    assert "is not part of the local engine" in text
    assert 400 <= status < 500


def test_a_refusal_keeps_its_code_and_words(connect: Connect) -> None:
    call = connect("sagemaker").create_training_job
    found = refusal(
        call,
        TrainingJobName="birds",
        RoleArn="arn:aws:iam::000000000000:role/birds",
        OutputDataConfig={"S3OutputPath": "s3://birds/"},
    )
    assert found == ("ResourceInUse", "That name is taken.", 400)


def test_validation_errors_come_in_sagemakers_words(connect: Connect) -> None:
    code, text, _ = refusal(connect("sagemaker").stop_training_job, TrainingJobName="no_underscore")
    assert code == "ValidationException"
    assert text.startswith("1 validation error detected: Value 'no_underscore' at 'trainingJobName' failed")


def test_cloudwatch_logs_calls_them_invalid_parameters(connect: Connect) -> None:
    call = connect("logs").get_log_events
    assert refusal(call, logGroupName="*", logStreamName="s")[0] == "InvalidParameterException"


def test_iam_calls_them_validation_errors(connect: Connect) -> None:
    assert refusal(connect("iam").get_role, RoleName="no spaces")[0] == "ValidationError"


def test_a_fault_of_the_engine_is_told_once_and_logged(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="birdtui.local"):
        code, text, status = refusal(connect("sagemaker").stop_training_job, TrainingJobName="birds")
    assert (code, status) == ("InternalFailure", 400)
    assert "RuntimeError" in text
    assert "a fault of the engine's own" in caplog.text


def test_an_upload_does_not_wait_for_expect_100(connect: Connect, door: Door) -> None:
    client = connect("s3")
    began = time.perf_counter()
    client.put_object(Bucket="b", Key="k", Body=b"x" * 300_000)
    assert time.perf_counter() - began < 0.8
    assert door.s3.bodies == [b"x" * 300_000]


@pytest.mark.parametrize("key", ["a b+c", "ü/é", "a//b", "./a/../b", "100%", "a=b&c?d#e", "tilde~*'()", "%41"])
def test_keys_arrive_as_they_are(connect: Connect, door: Door, key: str) -> None:
    connect("s3").put_object(Bucket="b", Key=key, Body=b"")
    assert door.s3.requests[0].path == f"/b/{key}"


def test_query_values_arrive_decoded(connect: Connect, door: Door) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - the echo is no list; only the request matters
        connect("s3").list_objects_v2(Bucket="b", Prefix="a b/ü+", Delimiter="/")
    assert door.s3.requests[0].query["prefix"] == ["a b/ü+"]


def test_a_body_of_pieces_is_streamed(connect: Connect) -> None:
    assert connect("s3").get_object(Bucket="b", Key="k")["Body"].read() == b"abcdef"


@pytest.mark.parametrize("version", ["s3v4", None], ids=["v4", "boto3's default"])
def test_a_presigned_url_opens(connect: Connect, raw: http.client.HTTPConnection, version: str | None) -> None:
    client = connect("s3", **({"signature_version": version} if version else {}))
    url = client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "a b"}, ExpiresIn=60)
    raw.request("GET", url.partition(str(raw.port))[2])
    assert raw.getresponse().read() == b"abcdef"


@pytest.mark.parametrize("version", ["s3v4", None], ids=["v4", "boto3's default"])
def test_a_presigned_url_of_another_key_of_the_bucket_does_not(
    connect: Connect, raw: http.client.HTTPConnection, version: str | None
) -> None:
    client = connect("s3", **({"signature_version": version} if version else {}))
    url = client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "mine"}, ExpiresIn=60)
    raw.request("GET", url.partition(str(raw.port))[2].replace("mine", "yours"))
    answer = raw.getresponse()
    assert answer.status == 403
    assert b"SignatureDoesNotMatch" in answer.read()


def test_a_connection_is_kept_after_a_refusal(raw: http.client.HTTPConnection) -> None:
    for _ in range(2):
        raw.request("PUT", "/b/k", b"unread" * 1000)
        answer = raw.getresponse()
        assert answer.status == 403
        answer.read()
    assert raw.sock is not None


def test_a_length_that_is_no_number_is_refused(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.port), timeout=5) as connection:
        connection.sendall(b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_it_listens_on_loopback_alone(door: Door) -> None:
    import ipaddress

    address = door.url.removeprefix("http://").partition(":")[0]
    assert ipaddress.ip_address(address).is_loopback
    with socket.socket() as other:
        other.settimeout(1)
        # Another address of this machine's loopback network is not answered.
        assert other.connect_ex(("127.0.0.2", door.port)) != 0


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("service-quotas", "list_services", "InvalidSignatureException"),
        ("iam", "list_roles", "SignatureDoesNotMatch"),
        ("s3", "list_buckets", "RequestTimeTooSkewed"),
    ],
)
def test_a_clock_that_is_wrong_is_refused(
    connect: Connect, door: Door, service: str, operation: str, code: str
) -> None:
    door.clock = datetime.now(UTC) + timedelta(minutes=16)
    assert refusal(getattr(connect(service), operation))[0] == code


def test_a_presigned_identity_opens(connect: Connect, raw: http.client.HTTPConnection) -> None:
    url = connect("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    raw.request("GET", url.partition(str(raw.port))[2])
    assert b":user/birdtui</Arn>" in raw.getresponse().read()


def upload_in_chunks(door: Door, raw: http.client.HTTPConnection, chunks: list[bytes], declared: str) -> int:
    """Uploads as SDKs do that frame a body by `aws-chunked`, signing each chunk where that is declared."""
    from birdtui.local import sigv4
    from birdtui.local.bodies import ChunkSigner

    stamp = datetime.now(UTC).strftime(sigv4.TIME_FORMAT)
    headers = {
        "host": f"127.0.0.1:{door.port}",
        "x-amz-date": stamp,
        "x-amz-content-sha256": declared,
        "x-amz-decoded-content-length": str(sum(map(len, chunks))),
        "content-encoding": "gzip,aws-chunked",
    }
    authorization = sigv4.Authorization(
        door.keys.access_key, stamp[:8], "us-east-1", "s3", stamp, tuple(headers), signature=""
    )
    key = sigv4.signing_key(door.keys.secret_key, stamp[:8], "us-east-1", "s3")
    text = sigv4.string_to_sign(authorization, sigv4.SignedRequest("PUT", "/b/k", headers), declared)
    seed = previous = sigv4.sign(key, text)
    signer = ChunkSigner(key, stamp, authorization.scope, seed)
    body = b""
    for chunk in [*chunks, b""]:
        previous = signer.chunk(previous, hashlib.sha256(chunk).hexdigest())
        head = f"{len(chunk):x}" + ("" if "UNSIGNED" in declared else f";chunk-signature={previous}")
        body += head.encode() + b"\r\n" + chunk + b"\r\n"
    credential = f"{door.keys.access_key}/{authorization.scope}"
    signed = ";".join(authorization.signed_headers)
    headers["authorization"] = f"{sigv4.ALGORITHM} Credential={credential}, SignedHeaders={signed}, Signature={seed}"
    raw.request("PUT", "/b/k", body, headers)
    answer = raw.getresponse()
    answer.read()
    return answer.status


@pytest.mark.parametrize("declared", ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_a_framed_upload_arrives_unframed(door: Door, raw: http.client.HTTPConnection, declared: str) -> None:
    assert upload_in_chunks(door, raw, [b"a" * 70_000, b"end"], declared) == 200
    assert door.s3.bodies == [b"a" * 70_000 + b"end"]
    request = door.s3.requests[0]
    assert request.headers["content-length"] == "70003"
    assert request.headers["content-encoding"] == "gzip"


def test_a_framed_upload_with_a_wrong_chunk_signature_is_refused(door: Door, raw: http.client.HTTPConnection) -> None:
    door.keys = Keys(door.keys.access_key, "another secret")
    assert upload_in_chunks(door, raw, [b"abc"], "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") == 403
    assert door.s3.bodies == []


def test_closing_ends_open_connections(store: Any) -> None:
    import threading

    from birdtui.local import iam
    from birdtui.local.gateway import Gateway, Routes
    from birdtui.local.server import EngineServer

    class Nothing:
        def handle(self, request: Any, /) -> Any:
            raise AssertionError

    server = EngineServer(Gateway(Routes(iam.IamService(store), {}, {}, Nothing()), Keys("a", "b")))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)) as connection:
        connection.request("GET", "/")
        connection.getresponse().read()
        assert connection.sock is not None
        server.close()
        thread.join()
        assert connection.sock.recv(1) == b""
