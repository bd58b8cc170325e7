"""The commands around runs: `init`, `baseline`."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from qwen_image_conformance.problems import UsageProblem


@click.command()
@click.option("--provider", default="dieyuyun", show_default=True, metavar="NAME|FILE", help="Whose contract the target promises to keep.")
@click.option("--url", default="https://gw.example.com", show_default=True, metavar="URL", help="What stands before the paths of that contract.")
@click.option("--model", "models", multiple=True, metavar="NAME", help="Only this model (repeatable). Default: the first of the provider.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default="qwen-image.toml")
def init(provider: str, url: str, models: tuple[str, ...], file: Path) -> None:
    """Write a commented configuration for a gateway to FILE (qwen-image.toml)."""
    from qwen_image_conformance import configuration  # noqa: PLC0415 # keep --help quick
    from qwen_image_conformance.choose import models_of, provider_of  # noqa: PLC0415
    from qwen_image_conformance.plan import make_plan  # noqa: PLC0415
    from qwen_image_spec.loader import load  # noqa: PLC0415

    spec = load()
    chosen = provider_of(provider, spec)
    names = models_of(models, chosen) or (next(iter(chosen.models)),)
    plan = make_plan(spec, chosen, names)
    configuration.write(file, provider, url, list(names), plan.images)
    click.echo(f"wrote {file}\nnext:  qwen-image-conformance plan --config {file}\n       qwen-image-conformance run --config {file}")


@click.group()
def baseline() -> None:
    """Known failures: each with a reason and an end."""


_FILE = click.option("--file", type=click.Path(path_type=Path, dir_okay=False), default="qwen-image-baseline.yaml", show_default=True,
                     help="The baseline file.")


@baseline.command()
@click.argument("run", type=click.Path(path_type=Path))
@_FILE
@click.option("--reason", required=True, help="Why these failures are accepted.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="The last day on which they are (YYYY-MM-DD).")
def update(run: Path, file: Path, reason: str, expires: datetime | None) -> None:
    """Add every failure of RUN, drop every entry that passes there."""
    from qwen_image_conformance.baseline import Baseline  # noqa: PLC0415

    before = Baseline.read(file) if file.exists() else Baseline([])
    after = before.updated(_cases(run), reason, expires.date() if expires else None, date.today())  # noqa: DTZ011 # a day as people mean it
    after.write(file)
    click.echo(f"{file}: {len(after.entries)} known failure(s), {len(before.entries)} before")


@baseline.command()
@click.argument("run", type=click.Path(path_type=Path))
@_FILE
def prune(run: Path, file: Path) -> None:
    """Drop every entry that passes in RUN."""
    from qwen_image_conformance.baseline import Baseline  # noqa: PLC0415

    before = Baseline.read(file)
    passing = {(case["clause"], case["provider"], case["model"], case["operation"]) for case in _cases(run) if case["status"] in ("pass", "fixed")}
    kept = [entry for entry in before.entries if entry.key not in passing]
    Baseline(kept).write(file)
    click.echo(f"{file}: {len(kept)} known failure(s), {len(before.entries)} before")


def _cases(run: Path) -> list[dict[str, Any]]:
    import orjson  # noqa: PLC0415

    from qwen_image_conformance.events import FILE  # noqa: PLC0415

    path = run / FILE if run.is_dir() else run
    if not path.is_file():
        raise UsageProblem(f"{run} holds no results", f"give the folder of a run, or its {FILE}")
    try:
        lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    except orjson.JSONDecodeError as error:
        raise UsageProblem(f"{path} is no result file: {error}", f"give the {FILE} of a run") from error
    return [line for line in lines if line.get("event") == "case"]
