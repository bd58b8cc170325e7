"""The command `fuzz`: requests nobody thought of."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from qwen_image_conformance.command_help import examples
from qwen_image_conformance.command_options import KEY_ENV

if TYPE_CHECKING:
    from qwen_image_conformance.fuzz import Fuzzed


@click.command(
    short_help="Explore a target with drawn requests.",
    epilog=examples("fuzz --provider dieyuyun \\\n--url http://127.0.0.1:8000 --max-examples 20"),
)
@click.option("--provider", required=True, metavar="NAME|FILE", help="The contract to hold the target to.")
@click.option(
    "--url", required=True, metavar="URL", help="What stands before the paths of the provider's document."
)
@KEY_ENV
@click.option(
    "--model", "models", multiple=True, metavar="NAME", help="Only this model (repeatable; * and ? allowed)."
)
@click.option(
    "--max-examples",
    default=50,
    show_default=True,
    type=click.IntRange(1),
    help="Requests per model, operation and kind of request.",
)
@click.option(
    "--max-images",
    type=click.IntRange(min=0),
    metavar="N",
    help="Never buy more pictures than this. Default: 8, or no bound for a server on this machine.",
)
@click.option("--seed", type=int, help="Repeat an earlier exploration: the number it ended with.")
@click.option(
    "--schemathesis/--no-schemathesis",
    default=True,
    show_default=True,
    help="Also run Schemathesis on the generated OpenAPI document.",
)
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
def fuzz(  # one argument an option
    provider: str,
    url: str,
    key_env: str | None,
    models: tuple[str, ...],
    max_examples: int,
    max_images: int | None,
    seed: int | None,
    *,
    schemathesis: bool,
    as_json: bool,
) -> None:
    """Explore a target with drawn requests, judged by the same checks; a failing one is made as small as it goes.

    A server on this machine is explored freely. Anywhere else pictures may cost money: there the requests are always the
    same ones, nothing is made smaller, and the budget ends it.
    """
    import orjson  # keep --help quick

    from qwen_image_conformance import fuzz as fuzzing
    from qwen_image_conformance.choose import models_of, provider_of
    from qwen_image_conformance.target import make_target
    from qwen_image_spec.loader import load

    spec = load()
    chosen = provider_of(provider, spec)
    target = make_target(chosen, url, key_env)
    options = fuzzing.FuzzOptions(max_examples, seed, max_images, schemathesis, provider, _progress)
    found = fuzzing.fuzz(spec, chosen, target, models_of(models, chosen), options)
    if as_json:
        data = {
            "seed": found.seed,
            "requests": found.requests,
            "images": found.images,
            "findings": [one.to_json() for one in found.findings],
        }
        click.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2))
    else:
        _told(found)
    sys.exit(found.exit_code)


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", err=True, nl=False)


def _told(found: Fuzzed) -> None:
    for one in found.findings:
        click.echo(
            f"\n{one.status.upper()} {one.clause}  {one.level}  {one.model} {one.operation}  ({one.engine})"
        )
        for name, value in (
            ("clause", one.sentence),
            ("source", one.source),
            ("expected", one.expected),
            ("came", one.actual),
            ("try it", one.curl),
        ):
            click.echo(f"  {name:<9}{value}")
    for note in found.notes:
        click.echo(f"note: {note}")
    click.echo(
        f"\n{len(found.findings)} finding(s) in {found.requests} requests, {found.images} pictures, {found.seconds:.1f} s; "
        f"again with --seed {found.seed}"
    )
    if found.stopped is not None:
        click.echo(f"stopped: {found.stopped.cause}\nhint:    {found.stopped.hint}", err=True)
