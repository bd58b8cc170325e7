"""The commands that watch others: `check-client` a client, `proxy` real traffic."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from qwen_image_conformance.command_help import examples
from qwen_image_spec.options import Seconds
from qwen_image_spec.problems import suggestion

FailOn = Literal["must", "should", "never"]

_PROVIDER = click.option(
    "--provider",
    required=True,
    metavar="NAME|FILE",
    help="The contract: a provider's name, or a YAML file of your own.",
)
_OUT = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where evidence and results go. Default: a new folder in runs/.",
)
_FAIL_ON = click.option(
    "--fail-on",
    type=click.Choice(["must", "should", "never"]),
    default="must",
    show_default=True,
    help="What makes the exit code 1: a broken MUST clause; a SHOULD clause, too; nothing.",
)


@click.command(
    "check-client",
    context_settings={"ignore_unknown_options": True},
    short_help="Run a client against a mock; tell what it does wrong.",
    epilog=examples(
        "check-client --provider dieyuyun -- python my_app.py",
        "check-client --provider dashscope \\\n--fault 'throttle times=2' -- npm test",
    ),
)
@_PROVIDER
@click.option(
    "--fault",
    default="",
    metavar="'NAME key=value ...'",
    help="A condition of the mock, for example 'throttle times=2 retry_after=3'.",
)
@click.option(
    "--scenario",
    default="",
    metavar="NAME",
    help="A mix of conditions: see qwen-image-mock --list-scenarios.",
)
@click.option(
    "--timeout",
    default=120.0,
    show_default=True,
    type=Seconds(0, min_open=True),
    help="Seconds the client may take.",
)
@click.option(
    "--task-seconds",
    default=1.0,
    show_default=True,
    type=Seconds(0),
    help="Seconds an asynchronous task takes.",
)
@_OUT
@_FAIL_ON
@click.option(
    "--same-host",
    is_flag=True,
    help="Serve pictures from the API's host, for clients that insist; a key sent along is then no leak.",
)
@click.option("--quiet", is_flag=True, help="Do not show what the client prints.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def check_client(  # one argument an option
    provider: str,
    fault: str,
    scenario: str,
    timeout: float,  # no coroutine
    task_seconds: float,
    out: Path | None,
    fail_on: FailOn,
    command: tuple[str, ...],
    *,
    same_host: bool,
    quiet: bool,
) -> None:
    """Run a client against a mock and tell what it does wrong. COMMAND starts the client; write it after --.

    The client must take the mock's address and key from its environment: OPENAI_BASE_URL and OPENAI_API_KEY,
    DASHSCOPE_HTTP_BASE_URL (or DASHSCOPE_BASE_URL) and DASHSCOPE_API_KEY are set for it; QWEN_IMAGE_MOCK_URL is the
    mock without a path.
    """
    from qwen_image_conformance.check_client import Options, run  # keep --help quick
    from qwen_image_conformance.client_report import console_for

    if command and command[0].startswith("-"):
        known = (name for each in click.get_current_context().command.params for name in each.opts)
        raise click.UsageError(f"No such option {command[0]!r}: {suggestion(command[0], known)}")
    options = Options(
        command=command,
        provider=provider,
        fault=fault,
        scenario=scenario,
        timeout=timeout,
        task_seconds=task_seconds,
        out=out,
        fail_on=fail_on,
        same_host=same_host,
        client_output=not quiet,
    )
    sys.exit(run(options, console_for()).exit_code)


@click.command(
    short_help="Forward real traffic; tell where it leaves the contract.",
    epilog=examples("proxy --provider dashscope \\\n--upstream https://dashscope.aliyuncs.com"),
)
@_PROVIDER
@click.option(
    "--upstream",
    required=True,
    metavar="URL",
    help="Where everything is forwarded to: what stands before the provider's paths.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8001,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@_OUT
@_FAIL_ON
@click.option(
    "--keep",
    default=8,
    show_default=True,
    type=click.IntRange(1),
    metavar="MIB",
    help="Bodies larger than so many MiB are kept by their hash and not judged.",
)
@click.option(
    "--fetch-pictures", is_flag=True, help="Fetch the pictures too, without credentials, to judge them."
)
@click.option("--quiet", is_flag=True, help="Print the address and the end only.")
def proxy(  # one argument an option
    provider: str,
    upstream: str,
    host: str,
    port: int,
    out: Path | None,
    fail_on: FailOn,
    keep: int,
    *,
    fetch_pictures: bool,
    quiet: bool,
) -> None:
    """Forward real traffic untouched, keep evidence, and tell where it drifts from the contract.

    Point your client's base URL at the address that is printed first; Ctrl+C ends it and tells what the traffic came
    to. Keys are passed on and never written down.
    """
    from qwen_image_conformance.proxy import Options, serve  # keep --help quick

    options = Options(
        provider=provider,
        upstream=upstream,
        host=host,
        port=port,
        out=out,
        fail_on=fail_on,
        keep=keep,
        fetch=fetch_pictures,
        quiet=quiet,
    )
    sys.exit(serve(options))
