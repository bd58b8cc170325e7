"""Serve the right gateway: `python tests/servers/right_gateway/serve.py --upstream URL [--port N] [--defect NAME ...]`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import click
import uvicorn

from servers.right_gateway import Manners, create_gateway


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--upstream", required=True, metavar="URL", help="What stands before /api/v1.")
@click.option("--port", default=8100, show_default=True)
@click.option("--pause", default=1.0, show_default=True, help="Seconds between two polls.")
def main(upstream: str, port: int, pause: float) -> None:
    """Serve the right gateway on 127.0.0.1."""
    uvicorn.run(
        create_gateway(upstream, Manners(pause=pause)), host="127.0.0.1", port=port, log_level="warning"
    )


if __name__ == "__main__":
    main()
