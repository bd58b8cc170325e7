"""The commented description that `init` writes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qwen_image_conformance.places import check_file
from qwen_image_conformance.problems import UsageProblem

TEMPLATE = """\
# What qwen-image-conformance is to test:  qwen-image-conformance run --config {file}
# Options on the command line win over this file; `qwen-image-conformance validate {file}` explains its mistakes.
# Keys never stand here: `key_env` and [headers_env] name the variables that hold them.
{notes}
# Whose contract the target promises to keep: a name of `qwen-image-spec list`, or a YAML file of your own that extends one.
provider = {provider}

# What stands before the paths of that contract, with a prefix if there is one.
url = {url}

# The variable with the key. Without it: QWEN_IMAGE_API_KEY, then the provider's own.
{key_env}

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

# Both ends: when qwen-image-mock is the gateway's upstream, this is its address. Then what arrives there is compared, too.
# The pictures of a mock cost nothing: take max_images out.
# journal = "http://127.0.0.1:8000"

# [prices]
# {first} = "0.20"

# Other addresses for some providers or styles; the common one above serves the rest.
# [urls]
# openai = "https://gw.example.com"
# dashscope = "https://gw.example.com/native"

# How the key is sent. scheme = "" sends it bare.
# [auth]
# header = "authorization"
# scheme = "Bearer"

# Headers that go along with every request.
# [headers]
# x-portkey-provider = "openai"

# The same for secret ones: NAME = "VARIABLE". Their values are never shown.
# [headers_env]
# x-portkey-config = "PORTKEY_CONFIG"

[gateway]
# What it offers. What is not offered is no failure; what is declared here and does not work is one.
# Known: generate, edit, submit, query, cancel, list, models, upload.
operations = {operations}
# Where parameters beyond the common ones go: documented (where the contract says), top-level, parameters,
# optimize_prompt_options, extra_body.
extras = "documented"
# May it give other addresses of pictures than the upstream did?
rewrites_urls = false
# Seconds of rest after every simulated error: gateways stop using an upstream that just failed.
quiet_gap = 0.0

# The names it is asked with, where they differ from the contract's; then those that must reach the upstream.
[gateway.models]
{aliases}
[gateway.upstream_models]
# {first} = {first_quoted}
"""
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Known:
    """What is known of a target before it is tested. `notes` are told as comments, a line each."""

    provider: str
    url: str
    models: Sequence[str]
    max_images: int
    operations: Sequence[str]
    aliases: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    key_env: str | None = None


def write(path: Path, known: Known) -> None:
    """Write a commented file for a target; raises UsageProblem rather than overwrite one."""
    if path.exists():
        raise UsageProblem(f"{path} exists", "name another file, or move this one away")
    check_file(path)
    first = key(known.models[0] if known.models else "MODEL")
    aliases = [f"{key(name)} = {quoted(alias)}\n" for name, alias in known.aliases.items()]
    text = TEMPLATE.format(
        file=path.name,
        provider=quoted(known.provider),
        url=quoted(known.url),
        max_images=known.max_images,
        models=listed(known.models),
        operations=listed(known.operations),
        aliases="".join(aliases) or f'# {first} = "my-pictures"\n',
        key_env=f"key_env = {quoted(known.key_env)}" if known.key_env else '# key_env = "MY_GATEWAY_KEY"',
        notes="".join(f"# {note}\n" for note in known.notes),
        first=first,
        first_quoted=quoted(known.models[0] if known.models else "MODEL"),
    )
    path.write_text(text, "utf-8")


def listed(texts: Sequence[str]) -> str:
    """A list of texts as TOML."""
    return "[" + ", ".join(quoted(text) for text in texts) + "]"


def key(text: str) -> str:
    """A name as a key of TOML."""
    return text if _BARE.fullmatch(text) else quoted(text)


def quoted(text: str) -> str:
    """A text as TOML."""
    return '"' + "".join(_letter(letter) for letter in text) + '"'


def _letter(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"
