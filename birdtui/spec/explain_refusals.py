"""What CreateTrainingJob and its neighbours refuse, and why: data, roles, quotas, names, states."""

from __future__ import annotations

import re

from birdtui.spec.explain_images import IMAGE_REFUSALS
from birdtui.spec.explain_text import Case, Context, Explanation, case, explained
from birdtui.spec.throttling import THROTTLED_CODES

_INTERNAL_CODES = {
    "InternalFailure",
    "InternalError",
    "InternalServerError",
    "InternalServerException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "ServiceException",
    "500",
    "502",
    "503",
}
_ASK_FOR_MORE = "Ask for more under Service Quotas, Amazon SageMaker"
_NUMBER = r"[\d.,]*\d"


def _no_objects(found: re.Match[str], context: Context) -> Explanation:
    text, uri = found.string, found["quoted"] or found["bare"]
    bucket = re.match(r"s3://([^/]+)", uri)
    region = re.search(r"region \(?'?([a-z]{2,}(?:-[a-z0-9]+)+)", text)
    role = re.search(r"role ['\"]?(arn:[^'\"\s]+)", text)
    field = context.field_of_uri(uri) or context.channel_field("train")
    name = bucket[1] if bucket else uri
    place = f" in {region[1]}" if region else ""
    allow = (
        "job.role",
        f'Allow "s3:ListBucket" on "{name}", and "s3:GetObject" on its objects, '
        f"for {role[1] if role else 'the execution role'}.",
    )
    spelling = (field, f'Check the bucket\'s name letter by letter: "{name}".')
    if told := _told_by_s3(text, name, field, region[1] if region else ""):
        summary, advice = told
        return explained(f'SageMaker found nothing under "{uri}"{place}: {summary}.', *(advice or (allow, spelling)))
    return explained(
        f'SageMaker found nothing under "{uri}"{place}. It says so of four faults alike: no such bucket, a bucket of '
        "another region, an empty prefix, or a role that may not list the bucket.",
        spelling,
        (
            field,
            f"Check the bucket's region: it must be the job's own{f', {region[1]}' if region else ''}.",
        ),
        (field, f"List what lies there (`aws s3 ls {uri}`): at least one object must begin with this prefix."),
        allow,
    )


def _told_by_s3(text: str, bucket: str, field: str, region: str) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """What S3 itself said, where the text goes on to tell, and what to do; no advice where the role is at fault."""
    found = re.search(r"error message from s3: ?(?P<said>.{1,300})", text, re.IGNORECASE)
    if found is None:
        return None
    said = found["said"].rstrip(". ")
    if there := re.search(r"bucket is in this region: ?([a-z0-9-]+)", said, re.IGNORECASE):
        return f'the bucket "{bucket}" lies in {there[1]}', (
            (field, f"Use a bucket of the job's own region{f', {region}' if region else ''}."),
            ("", f"Or run the job where the data lies: --region {there[1]}."),
        )
    if re.search(r"access ?denied|forbidden|\b403\b", said, re.IGNORECASE):
        return f'the role may not list the bucket "{bucket}" (S3 says: {said})', ()
    if re.search(r"does not exist|NoSuchBucket|not found|\b404\b", said, re.IGNORECASE):
        return f'there is no bucket "{bucket}"', (
            (field, f'Check the bucket\'s name letter by letter: "{bucket}"; `aws s3 ls` shows yours.'),
        )
    return None


def _assume_role(found: re.Match[str], context: Context) -> Explanation:
    arn = (found["arn"] or "").strip("'\",.")
    role = context.member("RoleArn")
    arn = arn or (role if isinstance(role, str) else "")
    stamp = re.fullmatch(r"(arn:[\w-]+:iam::\d+:role)/(AmazonSageMaker-ExecutionRole-\w+)", arn)
    check = f"Check that {arn or 'the role'} exists, letter by letter, its path included."
    if stamp:
        check = f'Did you mean "{stamp[1]}/service-role/{stamp[2]}"? Roles made by the console have that path.'
    return explained(
        f"SageMaker could not assume the role{f' {arn}' if arn else ''}.",
        ("job.role", check),
        ("job.role", 'Let its trust policy allow "sts:AssumeRole" to the principal "sagemaker.amazonaws.com".'),
        ("job.role", "If the role was made a moment ago, wait ten seconds and submit again."),
    )


def _quota(found: re.Match[str], context: Context) -> Explanation:
    text = found.string
    # The oldest wording names the resource and not the quota.
    name = re.sub(r"^training-job/(\S+)$", r"\1 for training job usage", found["name"])
    limit, unit = found["limit"], (found["unit"] or "").lower()
    unit = unit.removesuffix("s") if limit == "1" else unit
    use = re.search(rf"current utilization of ({_NUMBER})", text, re.IGNORECASE)
    delta = re.search(rf"request delta of ({_NUMBER})", text, re.IGNORECASE)
    numbers = f'The quota "{name}" is {limit}{f" {unit}" if unit else ""}'
    if use and delta:
        numbers += f": {use[1]} in use, {delta[1]} asked for"
    return explained(f"{numbers}.", *_quota_advice(name, limit, use[1] if use else "0", context))


def _quota_advice(name: str, limit: str, use: str, context: Context) -> tuple[tuple[str, str], ...]:
    ask = f'{_ASK_FOR_MORE}, "{name}".'
    lower = name.lower()
    if "run time" in lower or "runtime" in lower:
        return (("limits.max_runtime", "Write a shorter time."), ("", ask))
    if "volume" in lower or "storage" in lower:
        return (("resources.volume_gb", "Write a smaller volume."), ("", ask))
    if "processing job" in lower:
        rules = [name for name in ("ProfilerRuleConfigurations", "DebugRuleConfigurations") if context.member(name)]
        fields = [context.field(name) for name in rules or ["ProfilerRuleConfigurations"]]
        return (*((field, "Leave these rules out: each runs as a job of its own.") for field in fields), ("", ask))
    instance_type = re.search(r"ml\.[\w-]+\.\w+", name)
    if "warm pool" in lower:
        return (("resources.keep_alive", "Leave it out, so that no instance is kept."), ("", ask))
    if instance_type is None:
        return (("resources.instance_count", "Take fewer instances, or wait until other jobs end."), ("", ask))
    field = context.field_of_instance(instance_type[0])
    advice = [(field, f"Use another instance type than {instance_type[0]}, or fewer instances.")]
    if _is_some(use) and _is_some(limit):
        advice.append(("", "Or wait until running jobs end."))
    if "spot" in lower:
        advice.append(("limits.spot", "Or run on demand: that has a quota of its own."))
    new = " New accounts begin with 0 for most GPU types." if not _is_some(limit) else ""
    return (*advice, ("", ask + new))


def _is_some(number: str) -> bool:
    return number.strip("0.,") != ""


def _not_in_region(found: re.Match[str], context: Context) -> Explanation:
    resource = found["resource"].strip("'\"")
    instance_type = re.search(r"ml\.[\w-]+\.\w+", resource)
    name = instance_type[0] if instance_type else resource
    return explained(
        f"{name} is not offered in this region. That is no quota: asking for a higher one would not help.",
        (context.field_of_instance(name), f"Use another instance type than {name}."),
        ("", "Or submit in another region with --region; the data must lie there too."),
    )


def _some_limit(found: re.Match[str], context: Context) -> Explanation | None:
    if context.code not in {"ResourceLimitExceeded", "LimitExceededException", "ServiceQuotaExceededException"}:
        return None
    return explained(
        f"A limit of the account is reached: {found.string}",
        (context.field_of_instance(context.instance_type), "Use another instance type, or fewer instances."),
        ("", f"{_ASK_FOR_MORE}."),
    )


def _name_taken(_found: re.Match[str], context: Context) -> Explanation:
    name = context.member("TrainingJobName")
    called = f' "{name}"' if isinstance(name, str) else ""
    return explained(
        f"There is a training job called{called} already; a name stays taken after its job has ended."
        if called
        else "There is a training job of that name already; a name stays taken after its job has ended.",
        ("job.name", "Choose another name, or leave job.unique_name on, so that the time is added to it."),
    )


def _metrics(_found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        "Metric definitions were sent for a built-in algorithm, which has its own.",
        ("algorithm.metrics", "Take the metric definitions out."),
    )


def _wait(_found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        "A wait time was sent without spot instances, for which alone it is meant.",
        ("limits.max_wait", "Take it out."),
        ("limits.spot", "Or set it to true."),
    )


def _wait_missing(_found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        "A spot job was sent without the longest time it may take.",
        ("limits.max_wait", "Set it to limits.max_runtime or more."),
    )


def _wait_short(found: re.Match[str], context: Context) -> Explanation:
    if context.request and context.member("StoppingCondition", "MaxWaitTimeInSeconds") is None:
        return _wait_missing(found, context)
    return explained(
        "The wait time of a spot job includes its runtime, and is shorter.",
        ("limits.max_wait", "Set it to limits.max_runtime or more."),
    )


def _wait_long(found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        f"This algorithm saves no checkpoints, so its spot jobs may take {found['limit']} seconds at most.",
        ("limits.max_wait", f"Set it to {found['limit']} or less."),
        ("checkpoints.s3_uri", "Or set a place for checkpoints, where the algorithm can save them."),
    )


def _ended(found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        f"The job is {found['status']}; there is nothing left to stop.",
        ("", "Nothing is to be done: an ended job costs nothing more."),
    )


def _not_found(_found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        "There is no such job in this account and region.",
        (
            "",
            "Check the name's spelling, --region and --profile; `birdtui --list` shows what is there.",
        ),
    )


def _no_bucket(found: re.Match[str], context: Context) -> Explanation:
    uri = re.search(r"s3://[^\s'\"]+", found.string)
    field = context.field_of_uri(uri[0]) if uri else None
    return explained(
        "There is no bucket of that name.",
        (field or context.first_bucket_field(), "Check the bucket's name letter by letter; `aws s3 ls` shows yours."),
    )


def _no_key(_found: re.Match[str], _context: Context) -> Explanation:
    return explained("There is no object of that name in the bucket.", ("", "Check the key letter by letter."))


def _no_model(found: re.Match[str], context: Context) -> Explanation:
    uri = found["uri"].rstrip(".,")
    return explained(
        f"There is no model at {uri}.",
        (context.field_of_uri(uri) or "", "Check bucket and key letter by letter, and the region of the bucket."),
    )


def _nothing_there(_found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        "There is no such bucket or object.", ("", "Check the names letter by letter; `aws s3 ls` shows yours.")
    )


def _bucket_region(found: re.Match[str], context: Context) -> Explanation:
    region = re.search(r"(?:expecting|region:?|in) '?([a-z]{2,}(?:-[a-z]+)+-\d+)'?\s*\.?$", found.string)
    uri = re.search(r"s3://[^\s'\"]+", found.string)
    where = f": it lies in {region[1]}" if region else ""
    return explained(
        f"The bucket lies in another region than the request{where}.",
        (
            (context.field_of_uri(uri[0]) if uri else None) or "",
            f"Use a bucket of the job's own region, or run the job there: --region{f' {region[1]}' if region else ''}.",
        ),
    )


def _no_log(_found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        "There is no log yet: it appears when the job's container writes its first line.",
        ("", "Wait; a job that fails before its container starts never has one."),
    )


def _throttled(_found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        "AWS had too many requests from this account.", ("", "Wait a few seconds, then repeat the command.")
    )


def _internal(_found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        "AWS had an error of its own.", ("", "Repeat the command in a minute; nothing in the job is at fault.")
    )


ASSUME_ROLE = case(
    r"(?:could not|unable to|cannot|can't) assume (?:the )?(?:\w+ )?role(?:\b:? ?['\"]?(?P<arn>arn:[^\s'\"]+))?",
    _assume_role,
)
"""The same fault and nearly the same words at creation and, in older texts, as a job's FailureReason."""

NO_MODEL = case(r"could not find model data at (?P<uri>s3://[^\s'\"]+)", _no_model)

REFUSAL_CASES: tuple[Case, ...] = (
    case(
        r"no s3 objects (?:were )?found under s3 (?:url|uri|prefix):? ?(?:(?P<_q>['\"])(?P<quoted>s3://.*?)(?P=_q)|(?P<bare>s3://[^\s,;]+))",
        _no_objects,
    ),
    ASSUME_ROLE,
    case(
        r"limit (?:for )?(?P<_q>['\"]?)(?P<name>(?<=['\"])[^'\"]+|training-job/\S+?)(?P=_q)"
        rf" is (?P<limit>{_NUMBER}) ?(?P<unit>[a-z]+)?",
        _quota,
    ),
    case(r"requested resource (?P<resource>\S+) is not available in this region", _not_in_region),
    case(r"can(?:no|')?t override the metric definitions|cannot override the metric definitions", _metrics),
    case(r"maxwaittimeinseconds above (?P<limit>\d+) is not supported", _wait_long),
    case(r"maxwaittimeinseconds.{0,80}only supported when.{0,20}enablemanagedspottraining", _wait),
    case(r"maxwaittimeinseconds.{0,60}(?:greater than|at least|less than).{0,40}maxruntimeinseconds", _wait_short),
    case(
        r"maxwaittimeinseconds.{0,60}(?:required|must be (?:specified|provided|set)|missing)"
        r"|(?:must|required to) (?:specify|provide|set) maxwaittimeinseconds",
        _wait_missing,
    ),
    case(
        r"training job names? must be unique|training job with this name already exists|job name.{0,80}already",
        _name_taken,
    ),
    case(r"rejected because the training job is in (?:the )?(?:status|state) ['\"]?(?P<status>\w+)", _ended),
    case(r"requested resource not found", _not_found),
    *IMAGE_REFUSALS,
    case(r"specified log (?:group|stream) does not exist", _no_log),
    case(r"specified bucket does not exist|\bNoSuchBucket\b", _no_bucket),
    case(r"specified key does not exist|\bNoSuchKey\b", _no_key),
    NO_MODEL,
    case(
        r"must be addressed using the specified endpoint|the region '?[\w-]+'? is wrong; expecting"
        r"|\bPermanentRedirect\b|bucket.{0,80}not in (?:the )?(?:same|this) region",
        _bucket_region,
    ),
    case(r"\brate exceeded\b|too many requests|reduce your request rate", _throttled),
    case(r"", _some_limit),
)

_BY_CODE = (
    (THROTTLED_CODES, _throttled),
    (_INTERNAL_CODES, _internal),
    ({"ResourceInUse", "ResourceInUseException"}, _name_taken),
    ({"NoSuchBucket"}, _no_bucket),
    ({"NoSuchKey"}, _no_key),
    ({"404", "NotFound"}, _nothing_there),
    ({"PermanentRedirect", "AuthorizationHeaderMalformed", "301"}, _bucket_region),
    ({"ResourceNotFound"}, _not_found),
)
_ANY = re.compile("")


def by_refusal_code(text: str, context: Context) -> Explanation | None:
    """What a code means where no case knows its text."""
    for codes, meaning in _BY_CODE:
        if context.code in codes:
            return meaning(next(_ANY.finditer(text)), context)
    return None
