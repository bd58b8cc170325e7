"""Pictures of the HTML report in a real browser: `python tools/screenshots.py runs/demo/broken docs/report`.

Writes docs/report-light.png and docs/report-dark.png: the first screen, 1400 x 1000. Needs Chromium or Chrome
on PATH.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from qwen_image_conformance.report.html import render
from qwen_image_conformance.report.read import Record, read
from qwen_image_spec import load

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WIDTH, HEIGHT = 1400, 1000
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)
THEMES = {"dark": 0, "light": 1}


def browser() -> str:
    """The browser's path; ends the program with a hint when there is none."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        sys.exit(
            f"error: no browser on PATH (looked for {', '.join(BROWSERS)})\n"
            "hint:  install Chromium, or add its folder to PATH"
        )
    return found


def shoot(program: str, page: Path, picture: Path, theme: str) -> None:
    """One picture of a page in a theme, as a browser with an empty profile shows it."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            program,
            *FLAGS,
            f"--user-data-dir={profile}",
            f"--blink-settings=preferredColorScheme={THEMES[theme]}",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={picture}",
            page.as_uri(),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 # our own command
    if not picture.is_file():
        sys.exit(f"error: {program} made no picture\n{done.stderr[-2000:]}")
    with Image.open(picture) as shot:
        small = shot.convert("RGB").crop((0, 0, WIDTH, HEIGHT)).quantize(256, dither=Image.Dither.NONE)
    small.save(picture, optimize=True)


def main(run: Path, stem: str) -> None:
    """Render the report of a run and take both pictures."""
    program = browser()
    html = render(_presentable(read(run)), load(), images=run / "images")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(html, "utf-8")
        for theme in THEMES:
            picture = Path(f"{stem}-{theme}.png").resolve()
            picture.unlink(missing_ok=True)
            shoot(program, page, picture, theme)
            sys.stdout.write(f"{stem}-{theme}.png  {picture.stat().st_size / 1000:.0f} kB\n")


def _presentable(run: Record) -> Record:
    """The run with its passing port written as 8000, so that pictures of two days look alike."""
    port = re.search(r"//127\.0\.0\.1:(\d+)", str(run.head["target"]))
    if port is None:
        return run
    old, new = f"127.0.0.1:{port[1]}", "127.0.0.1:8000"
    cases = [{**case, "curl": str(case["curl"]).replace(old, new)} for case in run.cases]
    return Record({**run.head, "target": str(run.head["target"]).replace(old, new)}, cases, run.end)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python tools/screenshots.py RUN STEM      for example runs/demo/broken docs/report")
    main(Path(sys.argv[1]), sys.argv[2])
