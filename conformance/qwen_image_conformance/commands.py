"""The commands around runs: `init`, `validate`, `baseline`, `report`, `diff`."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from qwen_image_conformance.command_help import examples
from qwen_image_conformance.places import check_file
from qwen_image_conformance.problems import UsageProblem


@click.command(
    short_help="Write a description of your gateway to a file.",
    epilog=examples("init", "init --url https://gw.example.com --key-env MY_KEY"),
)
@click.option(
    "--provider",
    default="dieyuyun",
    show_default=True,
    metavar="NAME|FILE",
    help="Whose contract the target promises to keep.",
)
@click.option(
    "--url",
    metavar="URL",
    help="What stands before the paths of that contract. The gateway there is asked what it offers: its list of "
    "models and which paths it knows. Only GET is sent, nothing is bought. Default: an example, and nothing is asked.",
)
@click.option(
    "--key-env",
    metavar="VAR",
    help="The environment variable that holds the key; its name is written to FILE. Default: QWEN_IMAGE_API_KEY, "
    "then the provider's own.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="Only this model (repeatable). Default: those the gateway lists, else the first of the provider.",
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default="qwen-image.toml")
def init(provider: str, url: str | None, key_env: str | None, models: tuple[str, ...], file: Path) -> None:
    """Write a commented description of a gateway to FILE (default: qwen-image.toml), for `plan` and `run --config`."""
    from qwen_image_conformance import configuration_template  # keep --help quick
    from qwen_image_conformance.choose import models_of, provider_of
    from qwen_image_conformance.configuration_discovery import known_of
    from qwen_image_spec.loader import load

    chosen = provider_of(provider, load())
    known = known_of(chosen, provider, url, key_env, models_of(models, chosen))
    configuration_template.write(file, known)
    for note in known.notes:
        click.echo(note)
    click.echo(
        f"wrote {file}\nnext:  qwen-image-conformance validate {file}\n       qwen-image-conformance plan --config {file}\n"
        f"       qwen-image-conformance run --config {file}"
    )


@click.command(
    short_help="Explain every mistake in such a description.", epilog=examples("validate qwen-image.toml")
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default="qwen-image.toml")
def validate(file: Path) -> None:
    """Explain every mistake in FILE, the description of a gateway (default: qwen-image.toml). Sends nothing."""
    from qwen_image_conformance.configuration_check import check

    found = check(file)
    for cause, hint in found:
        where = "" if cause.startswith(str(file)) else f"{file}: "
        click.echo(f"error: {where}{cause}" + (f"\nhint:  {hint}" if hint else ""), err=True)
    if found:
        raise SystemExit(2)
    click.echo(f"{file} is valid\nnext:  qwen-image-conformance plan --config {file}")


@click.group(
    epilog=examples(
        "baseline update runs/RUN \\\n--reason 'ticket 7' --expires 2027-01-31",
        "baseline prune runs/RUN",
        "run --config qwen-image.toml \\\n--baseline qwen-image-baseline.yaml",
    )
)
def baseline() -> None:
    """Known failures: each with a reason and an end.

    RUN is the folder of a run, or its result.jsonl.
    """


_FILE = click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    default="qwen-image-baseline.yaml",
    show_default=True,
    help="The baseline file.",
)


@baseline.command(epilog=examples("baseline update runs/RUN \\\n--reason 'ticket 7' --expires 2027-01-31"))
@click.argument("run", type=click.Path(path_type=Path))
@_FILE
@click.option("--reason", required=True, help="Why these failures are accepted.")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The last day on which they are. Default: no end.",
)
def update(run: Path, file: Path, reason: str, expires: datetime | None) -> None:
    """Add every failure of RUN, drop every entry that passes there."""
    from qwen_image_conformance.baseline import Baseline

    if not reason.strip():
        raise UsageProblem(
            "--reason is empty", "say why these failures are accepted, such as --reason 'ticket 7'"
        )
    before = Baseline.read(file) if file.exists() else Baseline([])
    check_file(file)
    after = before.updated(_cases(run), reason, expires.date() if expires else None, date.today())  # noqa: DTZ011 # a day as people mean it
    after.write(file)
    click.echo(f"{file}: {len(after.entries)} known failure(s), {len(before.entries)} before")


@baseline.command(epilog=examples("baseline prune runs/RUN"))
@click.argument("run", type=click.Path(path_type=Path))
@_FILE
def prune(run: Path, file: Path) -> None:
    """Drop every entry that passes in RUN."""
    from qwen_image_conformance.baseline import Baseline

    before = Baseline.read(file)
    check_file(file)
    passing = {
        (case["clause"], case["provider"], case["model"], case["operation"])
        for case in _cases(run)
        if case["status"] in ("pass", "fixed")
    }
    kept = [entry for entry in before.entries if entry.key not in passing]
    Baseline(kept).write(file)
    click.echo(f"{file}: {len(kept)} known failure(s), {len(before.entries)} before")


def _cases(run: Path) -> list[dict[str, Any]]:
    from qwen_image_conformance.report import read

    return [dict(case) for case in read.read(run).cases]


@click.command(
    short_help="Show a run again: as text, HTML, Markdown, JUnit, badge.",
    epilog=examples(
        "report runs/dieyuyun-20261120-120000", "report runs/RUN --format html --out report.html"
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["console", "html", "markdown", "junit", "badge"]),
    default="console",
    show_default=True,
    help="html: one self-contained page; markdown: for a CI summary; badge: JSON for a badge service.",
)
@click.option(
    "--previous", type=click.Path(path_type=Path), metavar="RUN", help="An earlier run, to tell what changed."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write it. Default: standard output (junit: must be given).",
)
def report(file: Path, form: str, previous: Path | None, out: Path | None) -> None:
    """Show a run again: FILE is its folder or its result.jsonl."""
    from qwen_image_conformance.report import read

    if out is not None:
        check_file(out)
    record = read.read(file)
    earlier = read.read(previous) if previous is not None else None
    if form == "console":
        _console(record, out)
        return
    if form == "junit":
        _junit(record, out)
        return
    text = _rendered(form, record, earlier, file if file.is_dir() else file.parent)
    if out is None:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        out.write_text(text, "utf-8")


def _rendered(form: str, record: Any, earlier: Any, folder: Path) -> str:
    from qwen_image_spec.loader import load

    if form == "html":
        from qwen_image_conformance.report import html

        return html.render(record, load(), previous=earlier, images=folder / "images")
    if form == "markdown":
        from qwen_image_conformance.report import markdown

        return markdown.render(record, load(), previous=earlier)
    import orjson

    from qwen_image_conformance.report import badge

    return orjson.dumps(badge.endpoint(record), option=orjson.OPT_INDENT_2).decode() + "\n"


def _console(record: Any, out: Path | None) -> None:
    from rich.console import Console

    from qwen_image_conformance.report.console import show
    from qwen_image_spec.loader import load

    if out is None:
        show(Console(highlight=False), load(), record.head, record.cases, record.end)
        return
    with out.open("w", encoding="utf-8") as file:
        show(Console(file=file, width=150, highlight=False), load(), record.head, record.cases, record.end)


def _junit(record: Any, out: Path | None) -> None:
    from qwen_image_conformance.report import junit

    if out is None:
        raise UsageProblem("--format junit needs --out FILE", "a run also leaves junit.xml in its folder")
    junit.write(out, record.cases, f"{record.head['provider']} at {record.head['target']}")


@click.command(
    short_help="Tell what changed between two runs.",
    epilog=examples("diff runs/BEFORE runs/AFTER"),
)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
def diff(old: Path, new: Path) -> None:
    """Tell what changed between two runs. Exit code 1 when something regressed.

    OLD and NEW are folders of runs, or their result.jsonl.
    """
    from qwen_image_conformance.report import compare, read

    changes = compare.compare(read.read(old), read.read(new))
    click.echo(compare.text(changes))
    raise SystemExit(1 if any(change.kind == "regressed" for change in changes) else 0)
