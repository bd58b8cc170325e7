"""The reports in text: console, Markdown, JUnit."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from qwen_image_conformance.report import junit, markdown
from qwen_image_conformance.report.console import show, verdict
from qwen_image_conformance.report.grid import grid
from qwen_image_conformance.report.read import Record
from reports_made import SPEC, case, record, whole


def printed(run: Record, width: int = 100, *, terminal: bool = False) -> str:
    out = io.StringIO()
    colours = "standard" if terminal else None
    console = Console(
        file=out,
        width=width,
        highlight=False,
        force_terminal=terminal,
        color_system=colours,
        legacy_windows=False,
    )
    assert run.end is not None
    show(console, SPEC, run.head, run.cases, run.end)
    return out.getvalue()


def matrix(text: str) -> list[str]:
    """The lines of the matrix, without its key."""
    return [line.rstrip() for line in text.partition("number: clauses kept")[0].splitlines() if line.strip()]


@pytest.mark.parametrize("provider", list(SPEC.providers))
@pytest.mark.parametrize("status", ["pass", "fail"])
@pytest.mark.parametrize("width", [80, 100, 132])
def test_the_matrix_fits_the_width(provider: str, status: str, width: int) -> None:
    lines = matrix(printed(whole(provider, status), width))
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)


def test_alike_models_are_one_line() -> None:
    models = [case(clause, model=f"m{index}") for index in range(7) for clause in ("n.count", "size.type")]
    lines = matrix(
        printed(record(*models, case("n.count", "fail", model="odd"), case("size.type", model="odd")))
    )
    assert lines[1] == "m0 and 6 more like it       1     1"
    assert lines[2].split() == ["odd", "1", "FAIL", "1"]
    assert len(lines) == 3


def test_models_that_break_different_clauses_are_not_alike() -> None:
    one = [case("n.count", "fail", model="a"), case("n.type", model="a")]
    two = [case("n.count", model="b"), case("n.type", "fail", level="MUST", model="b")]
    assert len(matrix(printed(record(*one, *two)))) == 3


def test_columns_that_do_not_apply_are_dropped() -> None:
    lines = matrix(printed(record(case("auth.accepted", model="*"), case("n.count"))))
    assert lines[0].split() == ["model", "auth"]
    assert lines[2].split() == ["model", "n"]


def test_operations_are_told_apart() -> None:
    lines = matrix(printed(record(case(model="m"), case(model="m", operation="edit"))))
    assert [line.split("  ")[0] for line in lines[1:]] == ["m", "m (edit)"]


def test_colour_is_for_terminals() -> None:
    run = record(case(status="fail"), case("n.type"))
    assert "\x1b[" not in printed(run)
    assert "\x1b[" in printed(run, terminal=True)


def test_a_failure_shows_clause_source_answer_and_command_whole() -> None:
    curl = "curl -sS -i http://127.0.0.1:1/v1/images/generations --data-binary '" + "x" * 300 + "'"
    text = printed(record(case(status="fail", actual="only 1", curl=curl)))
    for part in (
        SPEC.clauses["n.count"].sentence,
        "Qwen-Image",
        "read 20",
        "only 1",
        curl,
        "explain n.count",
    ):
        assert part in text


def test_markup_of_the_target_is_printed_as_it_is() -> None:
    text = printed(
        record(case(status="fail", actual="[bold]x[/bold]"), case("n.type", "observed", actual="[red]y"))
    )
    assert "[bold]x[/bold]" in text
    assert "[red]y" in text


def test_known_failures_and_stale_entries_say_why() -> None:
    text = printed(
        record(
            case(status="known", reason="ticket 12"),
            case("n.type", "fixed", reason="passes, but the baseline lists it"),
        )
    )
    assert re.search(r"KNOWN.*\n.*n\.count.*ticket 12", text)
    assert "passes, but the baseline lists it" in text


@pytest.mark.parametrize(
    ("run", "word"),
    [
        (record(case()), "CONFORMS"),
        (record(case("n.type", "warn")), "CONFORMS"),
        (record(case(status="fail")), "DOES NOT CONFORM"),
        (record(case(), stopped="the budget is spent"), "UNFINISHED"),
        (record(case(status="fail"), stopped="the budget is spent"), "DOES NOT CONFORM"),
    ],
)
def test_the_verdict_is_one_line(run: Record, word: str) -> None:
    assert run.end is not None
    line = verdict(run.head, run.cases, run.end).plain
    assert line.startswith(f"{word}  dieyuyun at ")
    assert "\n" not in line


def test_markdown_is_short_when_all_is_well() -> None:
    text = markdown.render(whole("dieyuyun"), SPEC)
    assert text.startswith("### ✅ dieyuyun conforms: MUST ")
    assert len([line for line in text.splitlines() if not line.startswith("|")]) < 15
    assert "curl" not in text


def test_markdown_shows_failures_with_their_proof() -> None:
    text = markdown.render(
        record(case(status="fail", actual="only 1", reason="its entry expired"), case("n.type", "warn")), SPEC
    )
    assert text.startswith("### ❌ dieyuyun does not conform")
    source = SPEC.sources["dieyuyun-guide"]
    for part in (
        "`n.count`",
        SPEC.clauses["n.count"].sentence,
        "`only 1`",
        f"]({source.url})",
        "its entry expired",
        "```sh\n  curl -sS",
        "❌ FAIL",
    ):
        assert part in text
    assert text.index("#### Broken") < text.index("#### Weak")
    assert text.count("<details>") == text.count("</details>") >= 2


def test_markdown_tells_what_changed() -> None:
    old = record(case(), case("n.type"))
    assert "Since the last run: nothing changed." in markdown.render(old, SPEC, old)
    assert "Since the last run: 1 regressed" in markdown.render(
        record(case(status="fail"), case("n.type")), SPEC, old
    )


def test_markdown_keeps_hostile_text_as_text() -> None:
    evil = "```\n</details><script>x</script> `a` | b [c](javascript:d)"
    text = markdown.render(
        record(case(status="fail", actual=evil, curl=evil, reason=evil, model=evil), target=evil), SPEC
    )
    outside = re.sub(
        r"(`{2,}|`).*?\1", "", re.sub(r"^ *(`{4,}).*?^ *\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    )
    assert "<script>" not in outside
    assert text.count("</details>") - text.count("<details>") == len(
        re.findall(r"`[^\n]*</details>|^  </details><script", text, re.MULTILINE)
    )


def test_markdown_says_when_a_run_broke_off() -> None:
    assert "unfinished" in markdown.render(record(case(), end=False), SPEC).splitlines()[0]
    assert "Stopped before the plan was done: budget" in markdown.render(
        record(case(), stopped="budget"), SPEC
    )


def test_junit_counts_and_explains(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    made = [
        case(status="fail", reason="expired"),
        case("n.type", "known", reason="ticket 12"),
        case("n.default", "fixed", reason="stale"),
        case("n.distinct", "not-run"),
        case("n.below-minimum", "error", actual="reset \x00"),
        case("n.above-maximum"),
    ]
    junit.write(path, made, "x")
    suite = next(iter(ET.parse(path).getroot()))  # noqa: S314 # our own file
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
    }
    messages = {
        one.get("name"): [child.get("message") or child.text for child in one if child.tag != "properties"]
        for one in suite
    }
    assert "(expired)" in str(messages["n.count"])
    assert messages["n.default"] == ["stale"]
    assert "known: ticket 12" in str(messages["n.type"])
    assert messages["n.above-maximum"] == []


def test_what_concerns_every_model_comes_first() -> None:
    rows = grid([case("n.count"), case("auth.accepted", model="*")])
    assert [row.shared for row in rows] == [True, False]


def test_a_long_name_breaks_before_the_number_of_alike_models() -> None:
    models = [one for one in whole("dashscope").cases if one["model"] != "*"]
    lines = matrix(printed(record(*models), 100))
    assert any(line.startswith("  and ") and line.endswith(" more like it") for line in lines)
