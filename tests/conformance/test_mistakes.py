"""Wrong flags, wrong values, missing files, taken ports, places that cannot be written: cause and hint, exit code 2."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from qwen_image_conformance.cli import cli
from qwen_image_conformance.places import check_file, check_folder
from qwen_image_conformance.problems import UsageProblem

P = ("--provider", "dieyuyun")
U = ("--url", "http://127.0.0.1:9")
UP = ("--upstream", "http://127.0.0.1:9", "--port", "0")


def refused(*words: str, env: dict[str, str] | None = None) -> str:
    """What a command says that must end with 2, and as a user's mistake rather than as ours."""
    done = CliRunner().invoke(cli, list(words), env=env)
    assert done.exit_code == 2, done.output
    assert isinstance(done.exception, SystemExit), done.exception
    return done.output


@pytest.fixture(scope="module")
def run(mock_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a short run."""
    out = tmp_path_factory.mktemp("runs") / "run"
    where = (
        "--url",
        f"{mock_url}/dieyuyun",
        "--model",
        "qwen-image-plus",
        "--tier",
        "smoke",
        "--out",
        str(out),
    )
    done = CliRunner().invoke(cli, ["run", *P, *where, "--report", "none"])
    assert done.exit_code == 0, done.output
    return str(out)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file in it where others may want a folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x", "utf-8")
    return tmp_path


@pytest.fixture
def port() -> Iterator[str]:
    """A port that is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield str(taken.getsockname()[1])


def every() -> Iterator[list[str]]:
    """The words of every command."""
    for name, command in cli.commands.items():
        below = command.commands if isinstance(command, click.Group) else {}
        yield [name]
        yield from ([name, each] for each in below)


@pytest.mark.parametrize("words", list(every()), ids=" ".join)
def test_a_wrong_flag_is_named(words: list[str]) -> None:
    needed = P if words == ["check-client"] else ()
    assert "--no-such-flag" in refused(*words, *needed, "--no-such-flag")


@pytest.mark.parametrize(
    "words",
    [
        ("run", *P, *U, "--out", "file/x"),
        ("proxy", *P, *UP, "--out", "file/x"),
        ("check-client", *P, "--out", "file/x", "--", "true"),
        ("learn", *P, *U, "--evidence", "file/x"),
        ("init", "file/x.toml"),
        ("init", "nowhere/x.toml"),
    ],
    ids=lambda words: " ".join(words[:1] + words[-2:]),
)
def test_a_place_that_cannot_be_written_is_told_at_once(here: Path, words: tuple[str, ...]) -> None:
    text = refused(*words)
    assert "hint:" in text
    assert any(told in text for told in ("cannot write file/x: Not a directory", "there is no folder"))
    assert sorted(here.iterdir()) == [here / "file"]  # nothing is left behind


@pytest.mark.parametrize(
    "words",
    [
        ("judge", "RUN", "--out", "file/x"),
        ("report", "RUN", "--out", "nowhere/x"),
        ("report", "RUN", "--format", "html", "--out", "file/x"),
        ("report", "RUN", "--format", "junit", "--out", "nowhere/x"),
        ("learn", "RUN", "--out", "nowhere/x.yaml"),
        ("baseline", "update", "RUN", "--reason", "x", "--file", "nowhere/b.yaml"),
    ],
    ids=" ".join,
)
def test_results_of_a_run_that_cannot_be_written(here: Path, run: str, words: tuple[str, ...]) -> None:
    assert "hint:" in refused(*(run if word == "RUN" else word for word in words))
    assert sorted(here.iterdir()) == [here / "file"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk(run: str) -> None:
    text = refused("report", run, "--format", "html", "--out", "/dev/full")
    assert "No space left" in text
    assert "is there room" in text


def test_an_error_that_is_no_files_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ConnectionResetError(104, "Connection reset by peer")

    monkeypatch.setattr("qwen_image_conformance.listing.show", broken)
    done = CliRunner().invoke(cli, ["list"])
    assert isinstance(done.exception, ConnectionResetError)


@pytest.mark.parametrize(
    "url", ["garbage", "ftp://x", "http://127.0.0.1:abc", "http://[::1", "http://", "http://x:70000"]
)
@pytest.mark.parametrize(
    "words",
    [
        ("run", *P, "--url"),
        ("fuzz", *P, "--url"),
        ("learn", *P, "--url"),
        ("init", "--url"),
        ("proxy", *P, "--upstream"),
    ],
    ids=lambda words: words[0],
)
def test_an_address_that_is_none(here: Path, words: tuple[str, ...], url: str) -> None:
    assert "is no http(s) address" in refused(*words, url)
    assert sorted(here.iterdir()) == [here / "file"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("fuzz", *P, *U, "--max-examples", "0"), "--max-examples"),
        (("proxy", *P, *UP, "--keep", "0"), "--keep"),
        (("check-client", *P, "--timeout", "-1", "--", "true"), "--timeout"),
        (("check-client", *P, "--timeout", "0", "--", "true"), "--timeout"),
        (("check-client", *P, "--timeout", "nan", "--", "true"), "no number of seconds"),
        (("check-client", *P, "--task-seconds", "inf", "--", "true"), "no number of seconds"),
        (("check-client", *P, "--fault", " ", "--", "true"), "--fault is empty"),
        (("check-client", *P, "--timout", "3", "--", "true"), "did you mean '--timeout'?"),
        (("proxy", *P, *UP, "--host", "256.1.1.1"), "--host is an address of this machine"),
        (("proxy", *P, *UP, "--host", "192.0.2.1"), "--host is an address of this machine"),
    ],
    ids=lambda part: " ".join(part[:1] + part[-3:]) if isinstance(part, tuple) else "",
)
def test_a_wrong_value(words: tuple[str, ...], told: str) -> None:
    assert told in refused(*words)


@pytest.mark.usefixtures("here")
def test_a_reason_is_words(run: str) -> None:
    assert "--reason is empty" in refused("baseline", "update", run, "--reason", " ")


def test_a_taken_port(port: str) -> None:
    upstream = ("--upstream", "http://127.0.0.1:9")
    assert "--port 0 takes a free one" in refused("proxy", *P, *upstream, "--port", port)
    text = refused("run", *P, *U, "--with-upstream", "--upstream-port", port)
    assert (
        f"error: the mock does not start: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
        in text
    )
    assert "hint:  another program may have the port" in text


def test_a_place_that_can_be_written_is_let_be(tmp_path: Path) -> None:
    check_folder(tmp_path / "new" / "run")
    check_file(tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "report.html").write_text("kept", "utf-8")
    check_file(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text("utf-8") == "kept"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to the administrator")
def test_a_folder_of_somebody_else(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UsageProblem, match="Permission denied"):
            check_folder(tmp_path / "run")
        with pytest.raises(UsageProblem, match="Permission denied"):
            check_file(tmp_path / "report.html")
    finally:
        tmp_path.chmod(0o700)
