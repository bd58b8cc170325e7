"""Draw the console report of a run as an SVG: `python tools/picture.py runs/demo/broken docs/report.svg`."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import orjson
from rich.console import Console

from qwen_image_conformance.report.console import show
from qwen_image_spec import load

_REMOTE = re.compile(r"""\s*url\("https?:[^"]*"\)\s*format\("[^"]*"\)\s*,?|,(?=\s*;)""")


def main(run: Path, picture: Path) -> None:
    """Read a run's result file and write the picture."""
    events = [orjson.loads(line) for line in (run / "result.jsonl").read_bytes().splitlines()]
    console = Console(width=132, record=True, highlight=False, file=io.StringIO(), force_terminal=True)
    show(console, load(), events[0], [event for event in events if event["event"] == "case"], events[-1])
    svg = console.export_svg(title="qwen-image-conformance run")
    picture.write_text(_REMOTE.sub("", svg), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
