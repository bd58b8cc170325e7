"""The command `learn`: from a recording or a target to a provider's document of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qwen_image_conformance.command_help import examples
from qwen_image_conformance.command_options import KEY_ENV

if TYPE_CHECKING:
    from qwen_image_spec.model import Provider


@click.command(
    short_help="Write down what a target does, as a provider's document.",
    epilog=examples(
        "learn runs/dieyuyun-20261120-120000 --name my-gateway",
        "learn --provider dieyuyun --url http://127.0.0.1:4000",
    ),
)
@click.argument("source", required=False, type=click.Path(path_type=Path))
@click.option(
    "--url", metavar="URL", help="Ask this target instead: what stands before the provider's paths."
)
@click.option(
    "--provider",
    metavar="NAME|FILE",
    help="The known provider it is like. Default: the one the recording was made with.",
)
@KEY_ENV
@click.option(
    "--model", "models", multiple=True, metavar="NAME", help="Only this model (repeatable; * and ? allowed)."
)
@click.option(
    "--max-images",
    type=click.IntRange(min=0),
    metavar="N",
    help="Buy at most so many pictures. Default: none elsewhere, without limit on this machine.",
)
@click.option("--name", metavar="ID", help="The id of the new provider. Default: learned-PROVIDER.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write the document. Default: ID.yaml.",
)
@click.option(
    "--evidence",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the exchanges with a target are kept. Default: runs/ID-TIME.",
)
@click.option("--confirmed", is_flag=True, help="Also write what is as documented, as observed here.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--quiet", is_flag=True, help="No progress.")
def learn(*, quiet: bool, **options: Any) -> None:
    """Write down what a target was seen to do, as a provider's document that extends a known one.

    SOURCE is the folder of a run, or the evidence.jsonl of a run or of the proxy; nothing is sent then. With --url the
    target is asked: one on this machine for everything, its limits of sizes and counts by halving; one elsewhere for
    refusals only, which cost nothing, unless --max-images allows more.

    \b
    exit codes: 0 written, 2 usage, 3 target unreachable or credentials refused,
                4 budget spent (what was seen until then is written)
    """  # noqa: D301 # click reads the \b
    from qwen_image_conformance import learn_start  # keep --help quick
    from qwen_image_conformance.learn import learn as learned
    from qwen_image_conformance.learn_document import text_of
    from qwen_image_conformance.problems import UsageProblem

    start = learn_start.started(learn_start.Wishes(**options), (lambda _: None) if quiet else _progress)
    lesson = learned(start.spec, start.provider, start.exchanges, start.recording.load)
    if not lesson.learned:
        raise UsageProblem(
            f"nothing can be learned from {start.about.evidence}: no answer in it is one of {start.provider.id}",
            "name the provider it is most like with --provider",
        )
    start.file.write_text(
        text_of(lesson, start.provider, start.about, confirmed=options["confirmed"]), "utf-8"
    )
    _told(start.file, start.provider, len(lesson.different), len(lesson.learned))
    if start.stopped is not None:
        click.echo(f"stopped: {start.stopped.cause}\nhint:    {start.stopped.hint}", err=True)
        sys.exit(start.stopped.code)


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}"[:110], err=True, nl=False)


def _told(file: Path, provider: Provider, different: int, learned: int) -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)
    click.echo(
        f"wrote {file}: {learned} things seen, {different} otherwise than {provider.id}\n"
        f"next:  qwen-image-spec validate {file}\n"
        f"       qwen-image-spec diff {provider.id} {file}\n"
        f"       qwen-image-conformance run --provider {file} --url URL"
    )
