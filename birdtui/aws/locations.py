"""S3 locations completed from the buckets and prefixes that exist."""

from __future__ import annotations

from birdtui.aws.errors import translated
from birdtui.aws.session import Session

MOST = 200


def complete(session: Session, typed: str) -> list[str]:
    """What `typed` may go on to: buckets, then folders and objects, as s3:// URIs. Raises AwsProblem."""
    text = typed.removeprefix("s3://")
    client = session.client("s3")
    bucket, slash, key = text.partition("/")
    with translated():
        if not slash:
            found = client.list_buckets()["Buckets"]
            return [f"s3://{each['Name']}/" for each in found if each["Name"].startswith(bucket)][:MOST]
        answer = client.list_objects_v2(Bucket=bucket, Prefix=key, Delimiter="/", MaxKeys=MOST)
    folders = [f"s3://{bucket}/{each['Prefix']}" for each in answer.get("CommonPrefixes", [])]
    objects = [f"s3://{bucket}/{each['Key']}" for each in answer.get("Contents", [])]
    here = [f"s3://{bucket}/{key}"] if key.endswith("/") or not key else []
    return list(dict.fromkeys([*here, *folders, *objects]))
