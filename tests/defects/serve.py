"""Serve a broken gateway: `python tests/defects/serve.py NAME ... [--port N]`. Without a name, lists them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import click
import uvicorn

from defects.catalogue import DEFECTS
from defects.wrap import wrap
from qwen_image_mock import create_app
from qwen_image_mock.server import config, listen, url_of


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(sorted(DEFECTS)))
@click.option("--port", default=0, help="Port to listen on; 0 takes a free one.")
def main(names: tuple[str, ...], port: int) -> None:
    """Serve the mock with contract violations built in."""
    if not names:
        for defect in DEFECTS.values():
            click.echo(f"{defect.id:<32} breaks {defect.clause:<34} at {defect.provider} ({defect.model})")
        return
    listener = listen("127.0.0.1", port)
    click.echo(url_of(listener))
    sys.stdout.flush()
    app = create_app()
    for name in names:
        app = wrap(app, DEFECTS[name])
    uvicorn.Server(config(app)).run(sockets=[listener])


if __name__ == "__main__":
    main()
