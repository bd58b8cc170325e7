"""The configuration file of a target (`qwen-image.toml`): written by `init`, read by `run --config` and `plan --config`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from qwen_image_conformance.problems import UsageProblem
from qwen_image_spec.problems import suggestion

FILE = "qwen-image.toml"
_KEYS: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "provider": ("provider", str),
    "url": ("url", str),
    "key_env": ("key_env", str),
    "models": ("models", list),
    "tier": ("tier", str),
    "select": ("select", list),
    "max_images": ("max_images", int),
    "max_cost": ("max_cost", (str, float, int)),
    "out": ("out", str),
    "baseline": ("baseline_file", str),
    "prices": ("prices", dict),
}

TEMPLATE = """\
# What qwen-image-conformance is to test:  qwen-image-conformance run --config {file}
# Options on the command line win over this file. Keys never stand here: `key_env` names the variable that holds one.

# Whose contract the target promises to keep: a name of `qwen-image-spec list`, or a YAML file of your own that extends one.
provider = {provider}

# What stands before the paths of that contract.
url = {url}

# The variable with the key. Without it: QWEN_IMAGE_API_KEY, then the provider's own.
# key_env = "MY_GATEWAY_KEY"

# Only these models (* and ? allowed). Empty: every model of the contract, which may buy a lot: see `plan`.
models = {models}

# smoke: 1-2 pictures a model; core: at most 8; full: every size and count.
tier = "core"

# Only these clauses or groups. Empty: all.
select = []

# Hard stops. With max_cost every model needs a price, from the spec or from [prices].
max_images = {max_images}
# max_cost = "5.00"

# Failures you know about, each with a reason and an end:  qwen-image-conformance baseline update RUN --file ... --reason ...
# baseline = "qwen-image-baseline.yaml"

# [prices]
# {first} = "0.20"
"""


def read(path: Path) -> dict[str, Any]:
    """The options a file gives, by the names of the command's options. Raises UsageProblem, with the nearest right name."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageProblem(
            f"{path}: {error.strerror}", "write one with: qwen-image-conformance init"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageProblem(
            f"{path} is not readable as TOML: {error}", "texts stand in quotes, lists in brackets"
        ) from error
    found: dict[str, Any] = {}
    for key, value in data.items():
        if key not in _KEYS:
            raise UsageProblem(f"{path}: unknown key {key!r}", suggestion(key, _KEYS))
        name, kind = _KEYS[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise UsageProblem(
                f"{path}: {key} = {value!r} has the wrong type",
                f"compare with the file that `init` writes ({FILE})",
            )
        found[name] = (
            tuple(f"{model}={amount}" for model, amount in value.items())
            if isinstance(value, dict)
            else value
        )
    for name in ("provider", "baseline_file"):
        if isinstance(found.get(name), str) and (path.parent / found[name]).is_file():
            found[name] = str(path.parent / found[name])
    return found


def write(path: Path, provider: str, url: str, models: list[str], max_images: int) -> None:
    """Write a commented file for a target; raises UsageProblem rather than overwrite one."""
    if path.exists():
        raise UsageProblem(f"{path} exists", "name another file, or move this one away")
    text = TEMPLATE.format(
        file=path.name,
        provider=_quoted(provider),
        url=_quoted(url),
        max_images=max_images,
        models="[" + ", ".join(_quoted(model) for model in models) + "]",
        first=_quoted(models[0] if models else "MODEL"),
    )
    path.write_text(text, "utf-8")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
