"""The command `qwen-image-conformance`."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from qwen_image_conformance.command_help import EXIT_CODES, examples
from qwen_image_conformance.command_options import BASELINE, KEY_ENV, MODELS, PROVIDER, REPORT, SELECT, TIER
from qwen_image_conformance.commands import baseline, diff, init, report, validate
from qwen_image_conformance.exploring import fuzz
from qwen_image_conformance.learning import learn
from qwen_image_conformance.problems import Interrupted, Stop
from qwen_image_conformance.watching import check_client, proxy
from qwen_image_spec.problems import suggestion

_DESCRIPTION = "qwen-image-conformance.description"


def _configured(context: click.Context, _option: click.Parameter, value: Path | None) -> None:
    """Take what the configuration file gives as the defaults of this command's options."""
    if value is not None:
        from qwen_image_conformance.configuration import read

        known = {parameter.name for parameter in context.command.params}
        description = context.meta[_DESCRIPTION] = read(value)
        context.default_map = {name: given for name, given in description.options.items() if name in known}


_CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=_configured,
    help="A description that `init` wrote; options here win over it.",
)


_ORDER = (
    *("init", "validate", "plan", "run", "judge", "report", "diff", "baseline"),
    *("fuzz", "check-client", "proxy", "learn", "list", "explain"),
)


class _Commands(click.Group):
    """A group that answers a wrong command with the nearest right one, and a Stop with its cause, hint and exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of their use; those not listed here come last."""
        return sorted(super().list_commands(ctx), key=lambda name: (*_ORDER, name).index(name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise click.UsageError(f"No such command {args[0]!r}: {suggestion(args[0], self.commands)}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (Stop, KeyboardInterrupt) as error:
            stop = error if isinstance(error, Stop) else Interrupted()
            click.echo(f"error: {stop.cause}", err=True)
            if stop.hint:
                click.echo(f"hint:  {stop.hint}", err=True)
            ctx.exit(stop.code)
        except OSError as error:
            if error.filename is None and error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise  # no file's: click knows a closed pipe, anything else is a mistake of ours
            where = f"{error.filename}: " if error.filename else ""
            click.echo(
                f"error: {where}{error.strerror}\nhint:  is there room, and is the place yours?", err=True
            )
            ctx.exit(2)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("qwen_image"):
                raise
            click.echo(
                f"error: the suite needs {error.name}, which is not installed\n"
                "hint:  pip install 'qwen-image-contract[conformance]'",
                err=True,
            )
            ctx.exit(2)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "init --provider dieyuyun --url https://gw.example.com",
        "plan --config qwen-image.toml",
        "run --config qwen-image.toml --max-images 20",
        after=EXIT_CODES,
    ),
)
@click.version_option(version("qwen-image-contract"), prog_name="qwen-image-conformance")
def cli() -> None:
    """Contract tests for providers and gateways of Qwen-Image and Wan images.

    Keys are never given on the command line: they stand in environment variables, QWEN_IMAGE_API_KEY or the provider's
    own (such as DASHSCOPE_API_KEY). Pictures bought from a live provider cost money: `plan` tells how many, --max-images
    ends a run.
    """


@cli.command(
    short_help="Tell what a run would send, buy and cost.",
    epilog=examples(
        "plan --provider dieyuyun --tier smoke", "plan --config qwen-image.toml --select 'size.*'"
    ),
)
@_CONFIG
@PROVIDER
@MODELS
@SELECT
@TIER
@click.option("--both-ends", is_flag=True, help="The plan of a run with --journal or --with-upstream.")
@click.option("--json", "as_json", is_flag=True, help="The whole plan as JSON.")
def plan(
    provider: str,
    models: tuple[str, ...],
    select: tuple[str, ...],
    tier: str,
    *,
    both_ends: bool,
    as_json: bool,
) -> None:
    """Tell what a run would send, how many pictures it buys and what they cost.

    Sends nothing and needs no key. --provider is needed, or --config.
    """
    from qwen_image_conformance import planning  # keep --help quick

    description = click.get_current_context().meta.get(_DESCRIPTION)
    gateway = description.gateway if description is not None else None
    both_ends = both_ends or (description is not None and "journal" in description.options)
    prepared = planning.prepare(provider, models, select, tier, gateway=gateway, both_ends=both_ends)
    planning.show(*prepared, as_json=as_json)


@cli.command(
    epilog=examples(
        "run --provider dieyuyun --url http://127.0.0.1:8000",
        "run --config qwen-image.toml --max-images 20",
        "run --resume runs/dieyuyun-20261120-120000",
        "run --config qwen-image.toml --with-upstream \\\n-- ./my-gateway --port 4000",
        after=EXIT_CODES,
    )
)
@_CONFIG
@click.option(
    "--provider",
    metavar="NAME|FILE",
    help="The contract to hold the target to: a provider's name, or a YAML file of your own.",
)
@click.option(
    "--url",
    metavar="URL",
    help="What stands before the paths of the provider's document, such as https://gw.example.com/prefix.",
)
@KEY_ENV
@MODELS
@SELECT
@TIER
@click.option(
    "--max-images",
    type=click.IntRange(min=0),
    metavar="N",
    help="Never buy more pictures than this. A target that takes a request which it must refuse can pass the bound "
    "with that one; from then on what a refusal may buy is counted before it is sent. Default: no bound for a "
    "server on this machine, elsewhere twice those of the plan and 50 more.",
)
@click.option(
    "--max-cost",
    metavar="AMOUNT",
    help="Never spend more than this, in the currency of the prices that `plan` shows.",
)
@click.option(
    "--price",
    "prices",
    multiple=True,
    metavar="MODEL=AMOUNT",
    help="The price of a picture, where the spec does not know it (repeatable).",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where evidence and results go. Default: runs/PROVIDER-TIME.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Go on with an interrupted run. Nothing is bought twice; needs no other option.",
)
@BASELINE
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=1,
    metavar="N",
    help="So many requests at once. The verdicts are the same; mind the target's rate limits. Default: 1.",
)
@click.option(
    "--journal",
    metavar="MOCK_URL",
    help="The mock that is the target's upstream: what arrives there is compared with what was sent.",
)
@click.option(
    "--with-upstream",
    is_flag=True,
    help="Start such a mock for this run, and the gateway itself when its command follows after --.",
)
@click.option(
    "--upstream-port",
    type=click.IntRange(1, 65535),
    metavar="N",
    help="The port of that mock. Default: a free one.",
)
@REPORT
@click.option("--quiet", is_flag=True, help="No progress.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def run(  # one argument for each option that is not a wish
    baseline_file: Path | None,
    report: str,
    command: tuple[str, ...],
    upstream_port: int | None,
    *,
    with_upstream: bool,
    quiet: bool,
    **wishes: Any,
) -> None:
    """Hold a target to a provider's contract.

    --provider and --url are needed, or --config, or --resume. The command of --with-upstream finds the mock in
    UPSTREAM_URL, UPSTREAM_NATIVE (.../api/v1) and UPSTREAM_OPENAI (.../v1), and a key in UPSTREAM_KEY.
    """
    from qwen_image_conformance import campaign, starting
    from qwen_image_conformance.baseline import Baseline
    from qwen_image_conformance.upstream.standing import standing

    known = Baseline.read(baseline_file) if baseline_file is not None else None
    description = click.get_current_context().meta.get(_DESCRIPTION)
    both_ends = with_upstream or bool(wishes["journal"])
    with _progress(quiet=quiet) as progress:
        start = starting.prepared(
            starting.Wishes(**wishes, description=description, both_ends=both_ends), progress
        )
        behind = standing(
            start.spec, start.target.url, with_upstream=with_upstream, port=upstream_port, command=command
        )
        with behind as mock:
            options = replace(start.options, journal=mock) if mock else start.options
            try:
                done = campaign.run(start.spec, start.provider, start.target, start.plan, start.out, options)
            except KeyboardInterrupt:
                raise Interrupted(f"what was seen is kept; go on with: run --resume {start.out}") from None
    if known is not None:
        campaign.apply_baseline(done, known)
    _report(start.spec, done, report)


@cli.command(
    short_help="Judge recorded evidence again, without the network.",
    epilog=examples("judge runs/dieyuyun-20261120-120000", after=EXIT_CODES),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--provider", metavar="NAME|FILE", help="Judge by another provider's contract than the recorded one."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the results go. Default: beside the evidence.",
)
@BASELINE
@REPORT
def judge(
    file: Path, provider: str | None, out: Path | None, baseline_file: Path | None, report: str
) -> None:
    """Judge recorded evidence again, by today's spec and without the network.

    FILE is the folder of a run or of the proxy, or the evidence.jsonl in it.
    """
    from qwen_image_conformance import campaign
    from qwen_image_conformance.baseline import Baseline
    from qwen_image_conformance.choose import provider_of
    from qwen_image_conformance.evidence import Recording
    from qwen_image_conformance.places import check_folder
    from qwen_image_spec.loader import load

    spec = load()
    recording = Recording(file)
    chosen = provider_of(provider or recording.head.get("provider_file") or recording.head["provider"], spec)
    folder = out or recording.path.parent
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    done = campaign.rejudge(spec, chosen, recording, folder)
    if baseline_file is not None:
        campaign.apply_baseline(done, Baseline.read(baseline_file))
    _report(spec, done, report)


@cli.command(
    "list", epilog=examples("list models --provider dashscope", "list clauses --provider dieyuyun --json")
)
@click.argument("what", type=click.Choice(["clauses", "groups", "providers", "models"]), default="clauses")
@click.option("--provider", metavar="NAME|FILE", help="Only what applies to this provider, with levels.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(what: str, provider: str | None, *, as_json: bool) -> None:
    """List clauses (the default), groups, providers or models."""
    from qwen_image_conformance import listing

    listing.show(what, provider, as_json=as_json)


@cli.command(
    short_help="Tell what a clause says and where it comes from.",
    epilog=examples("explain n.count"),
)
@click.argument("clause")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def explain(clause: str, *, as_json: bool) -> None:
    """Tell what a clause says, where it comes from, and where it applies at which level."""
    from qwen_image_conformance import listing

    listing.explain(clause, as_json=as_json)


def _report(spec: Any, done: Any, report: str) -> None:
    from rich.console import Console

    from qwen_image_conformance.report.console import show, verdict

    console = Console(width=None if sys.stdout.isatty() else 132, highlight=False)
    if report == "full":
        show(console, spec, done.head, done.cases, done.end)
    elif report == "line":
        console.print(verdict(done.head, done.cases, done.end), soft_wrap=True)
    if done.stopped is not None:
        click.echo(f"stopped: {done.stopped.cause}\nhint:    {done.stopped.hint}", err=True)
    sys.exit(done.exit_code)


class _progress:  # noqa: N801 # reads as a verb where it is used
    """A line on a terminal's standard error that is rewritten for every probe; nothing elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        self.shown = sys.stderr.isatty() and not quiet

    def __enter__(self) -> Callable[[int, int, int, Any], None]:
        return self._step if self.shown else lambda *_: None

    def __exit__(self, *_: object) -> None:
        if self.shown:
            click.echo("\r\x1b[K", err=True, nl=False)

    @staticmethod
    def _step(index: int, total: int, images: int, probe: Any) -> None:
        click.echo(f"\r\x1b[K{index + 1}/{total}  {images} pictures  {probe.id}"[:110], err=True, nl=False)


cli.add_command(init)
cli.add_command(validate)
cli.add_command(baseline)
cli.add_command(report)
cli.add_command(diff)
cli.add_command(check_client)
cli.add_command(fuzz)
cli.add_command(learn)
cli.add_command(proxy)


def main() -> None:
    """Run the command. A SIGTERM ends it as Ctrl+C does: the mock and the gateway it started end with it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    cli(prog_name="qwen-image-conformance")
