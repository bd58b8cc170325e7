"""The help of every command: whole sentences at 80 columns, an example, and every variable that is read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from qwen_image_conformance.cli import cli as suite
from qwen_image_mock.cli import main as mock
from qwen_image_spec.cli import main as spec

COMMANDS = {"qwen-image-spec": spec, "qwen-image-mock": mock, "qwen-image-conformance": suite}
COLUMNS = 80


def walked(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The words that lead to a command and to all below it."""
    yield words
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from walked(below, (*words, name))


EVERY = [words for name, command in COMMANDS.items() for words in walked(command, (name,))]
every = pytest.mark.parametrize("words", EVERY, ids=" ".join)


def helped(command: click.Command, *words: str) -> str:
    """What a user reads in a terminal of 80 columns."""
    done = CliRunner().invoke(command, [*words, "--help"], terminal_width=COLUMNS)
    assert done.exit_code == 0, done.output
    return done.output


def of(words: tuple[str, ...]) -> str:
    return helped(COMMANDS[words[0]], *words[1:])


def found(words: tuple[str, ...]) -> click.Command:
    command: click.Command = COMMANDS[words[0]]
    for word in words[1:]:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    return command


def cut(text: str) -> list[str]:
    """The lines that click ended before their sentence did."""
    return [line for line in text.splitlines() if line.endswith("...") and not line.startswith("Usage:")]


@every
def test_no_sentence_is_cut(words: tuple[str, ...]) -> None:
    assert cut(of(words)) == []


@every
def test_no_line_is_wider_than_the_terminal(words: tuple[str, ...]) -> None:
    assert [line for line in of(words).splitlines() if len(line) > COLUMNS] == []


@every
def test_every_option_is_explained(words: tuple[str, ...]) -> None:
    options = [each for each in found(words).params if isinstance(each, click.Option)]
    assert [each.opts for each in options if not (each.help or "").endswith(".")] == []


@every
def test_every_time_and_size_tells_its_unit(words: tuple[str, ...]) -> None:
    timed = re.compile(r"seconds|timeout")
    sized = re.compile(r"body_limit|journal_limit|keep$")
    for each in found(words).params:
        if isinstance(each, click.Option) and timed.search(each.name or ""):
            assert "econds" in (each.help or ""), each.opts
        if isinstance(each, click.Option) and sized.search(each.name or ""):
            assert "MiB" in (each.help or ""), each.opts


@pytest.mark.parametrize(
    "words", [words for words in EVERY if words[0] != "qwen-image-spec" or len(words) == 1], ids=" ".join
)
def test_there_is_an_example_that_names_the_command(words: tuple[str, ...]) -> None:
    text = of(words)
    assert re.search(r"^  Examples?:$", text, re.MULTILINE)
    after = text.partition("Example")[2]
    assert f"    {' '.join(words)}" in after


def test_the_mock_tells_the_variables_it_reads() -> None:
    text = helped(mock)
    for name in ("QWEN_IMAGE_MOCK_KEYS", "QWEN_IMAGE_MOCK_TOKEN", "QWEN_IMAGE_MOCK_STORE", "REDIS_PASSWORD"):
        assert re.search(rf"^    {name}  +\w", text, re.MULTILINE)


def test_commands_that_need_a_key_tell_where_it_is_looked_for() -> None:
    for words in EVERY:
        if any(each.name == "key_env" for each in found(words).params):
            assert "QWEN_IMAGE_API_KEY" in " ".join(of(words).split())


@every
def test_the_examples_have_options_that_exist(words: tuple[str, ...]) -> None:
    assert [(line, wrong) for line in examples(of(words)) if (wrong := unknown(line))] == []


def unknown(line: str) -> set[str]:
    """The options of a command line that its command does not have; what follows -- or > is another's."""
    name, *rest = re.split(r" -- | > ", line)[0].split()
    command = COMMANDS[name]
    while isinstance(command, click.Group) and rest and rest[0] in command.commands:
        command, rest = command.commands[rest[0]], rest[1:]
    known = {text for each in command.params for text in (*each.opts, *each.secondary_opts)}
    return {word for word in rest if word.startswith("--")} - known


def examples(text: str) -> list[str]:
    """The command lines of a help, those that go on in the next line put together."""
    return re.findall(r"^    (qwen-image-.*)$", re.sub(r"\\\n *", "", text), re.MULTILINE)


def test_a_cut_sentence_would_be_seen() -> None:
    group = click.Group("made-up")

    @group.command()
    def long() -> None:
        """Tell what somebody would like to know of a thing that nobody has ever heard of until now."""

    assert len(cut(helped(group))) == 1


def test_examples_are_read_across_lines() -> None:
    assert examples("  Example:\n    qwen-image-mock --port \\\n        1\n") == ["qwen-image-mock --port 1"]


def test_a_wrong_option_in_an_example_would_be_seen() -> None:
    assert unknown("qwen-image-conformance baseline prune runs/RUN --reason x -- --y") == {"--reason"}
