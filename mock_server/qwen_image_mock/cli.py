"""The command `qwen-image-mock`."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from qwen_image_spec.options import Seconds

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from qwen_image_mock.settings import Settings
    from qwen_image_spec.model import Provider

KEYS_ENV = "QWEN_IMAGE_MOCK_KEYS"
TOKEN_ENV = "QWEN_IMAGE_MOCK_TOKEN"  # noqa: S105 # a variable's name
STORE_ENV = "QWEN_IMAGE_MOCK_STORE"


def _version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # click's signature
    if value and not context.resilient_parsing:
        from qwen_image_mock.admin import own_version  # keeps start-up short
        from qwen_image_spec import load  # same

        click.echo(f"qwen-image-mock {own_version()} (spec {load().version})")
        context.exit()


def _list_faults(
    context: click.Context, _parameter: click.Parameter, value: bool
) -> None:  # click's signature
    if value and not context.resilient_parsing:
        from qwen_image_mock.fault_kinds import names_of, overview  # keeps start-up short
        from qwen_image_spec import load  # same

        click.echo(overview(names_of(load().providers.values())))
        context.exit()


def _list_scenarios(
    context: click.Context, _parameter: click.Parameter, value: bool
) -> None:  # click's signature
    if value and not context.resilient_parsing:
        from qwen_image_mock.scenarios import overview  # keeps start-up short

        click.echo(overview())
        context.exit()


class _Command(click.Command):
    """The command, whose help tells the scenarios from their file."""

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the scenarios below the options."""
        from qwen_image_mock.scenarios import scenario_names  # keeps start-up short

        super().format_epilog(context, formatter)
        with formatter.section("Scenarios"):
            formatter.write_dl(list(scenario_names().items()))


@click.command(
    cls=_Command, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for other machines."
)
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--provider-file",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A provider of your own (YAML; repeatable), answered under its name.",
)
@click.option(
    "--openai-provider",
    metavar="NAME",
    default="dieyuyun",
    show_default=True,
    help="The provider that answers at /v1 without a name.",
)
@click.option(
    "--public-url",
    default="",
    metavar="URL",
    help="What stands before the addresses of pictures. Default: the Host the client used.",
)
@click.option(
    "--seed",
    type=int,
    help="Ids and pictures are the same after every start with this number. Default: drawn.",
)
@click.option("--strict", "strictness", flag_value="strict", help="Refuse unknown and misplaced fields.")
@click.option(
    "--warn",
    "strictness",
    flag_value="warn",
    default="warn",
    help="Put unknown and misplaced fields into the journal (default).",
)
@click.option("--off", "strictness", flag_value="off", help="Overlook unknown and misplaced fields.")
@click.option(
    "--task-seconds",
    default=1.0,
    show_default=True,
    type=Seconds(0),
    help="Seconds an asynchronous task takes; 0 is at once.",
)
@click.option(
    "--task-polls",
    type=click.IntRange(0),
    help="Let tasks end by queries instead of time: so many see them unfinished.",
)
@click.option(
    "--usage",
    default="",
    metavar="DIALECT",
    help="How OpenAI-style answers say what was used: none, image-count, openai, or seed-004 "
    "(as a provider's page prints it; some proxies fail on it). Default: each provider's own.",
)
@click.option("--limits", is_flag=True, help="Enforce the rate and concurrency limits of each model.")
@click.option("--scenario", default="", metavar="NAME", help="Simulate a mix of conditions; see below.")
@click.option("--hints", is_flag=True, help="Tell violations in a header of the answer, X-Mock-Violations.")
@click.option(
    "--fetch-images", is_flag=True, help="Fetch input images that are given by address from other hosts."
)
@click.option(
    "--body-limit",
    default=32,
    show_default=True,
    type=click.IntRange(1, 1024),
    help="Largest request body, in MiB.",
)
@click.option(
    "--header-seconds",
    default=20.0,
    show_default=True,
    type=Seconds(1),
    help="Seconds a client may take to send a request's headers; then its connection is closed.",
)
@click.option(
    "--body-seconds",
    default=120.0,
    show_default=True,
    type=Seconds(1),
    help="Seconds a client may take to send a request's body.",
)
@click.option(
    "--store",
    default="",
    metavar="URL",
    envvar=STORE_ENV,
    show_envvar=True,
    help="Keep what happened in Redis, for several workers or replicas that serve as one mock: "
    "redis://HOST:PORT/DATABASE. Default: in this process.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 128),
    help="Processes that serve; more than one need --store.",
)
@click.option(
    "--journal-entries",
    default=2000,
    show_default=True,
    type=click.IntRange(1),
    help="Requests the journal keeps, and as many fetches of pictures.",
)
@click.option(
    "--journal-limit",
    default=16,
    show_default=True,
    type=click.IntRange(1),
    help="Largest size of the journal, in MiB.",
)
@click.option(
    "--keep-tasks",
    default=20_000,
    show_default=True,
    type=click.IntRange(1),
    help="Tasks that are kept, each for a day.",
)
@click.option(
    "--keep-uploads",
    default=10_000,
    show_default=True,
    type=click.IntRange(1),
    help="Uploaded files that are remembered, each for its life.",
)
@click.option(
    "--list-faults",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_faults,
    help="Print the conditions that can be simulated.",
)
@click.option(
    "--list-scenarios",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_scenarios,
    help="Print the scenarios.",
)
@click.option("--quiet", is_flag=True, help="Print the address only.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
def main(host: str, port: int, *, workers: int, quiet: bool, **options: Any) -> None:
    """Serve a mock of every provider of the contract.

    Each provider answers under /NAME (for example /dashscope/api/v1/...), the defaults also without
    a name: /v1, /api/v1, /compatible-mode/v1. The first line printed is the address. The journal is
    at /_mock/requests.

    \b
    API keys: any key is taken, except one that contains invalid, wrong, bad,
    revoked, expired or refused.
    Faults (--list-faults) are asked for in one of these ways:
      prompt  a cat [[mock:throttle retry_after=1 times=2]]
      key     sk-mock-throttle
      model   MODEL+mock-throttle, with options MODEL+mock-throttle,times=2
      admin   POST /_mock/faults
              {"name": "throttle", "times": 2, "operation": "query"}
    Tasks, while it runs: POST /_mock/tasks
      {"seconds": 5} or {"polls": 3} or {"at_once": true}

    \b
    Examples:
      qwen-image-mock
      qwen-image-mock --port 9000 --limits --scenario bad-day
      qwen-image-mock --provider-file my-gateway.yaml
      qwen-image-mock --workers 4 --store redis://127.0.0.1:6379/0

    \b
    Environment variables:
      QWEN_IMAGE_MOCK_KEYS   comma-separated API keys: only these are taken
      QWEN_IMAGE_MOCK_TOKEN  opens /_mock to other machines that send it in the
                             header X-Mock-Token; without it: this machine only
      QWEN_IMAGE_MOCK_STORE  the same as --store
      REDIS_PASSWORD         the password for --store, when the URL has none
    """  # noqa: D301 # click reads the \b
    from qwen_image_mock.app import create_app  # so that --help is quick
    from qwen_image_mock.scenarios import UnknownScenario  # same
    from qwen_image_mock.server import listen  # same
    from qwen_image_mock.store import StoreProblem  # same
    from qwen_image_spec import SpecError  # same

    if workers > 1:
        _check_workers(options["store"])
    _check_public_url(options["public_url"])
    try:
        app = create_app(_settings(**options))
    except (SpecError, UnknownScenario) as error:
        _fail(re.sub(r"^(--[a-z-]+):1:", r"\1:", str(error)))  # an option has no line
    except StoreProblem as error:
        _fail(str(error), error.hint)
    _check_style(app.state.providers, options["openai_provider"])
    try:
        listener = listen(host, port)
    except OSError as error:
        _fail(
            f"cannot listen on {host} port {port}: {error.strerror or error}",
            _port_hint(error),
        )
    _run(app, listener, workers, quiet=quiet)


def _fail(cause: str, hint: str = "") -> NoReturn:
    click.echo(f"error: {cause}" + (f"\n    hint: {hint}" if hint else ""), err=True)
    sys.exit(2)


def _port_hint(error: OSError) -> str:
    import errno  # so that --help is quick
    from socket import gaierror  # same

    if isinstance(error, gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return "--host is an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "low ports are the administrator's; --port 0 takes a free one"
    return "another program may have the port; --port 0 takes a free one"


def _check_public_url(url: str) -> None:
    from urllib.parse import urlsplit  # so that --help is quick

    try:
        parts = urlsplit(url)
        usable = not url or (parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0)
    except ValueError:
        usable = False
    if not usable:
        _fail(f"--public-url {url!r} is no http(s) address", "write it like https://mock.example.com")


def _check_style(providers: Mapping[str, Provider], name: str) -> None:
    if providers[name].style != "openai":
        others = ", ".join(one.id for one in providers.values() if one.style == "openai")
        _fail(f"--openai-provider {name}: it does not speak that style", f"those that do: {others}")


def _check_workers(store: str) -> None:
    from qwen_image_mock.workers import supported  # so that --help is quick

    if not store:
        _fail(
            "several workers share nothing: a task submitted to one would be unknown to the others",
            "name a Redis server, --store redis://127.0.0.1:6379/0, or serve with one worker",
        )
    if not supported():
        _fail("this system cannot fork: one worker only", "start several mocks with the same --store")


def _settings(
    *,
    files: tuple[Path, ...],
    body_limit: int,
    journal_limit: int,
    keep_tasks: int,
    keep_uploads: int,
    **others: Any,
) -> Settings:
    """Put options and environment together."""
    from qwen_image_mock.settings import MEBIBYTE, Settings  # so that --help is quick

    keys = frozenset(key.strip() for key in os.environ.get(KEYS_ENV, "").split(",") if key.strip())
    return Settings(
        provider_files=files,
        body_limit=body_limit * MEBIBYTE,
        journal_bytes=journal_limit * MEBIBYTE,
        tasks=keep_tasks,
        uploads=keep_uploads,
        keys=keys or None,
        token=os.environ.get(TOKEN_ENV, ""),
        **others,
    )


def _run(app: Any, listener: socket.socket, workers: int, *, quiet: bool) -> None:
    from qwen_image_mock.server import server_of, url_of  # so that --help is quick
    from qwen_image_mock.tuning import tune  # same
    from qwen_image_mock.workers import serve_with  # same

    tune()
    click.echo(url_of(listener))
    if not quiet:
        names = ", ".join(app.state.providers)
        click.echo(f"providers: {names}; journal: {url_of(listener)}/_mock/requests; stop with Ctrl+C")
        if app.state.shared is not None:
            click.echo(f"{workers} workers share {app.state.shared.address.shown}")
    sys.stdout.flush()
    if workers > 1:
        serve_with(app, listener, workers)
        return
    with suppress(KeyboardInterrupt):  # how one stops it
        server_of(app).run(sockets=[listener])
