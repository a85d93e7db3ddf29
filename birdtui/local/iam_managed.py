"""The AWS managed policies that the embedded engine knows: those an execution role for training is made with.

AmazonSageMakerFullAccess is the part of AWS's document that training meets (jobs, logs, metrics, images, S3). Its S3
statements are kept as they are, for they are the trap: beyond listing, only buckets and objects with `sagemaker` or
`aws-glue` in their names are reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SAGEMAKER_NAMES = [f"arn:aws:s3:::*{name}*" for name in ("SageMaker", "Sagemaker", "sagemaker", "aws-glue")]


def _policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}


SAGEMAKER_FULL_ACCESS = _policy(
    {
        "Action": [
            "sagemaker:*",
            "cloudwatch:GetMetricData",
            "cloudwatch:PutMetricData",
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetAuthorizationToken",
            "ecr:GetDownloadUrlForLayer",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
            "logs:GetLogEvents",
            "logs:PutLogEvents",
        ],
        "Resource": "*",
    },
    {
        "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
        "Resource": _SAGEMAKER_NAMES,
    },
    {
        "Action": ["s3:GetObject"],
        "Resource": "arn:aws:s3:::*",
        "Condition": {"StringEqualsIgnoreCase": {"s3:ExistingObjectTag/SageMaker": "true"}},
    },
    {
        "Action": ["s3:CreateBucket", "s3:GetBucketLocation", "s3:ListBucket", "s3:ListAllMyBuckets"],
        "Resource": "*",
    },
    {
        "Action": ["iam:PassRole"],
        "Resource": "arn:aws:iam::*:role/*AmazonSageMaker*",
        "Condition": {"StringEquals": {"iam:PassedToService": ["sagemaker.amazonaws.com"]}},
    },
)

MANAGED: Mapping[str, Mapping[str, Any]] = {
    "arn:aws:iam::aws:policy/AdministratorAccess": _policy({"Action": "*", "Resource": "*"}),
    "arn:aws:iam::aws:policy/AmazonS3FullAccess": _policy({"Action": ["s3:*"], "Resource": "*"}),
    "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess": _policy({"Action": ["s3:Get*", "s3:List*"], "Resource": "*"}),
    "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess": SAGEMAKER_FULL_ACCESS,
}
"""Policy documents by ARN."""


def execution_policy(bucket: str = "*") -> dict[str, Any]:
    """What the console's AmazonSageMaker-ExecutionPolicy-… allows: a bucket's list and objects, or "Any S3 bucket"."""
    return _policy(
        {"Action": ["s3:ListBucket"], "Resource": [f"arn:aws:s3:::{bucket}"]},
        {"Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "Resource": [f"arn:aws:s3:::{bucket}/*"]},
    )


SAGEMAKER_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
"""The trust policy of an execution role."""
