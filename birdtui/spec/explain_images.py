"""Why a training image cannot be used: not found, not allowed, not subscribed to, without a program to start."""

from __future__ import annotations

import re

from birdtui.spec.explain_text import Case, Context, Explanation, case, explained

_IMAGE = "algorithm.image"
_LETTERS = "Check the image's account, region, repository and tag, letter by letter."
_PULL = 'Allow "ecr:BatchGetImage" and "ecr:GetDownloadUrlForLayer" on the repository for the role.'


def _missing(found: re.Match[str], context: Context) -> Explanation:
    image, account = found["image"] or found["asked"] or found["repository"], found["account"]
    written = context.member("AlgorithmSpecification", "TrainingImage")
    name = (image or (written if isinstance(written, str) else "")).rstrip(".,")
    where = f" in the registry of account {account}" if account else ""
    called = f"no image {name}{where}" if name else "no such image"
    return explained(
        f"There is {called}, or the role may not read it.",
        (_IMAGE, _LETTERS),
        ("job.role", _PULL),
    )


def _denied(found: re.Match[str], _context: Context) -> Explanation:
    repository, account = found["repository"].rstrip(".,"), found["account"]
    return explained(
        f"The role may not read the repository {repository}{f' of account {account}' if account else ''}.",
        (_IMAGE, _LETTERS),
        ("job.role", _PULL),
        ("", "Where the repository is another account's, its own policy must allow this one, too."),
    )


def _private(_found: re.Match[str], context: Context) -> Explanation:
    return explained(
        "The image does not lie in Amazon ECR, and the job does not say how a private registry is reached.",
        (_IMAGE, "Check it: an image in ECR begins with <account>.dkr.ecr.<region>.amazonaws.com/."),
        (
            context.field("AlgorithmSpecification", "TrainingImageConfig", "TrainingRepositoryAccessMode"),
            'Or, for a private registry, set it to "Vpc"; network.subnets and network.security_groups are needed, too.',
        ),
    )


def _malformed(_found: re.Match[str], context: Context) -> Explanation:
    written = context.member("AlgorithmSpecification", "TrainingImage")
    called = f' "{written}"' if isinstance(written, str) and written else ""
    return explained(
        f"The service does not take the training image{called} for a path in Amazon ECR.",
        (_IMAGE, "Write <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>, without blanks at its ends."),
    )


def _other_region(found: re.Match[str], _context: Context) -> Explanation:
    there, here = found["there"], found["here"]
    return explained(
        f"The training image lies in {there}, and the job runs in {here}.",
        (_IMAGE, f"Use an image of {here}: AWS's own have another account there, too."),
        ("", f"Or run the job where the image lies: --region {there}; the data must lie there, too."),
    )


def _unsubscribed(_found: re.Match[str], context: Context) -> Explanation:
    own = context.member("AlgorithmSpecification", "AlgorithmName")
    called = f" {own}" if isinstance(own, str) and own else ""
    return explained(
        f"The account is not subscribed to the algorithm{called} in AWS Marketplace.",
        (
            context.field("AlgorithmSpecification", "AlgorithmName" if own else "TrainingImage"),
            "Subscribe to it in AWS Marketplace (a free one, too), then submit again; or use another algorithm.",
        ),
    )


def _no_program(found: re.Match[str], context: Context) -> Explanation:
    program = found["program"]
    return explained(
        f'The image has no program "{program}" that could be started.',
        (
            context.field("AlgorithmSpecification", "ContainerEntrypoint"),
            "Name a program that the image has, with its whole path.",
        ),
        (_IMAGE, 'Or put an executable "train" on the image\'s PATH: without an entrypoint SageMaker starts that.'),
    )


IMAGE_REFUSALS: tuple[Case, ...] = (
    case(
        r"(?:requested image:? ?['\"]?(?P<image>[^\s'\"]+)['\"]? (?:was )?not found"
        r"|cannot find (?:the )?requested image:?(?: ['\"]?(?P<asked>[^\s'\"]+))?"
        r"|cannot find repository:? ?['\"]?(?P<repository>[^\s'\"]+)['\"]? in registry id:? ?(?P<account>\d+))",
        _missing,
    ),
    case(
        r"access denied for repository:? ?['\"]?(?P<repository>[^\s'\"]+)['\"]?"
        r"(?: in registry id:? ?(?P<account>\d+))?",
        _denied,
    ),
    case(r"trainingrepositoryaccessmode.{0,80}private docker registry", _private),
    case(
        r"for region '(?P<there>[a-z0-9-]+)' in training image"
        r".{0,80}dns-suffix>: ?'(?P<here>[a-z]{2,}(?:-[a-z]+)+-\d+)",
        _other_region,
    ),
    case(r"invalid training image", _malformed),
    case(r"not subscribed to the marketplace|marketplace.{0,80}not subscribed", _unsubscribed),
)

IMAGE_FAILURES: tuple[Case, ...] = (
    case(r"exec:? ['\"]?(?P<program>[^\s'\":]+)['\"]?:? (?:executable file not found|no such file)", _no_program),
)
