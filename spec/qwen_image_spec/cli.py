"""The command `qwen-image-spec`: read, compare, generate from and check the contract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qwen_image_spec import console
from qwen_image_spec.problems import Problem, SpecError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qwen_image_spec.model import Model, Provider, Spec

_FILES = (".yaml", ".yml")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON: sorted, the same every time.")


class _Told(click.ClickException):
    """A mistake of the user: told in a line or a list, exit code 2, no traceback."""

    exit_code = 2

    def __init__(self, error: SpecError) -> None:
        if isinstance(error, UnknownName):
            text = "; ".join(
                f"{problem.what}: {problem.hint}" if problem.hint else problem.what
                for problem in error.problems
            )
        else:
            text = str(error)
        super().__init__(text)

    def show(self, file: Any = None) -> None:
        """Print the mistakes to stderr."""
        click.echo(self.message, file=file, err=True)


class _Commands(click.Group):
    """Commands whose wrong names are told with the nearest right one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which is nearest."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise _Told(UnknownName([Problem.unknown("", 1, "command", args[0], self.commands)]))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, and tell the user's mistakes."""
        try:
            return super().invoke(ctx)
        except SpecError as error:
            raise _Told(error) from error


def _version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:  # click's signature
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import PackageNotFoundError, version  # slow to import

        try:
            package = version("qwen-image-contract")
        except PackageNotFoundError:
            package = "from source"
        click.echo(f"qwen-image-spec {package}, contract {_spec().version}")
        ctx.exit()


def _spec() -> Spec:
    from qwen_image_spec.loader import load  # --help needs no data

    return load()


def _provider(name: str) -> Provider:
    """A shipped provider by name, or one of the user's by the path of its file."""
    from qwen_image_spec.loader import get_provider, load_provider  # --help needs no data

    return load_provider(Path(name)) if name.endswith(_FILES) else get_provider(name)


def _providers(name: str | None) -> list[Provider]:
    return [_provider(name)] if name else list(_spec().providers.values())


def _one_of(kind: str, names: Iterable[str]) -> Callable[[click.Context, click.Parameter, str], str]:
    def check(_ctx: click.Context, _option: click.Parameter, value: str) -> str:
        if value not in names:
            raise _Told(UnknownName([Problem.unknown("", 1, kind, value, names)]))
        return value

    return check


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExamples:\n"
    "  qwen-image-spec list models --provider dashscope\n"
    "  qwen-image-spec diff dieyuyun skyengine\n"
    "  qwen-image-spec explain n.above-maximum\n"
    "  qwen-image-spec openapi dieyuyun --yaml > dieyuyun.yaml\n"
    "  qwen-image-spec validate my-gateway.yaml\n\n"
    "\b\nExit codes: 0 done, 2 a mistake, told with what is near.\n"
    "NO_COLOR (an environment variable) switches colours off.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the versions of the package and of the contract.",
)
def main() -> None:
    """The contract of Qwen-Image and Wan image generation: what each provider takes, refuses and answers.

    PROVIDER is a name of `list providers`, or the path of a YAML file of your own.
    """


@main.command("list", short_help="Models, providers, clauses, sources, disputes or errors.")
@click.argument(
    "what",
    default="models",
    callback=_one_of("list", ("models", "providers", "clauses", "sources", "disputes", "errors")),
)
@click.option(
    "--provider", "-p", metavar="PROVIDER", help="Only this provider (for models, providers and errors)."
)
@_json
def list_(what: str, provider: str | None, *, as_json: bool) -> None:
    """List WHAT: models (default), providers, clauses, sources, disputes or errors."""
    from qwen_image_spec import listing  # only this command needs it

    rows = listing.records(what, _spec(), _providers(provider))
    if as_json:
        console.print_json(rows)
    else:
        heads, keep = listing.headers(what)
        console.table(heads, listing.table(what, rows), keep=keep, indent=0)
        console.say(f"\n{len(rows)} {what}, contract {_spec().version}")


@main.command(short_help="All that is known of a model.")
@click.argument("model")
@click.option("--provider", "-p", metavar="PROVIDER", help="Only at this provider.")
@_json
def show(model: str, provider: str | None, *, as_json: bool) -> None:
    """Show all that is known of MODEL at every provider that has it, with the source of every value."""
    from qwen_image_spec.show import show_model  # only this command needs it

    found = _found(model, _providers(provider))
    if as_json:
        console.print_json(
            {
                one.id: {"model": known, "endpoints": {name: one.endpoints[name] for name in known.endpoints}}
                for one, known in found
            }
        )
        return
    for index, (one, known) in enumerate(found):
        if index:
            console.say()
        show_model(_spec(), one, known)


def _found(model: str, providers: list[Provider]) -> list[tuple[Provider, Model]]:
    found = [(one, one.models[model]) for one in providers if model in one.models]
    if not found:
        where = f"model of {providers[0].id}" if len(providers) == 1 else "model"
        raise UnknownName(
            [Problem.unknown("", 1, where, model, {name for one in providers for name in one.models})]
        )
    return found


@main.command(short_help="What two providers say differently.")
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@_json
def diff(left: str, right: str, *, as_json: bool) -> None:
    """Show what providers A and B say differently, with the source of both."""
    from qwen_image_spec.diff import compare  # only this command needs it
    from qwen_image_spec.diff_view import print_differences  # same

    ours, theirs = _provider(left), _provider(right)
    found = compare(ours, theirs)
    if as_json:
        console.print_json({"left": ours.id, "right": theirs.id, "differences": found})
    else:
        print_differences(ours, theirs, found)


@main.command(short_help="An OpenAPI 3.1 document of a provider.")
@click.argument("provider")
@click.option("--yaml", "as_yaml", is_flag=True, help="Print YAML instead of JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON with sorted keys.")
def openapi(provider: str, *, as_yaml: bool, as_json: bool) -> None:
    """Print an OpenAPI 3.1 document of PROVIDER (JSON, in reading order)."""
    from qwen_image_spec.openapi import document  # only this command needs it

    if as_yaml and as_json:
        raise click.UsageError("--yaml and --json exclude each other")
    generated = document(_provider(provider))
    if as_yaml:
        console.print_yaml(generated)
    else:
        console.print_json(generated, sort=as_json)


@main.command(short_help="JSON Schemas of a model at a provider.")
@click.argument("provider")
@click.argument("model")
@click.option(
    "--endpoint", metavar="ENDPOINT", help="Only this endpoint of the model: a name of `show MODEL`."
)
@_json
def schema(provider: str, model: str, endpoint: str | None, *, as_json: bool) -> None:
    """Print the JSON Schemas of MODEL at PROVIDER: request and response of each endpoint, and the error."""
    from qwen_image_spec import jsonschema  # only this command needs it

    one = _provider(provider)
    _, known = _found(model, [one])[0]
    if endpoint is not None and endpoint not in known.endpoints:
        raise UnknownName([Problem.unknown("", 1, f"endpoint of {model}", endpoint, known.endpoints)])
    chosen = [one.endpoints[name] for name in ([endpoint] if endpoint else known.endpoints)]
    schemas: dict[str, Any] = {}
    for each in chosen:
        request = jsonschema.request_schema(one, known, each) if jsonschema.has_body(each) else None
        schemas[each.id] = {"request": request, "response": jsonschema.response_schema(one, known, each)}
    console.print_json({"endpoints": schemas, "error": jsonschema.error_schema(one)}, sort=as_json)


@main.command(short_help="A clause: its levels, sources and disputes.")
@click.argument("clause")
@_json
def explain(clause: str, *, as_json: bool) -> None:
    """Explain CLAUSE: its sentence, its level at each provider, where it is from, and what is disputed."""
    from qwen_image_spec import explain as explaining  # only this command needs it

    known = explaining.clause_named(_spec(), clause)
    if as_json:
        console.print_json({"clause": known, "holds": explaining.standings(_spec(), known)})
    else:
        explaining.explain(_spec(), known)


@main.command(short_help="Check a document of your own.")
@click.argument("file", type=click.Path(path_type=Path))
@_json
def validate(file: Path, *, as_json: bool) -> None:
    """Check FILE, a provider document of your own: every mistake with its line. Exits 0 or 2."""
    from qwen_image_spec.validate import summary  # needs jsonschema

    try:
        about = summary(file)
    except SpecError as error:
        if not as_json:
            count = len(error.problems)
            click.echo(f"{error}\n{count} mistake{'s' if count != 1 else ''} in {file}", err=True)
        else:
            console.print_json(
                {
                    "file": str(file),
                    "valid": False,
                    "mistakes": [
                        {"line": each.line, "what": each.what, "hint": each.hint, "path": list(each.path)}
                        for each in error.problems
                    ],
                }
            )
        raise click.exceptions.Exit(2) from None
    if as_json:
        console.print_json({"file": str(file), "valid": True, **about})
    else:
        words = ", ".join(
            f"{value} {key}" if isinstance(value, int) else f"{key} {value}" for key, value in about.items()
        )
        click.echo(f"{file} is valid: {words}")
