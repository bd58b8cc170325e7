"""The options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

PROVIDER = click.option(
    "--provider",
    required=True,
    metavar="NAME|FILE",
    help="The contract to hold the target to: a provider's name, or a YAML file of your own.",
)
MODELS = click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="Only this model (repeatable; * and ? allowed). Default: all of the provider's.",
)
SELECT = click.option(
    "--select",
    multiple=True,
    metavar="GROUP|CLAUSE",
    help="Only these clauses (repeatable; * and ? allowed).",
)
TIER = click.option(
    "--tier",
    type=click.Choice(["smoke", "core", "full"]),
    default="core",
    show_default=True,
    help="smoke: 1-2 pictures a model; core: at most 8; full: every size and count.",
)
BASELINE = click.option(
    "--baseline",
    "baseline_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Known failures; stale or expired entries fail.",
)
REPORT = click.option(
    "--report",
    type=click.Choice(["full", "line", "none"]),
    default="full",
    show_default=True,
    help="What to print at the end: matrix and failures, the verdict only, nothing.",
)
KEY_ENV = click.option(
    "--key-env",
    metavar="VAR",
    help="The environment variable that holds the key. Default: QWEN_IMAGE_API_KEY, then the provider's own "
    "(such as DASHSCOPE_API_KEY); a server on this machine needs none.",
)
