"""Where results go: a place that cannot be written to is told before anything is sent or bought."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

from qwen_image_conformance.problems import UsageProblem


def check_folder(path: Path) -> None:
    """See that a folder can be written to, or made. Raises UsageProblem; leaves nothing behind."""
    place = path
    while not place.exists() and place != place.parent:
        place = place.parent
    _try(place, path, "name a folder of your own")


def check_file(path: Path) -> None:
    """See that a file can be written. Raises UsageProblem; leaves nothing behind."""
    if not path.parent.is_dir():
        raise UsageProblem(f"there is no folder {path.parent}", "make it, or name another file")
    if path.exists():
        try:
            with path.open("ab"):
                return
        except OSError as error:
            raise UsageProblem(f"cannot write {path}: {error.strerror}", "name another file") from error
    _try(path.parent, path, "name a file in a folder of your own")


def _try(place: Path, wanted: Path, hint: str) -> None:
    try:
        with TemporaryFile(dir=place):
            return
    except OSError as error:
        raise UsageProblem(f"cannot write {wanted}: {error.strerror}", hint) from error
