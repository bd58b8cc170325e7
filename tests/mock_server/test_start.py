"""The command's way in: the search for garbage is off while the mock starts, and on when it serves."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from qwen_image_mock import cli, start


@pytest.mark.parametrize("ends", [None, SystemExit(2)])
def test_nothing_is_searched_while_the_command_starts(
    monkeypatch: pytest.MonkeyPatch, ends: BaseException | None
) -> None:
    seen: list[bool] = []

    def command() -> None:
        seen.append(gc.isenabled())
        if ends is not None:
            raise ends

    monkeypatch.setattr(cli, "main", command)
    try:
        start.main()
    except SystemExit:
        assert ends is not None
    assert seen == [False]
    assert gc.isenabled()


def test_a_mock_that_is_ready_is_searched_again() -> None:
    program = (
        "import gc; gc.disable(); from qwen_image_mock.tuning import tune; tune(); print(gc.isenabled())"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "True\n"
