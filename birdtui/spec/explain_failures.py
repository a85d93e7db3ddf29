"""Why a job failed, where the service itself says so: roles, downloads, uploads, capacity, memory, faults of AWS."""

from __future__ import annotations

import re

from birdtui.spec.explain_images import IMAGE_FAILURES
from birdtui.spec.explain_refusals import ASSUME_ROLE, NO_MODEL
from birdtui.spec.explain_text import Case, Context, Explanation, case, explained, first_uri
from birdtui.spec.instances import family

_GPU_FIELDS = ("hyperparameters.mini_batch_size", "hyperparameters.image_shape", "hyperparameters.num_layers")


def _network(found: re.Match[str], _context: Context) -> Explanation:
    what = "uploaded" if "upload" in found.string.lower() else "downloaded"
    return explained(
        f"The job's subnets have no way to S3, so nothing could be {what}.",
        ("network.subnets", "Give the subnets' route table a route to an S3 VPC endpoint (gateway) or a NAT device."),
        ("network.security_groups", "Let the security groups and the subnets' network ACL send traffic out to S3."),
    )


def _manifest(found: re.Match[str], context: Context) -> Explanation:
    line = re.search(r"lines?:? ?#?(\d[\d,]*)", found.string[found.start() :], re.IGNORECASE)
    name = context.channel_where("DataSource", "S3DataSource", "S3DataType", value="AugmentedManifestFile") or "train"
    return explained(
        f"The augmented manifest could not be read{f': line {line[1]} is at fault' if line else ''}.",
        (
            _uri_field(found.string, context, name),
            f"Mend {f'line {line[1]} of ' if line else ''}the manifest: each line is one JSON object with the "
            "attributes that the channel names.",
        ),
        (context.channel_field(name, "attribute_names"), "Check that every line has these attributes."),
    )


def _fast_file(found: re.Match[str], context: Context) -> Explanation:
    name = next(
        (
            str(one.get("ChannelName"))
            for one in context.channels
            if not (context.channel_uri(str(one.get("ChannelName"))) or "/").endswith("/")
        ),
        "train",
    )
    uri = first_uri(found.string) or context.channel_uri(name)
    return explained(
        "In FastFile mode a channel's prefix must end with a slash.",
        (_uri_field(found.string, context, name), f'Write "{uri.rstrip("/")}/".' if uri else "Add a slash at its end."),
    )


def _partial_prefix(found: re.Match[str], context: Context) -> Explanation:
    prefix, other = found["prefix"], found["object"]
    paths = {name: uri for name in context.channel_names if (uri := context.channel_uri(name))}
    name = next((one for one, uri in paths.items() if uri.partition("//")[2].partition("/")[2] == prefix), "train")
    uri = paths.get(name, "")
    return explained(
        f'In FastFile mode a prefix is a whole folder or object: "{prefix}" also begins {other}.',
        (context.channel_field(name), f'Write "{uri}/".' if uri else "Add a slash at its end, if it is a folder."),
    )


def _unreachable(found: re.Match[str], context: Context) -> Explanation:
    if context.member("VpcConfig"):
        return _network(found, context)
    uri = first_uri(found.string)
    return explained(
        f"S3 could not be reached{f' for {uri}' if uri else ''}.",
        ("", "Submit the job again."),
    )


def _clash(found: re.Match[str], context: Context) -> Explanation:
    uri = first_uri(found.string)
    return explained(
        f"An object{f' under {uri}' if uri else ''} is a file and a folder at once, which a disk cannot hold.",
        (
            _uri_field(found.string, context, "train"),
            "Remove the object that bears the folder's name, or end the prefix with a slash.",
        ),
    )


def _disk(_found: re.Match[str], context: Context) -> Explanation:
    size = context.member("ResourceConfig", "VolumeSizeInGB")
    return explained(
        f"The disk was full{f'; it had {size} GB' if isinstance(size, int) and size else ''}.",
        ("resources.volume_gb", "Write a larger volume: data, model and checkpoints all lie on it."),
    )


def _key(_found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        "The execution role may not use the key that the data is encrypted with.",
        ("job.role", 'Allow "kms:Decrypt" (for output also "kms:GenerateDataKey") on that key for the role.'),
        ("job.role", "The key's own policy must let the role use it, too."),
    )


def _missing_data(found: re.Match[str], context: Context) -> Explanation:
    uri = first_uri(found.string)
    return explained(
        f"The data was not there: {uri or _after_colon(found.string[found.start() :])}.",
        (
            _uri_field(found.string, context, "train"),
            "Check bucket and prefix letter by letter, and that objects lie there.",
        ),
    )


def _other_region(found: re.Match[str], context: Context) -> Explanation:
    region = re.search(r"(?:in this region:|expecting) ?'?([a-z]{2,}(?:-[a-z]+)+-\d+)", found.string, re.IGNORECASE)
    return explained(
        f"The data lies in another region than the job{f': in {region[1]}' if region else ''}.",
        (_uri_field(found.string, context, "train"), "Use a bucket of the job's own region."),
    )


def _forbidden(found: re.Match[str], context: Context) -> Explanation:
    uri = first_uri(found.string)
    bucket = re.match(r"s3://([^/]+)", uri) if uri else None
    place = f'"{bucket[1]}"' if bucket else "the bucket"
    upload = "upload" in found.string[: found.end() + 40].lower()
    action = "s3:PutObject" if upload else "s3:GetObject"
    what = "write the output" if upload else "read the data"
    field = "output.s3_uri" if upload else _uri_field(found.string, context, "train")
    return explained(
        f"The execution role may not {what}{f': {uri}' if uri else ''} (403, access denied).",
        (
            "job.role",
            f'Allow "{action}" on the objects of {place}, and "s3:ListBucket" on {place} itself, for the role.',
        ),
        (
            field,
            "Or use a bucket that the role reaches: AmazonSageMakerFullAccess covers names with sagemaker in them.",
        ),
    )


def _container_denied(_found: re.Match[str], context: Context) -> Explanation:
    source = context.member("HyperParameters", "sagemaker_submit_directory")
    where = f" The scripts are read from {source}." if isinstance(source, str) else ""
    return explained(
        f"The training program itself may not read an object in S3 (403, access denied).{where}",
        ("job.role", 'Allow "s3:GetObject" on all objects that the program reads itself, and "s3:ListBucket".'),
    )


def _download(found: re.Match[str], context: Context) -> Explanation:
    upload = "upload" in found[0].lower()
    what = "The model could not be uploaded" if upload else "The data could not be downloaded"
    fallback = "output.s3_uri" if upload else _uri_field(found.string, context, "train")
    return explained(
        f"{what}: {_after_colon(found.string[found.start() :])}.",
        (fallback, "Check bucket and prefix, letter by letter."),
        ("job.role", "Check that the execution role may reach them."),
    )


def _capacity(_found: re.Match[str], context: Context) -> Explanation:
    name = context.instance_type
    called = name or "the requested type"
    spot = (("limits.spot", "Or run on demand, which finds capacity more easily."),) if context.spot else ()
    return explained(
        f"AWS had no free instance of {called}. That is no quota of the account: a higher one would not help.",
        (context.field_of_instance(name), f"Use another instance type than {called}, or submit again later."),
        *spot,
        ("", "Or submit in another region with --region."),
    )


def _internal(_found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        "AWS had an error of its own; nothing in the job is at fault.",
        ("", "Submit the job again."),
        ("request.RetryStrategy.MaximumRetryAttempts", "Set it to 1 or more, and the service tries again by itself."),
    )


def _gpu_memory(_found: re.Match[str], context: Context) -> Explanation:
    name = context.instance_type
    batch = context.member("HyperParameters", "mini_batch_size")
    advice = [
        (_GPU_FIELDS[0], f"Write a smaller batch{f' than {batch}' if isinstance(batch, str) else ''}."),
        (_GPU_FIELDS[1], "Or smaller images."),
        (_GPU_FIELDS[2], "Or fewer layers."),
    ]
    return explained(
        f"The GPU's memory was not enough{f' on {name}' if name else ''}.",
        *(advice if context.is_image_classification else ()),
        (context.field_of_instance(name), "Or use a type whose GPUs have more memory."),
    )


def _host_memory(found: re.Match[str], context: Context) -> Explanation:
    name = context.instance_type
    killed = "137" in found[0]
    how = "The training program was killed (exit code 137)" if killed else "The training program ran out of memory"
    larger = f", a larger one of the family {family(name)}" if name and family(name) else ""
    batch = (
        (("hyperparameters.mini_batch_size", "Or write a smaller batch."),) if context.is_image_classification else ()
    )
    return explained(
        f"{how}: the memory of {name or 'the instance'} was not enough.",
        (context.field_of_instance(name), f"Use a type with more memory{larger}."),
        *batch,
    )


def _uri_field(text: str, context: Context, name: str) -> str:
    """The field of the URI that a text names; else that of the channel it names, or the channel given."""
    uri = first_uri(text)
    channel = re.search(r"channel:? ['\"]?([\w.-]+?)['\"]?(?:[\s.,;:]|$)|([\w.-]+) channel\b", text, re.IGNORECASE)
    named = next((one for one in channel.groups() if one), "") if channel else ""
    return (context.field_of_uri(uri) if uri else None) or context.channel_field(
        named if context.channel(named) else name
    )


def _after_colon(text: str) -> str:
    """What stands after "Data download failed:", without the exit code."""
    detail = re.sub(r",? ?exit code: ?\d+$", "", text.partition(":")[2].strip())
    return (detail or text).rstrip(". ")


_MOVE = r"(?:download|upload)"
SERVICE_FAILURES: tuple[Case, ...] = (
    ASSUME_ROLE,
    case(r"s3 vpc endpoint|subnet's route table|route to (?:an )?s3|nat device", _network),
    case(
        r"(?:unable to|could not|cannot|failed to) parse (?:the )?(?:augmented )?manifest"
        r"|augmented manifest.{0,80}error",
        _manifest,
    ),
    case(
        r"fast ?file.{0,200}(?:slash|end(?:s|ing)? (?:with|in) ['\"]?/)"
        r"|(?:slash|must end with ['\"]?/).{0,200}fast ?file",
        _fast_file,
    ),
    case(
        r"partial s3 prefix is not supported.{0,400}current s3 prefix: ?\[(?P<prefix>[^\]]*)\],? "
        r"found s3 object: ?\[(?P<object>[^\]]*)\]",
        _partial_prefix,
    ),
    case(r"unable to execute request to s3", _unreachable),
    case(r"s3 key:? s3://\S+ matched no files", _missing_data),
    case(r"when calling the (?:Head|Get|List)Object\w* operation: (?:forbidden|access denied)", _container_denied),
    case(r"previously downloaded file/folder clashes|both a folder as well as a file", _clash),
    case(r"no space left on device|disk is full|not enough disk space|insufficient disk", _disk),
    case(rf"{_MOVE}.{{0,400}}\bkms\b|\bkms[.:]\w*.{{0,200}}(?:denied|not authorized)", _key),
    case(
        rf"{_MOVE}.{{0,600}}(?:\b404\b|NoSuchKey|NoSuchBucket|does not exist|not found|no s3 objects found)",
        _missing_data,
    ),
    case(rf"{_MOVE}.{{0,600}}(?:\b301\b|PermanentRedirect|specified endpoint|wrong; expecting)", _other_region),
    case(rf"{_MOVE}.{{0,600}}(?:\b403\b|forbidden|access ?denied|insufficient permission|not authorized)", _forbidden),
    case(r"(?:data|artifact) (?:download|upload) failed|failed to (?:download|upload)", _download),
    case(
        r"CapacityError|unable to provision requested ml compute|InsufficientInstanceCapacity|insufficient capacity",
        _capacity,
    ),
    case(r"InternalServerError|we encountered an internal error", _internal),
    *IMAGE_FAILURES,
    NO_MODEL,
)

MEMORY_FAILURES: tuple[Case, ...] = (
    case(
        r"cudamalloc[^.]{0,40}(?:failed|out of memory)|cuda.{0,60}out of memory"
        r"|cudnn_status_alloc_failed|gpu.{0,40}out of memory",
        _gpu_memory,
    ),
    case(
        r"MemoryError|std::bad_alloc|cannot allocate memory|OutOfMemory|oom-?killed|instance type with more memory",
        _host_memory,
    ),
)

KILLED: tuple[Case, ...] = (case(r"exit ?code:? ?137\b|exit status:? ?137\b", _host_memory),)
