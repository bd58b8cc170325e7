from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_image_spec import load, load_provider
from qwen_image_spec.diff import NOT_TAKEN, Difference, compare

if TYPE_CHECKING:
    from pathlib import Path

PROVIDERS = load().providers
Row = tuple[str | None, str | None]


def rows(found: list[Difference]) -> dict[tuple[str, str, str], Row]:
    return {
        (each.group, each.model, each.name): (
            each.left.value if each.left else None,
            each.right.value if each.right else None,
        )
        for each in found
    }


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_provider_does_not_differ_from_itself(name: str) -> None:
    assert compare(PROVIDERS[name], PROVIDERS[name]) == []


@pytest.mark.parametrize(
    ("key", "row"),
    [
        (("parameters", "qwen-image-plus", "watermark: default"), ("true", "false")),
        (("parameters", "qwen-image-plus", "size: default"), ("1664x928", "1328x1328")),
        (
            ("parameters", "qwen-image-plus", "prompt_extend: place"),
            ("/prompt_extend", "/optimize_prompt_options/enable"),
        ),
        (
            ("parameters", "qwen-image-plus", "size: sizes"),
            (
                "1664x928, 1472x1104, 1328x1328, 1104x1472, 928x1664",
                "1664x928, 1472x1140, 1328x1328, 1140x1472, 928x1664",
            ),
        ),
        (("models", "", "qwen-image-2.0"), ("yes", None)),
        (("models", "", "qwen-image-edit"), (None, "yes")),
        (("endpoints", "", "edit"), (None, "POST /v1/images/edits (flat json, multipart)")),
        (("responses", "", "data /usage"), (None, "object, optional")),
    ],
)
def test_what_the_seed_documents_say_differently_is_found(key: tuple[str, str, str], row: Row) -> None:
    assert rows(compare(PROVIDERS["dieyuyun"], PROVIDERS["skyengine"]))[key] == row


def test_the_other_way_round_the_sides_are_exchanged() -> None:
    there = rows(compare(PROVIDERS["dieyuyun"], PROVIDERS["skyengine"]))
    back = rows(compare(PROVIDERS["skyengine"], PROVIDERS["dieyuyun"]))
    assert back == {key: (right, left) for key, (left, right) in there.items()}


def test_both_sides_carry_their_source() -> None:
    for each in compare(PROVIDERS["dieyuyun"], PROVIDERS["skyengine"]):
        assert all(side.source in load().sources for side in (each.left, each.right) if side is not None)


@pytest.mark.parametrize(
    ("lines", "group", "name", "row"),
    [
        (
            "families:\n  qwen-image-2.0: {parameters: {n: {range: [1, 4]}}}",
            "parameters",
            "n: range",
            ("1 to 6", "1 to 4"),
        ),
        ("parameters: {seed: unsupported}", "parameters", "seed", ("integer", NOT_TAKEN)),
        ("parameters: {n: {beyond: clamp}}", "parameters", "n: beyond", ("reject", "clamp")),
        (
            "errors: {entries: {rate-limit: {status: 503}}}",
            "errors",
            "fault.throttle",
            ("429 rate_limit_exceeded", "503 rate_limit_exceeded"),
        ),
        ("facts: {url.lifetime: 60}", "facts", "url.lifetime", ("86400", "60")),
    ],
)
def test_a_gateway_differs_from_its_parent_only_in_what_it_says(
    tmp_path: Path, lines: str, group: str, name: str, row: Row
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"provider: mine\nextends: dieyuyun\n{lines}\n", "utf-8")
    found = rows(compare(PROVIDERS["dieyuyun"], load_provider(path)))
    assert {(key[0], key[2]): value for key, value in found.items()} == {(group, name): row}
