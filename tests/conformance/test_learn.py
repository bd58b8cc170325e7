"""What is learned of a target: nothing new of a right one, of a wrong one what is wrong, of another one all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from defects.catalogue import DEFECTS
from defects.stage import Stage
from qwen_image_conformance import learn_asking
from qwen_image_conformance.evidence import Recording
from qwen_image_conformance.learn import Lesson, learn
from qwen_image_conformance.learn_document import About, text_of
from qwen_image_conformance.target import make_target
from qwen_image_mock import Settings, serve
from qwen_image_spec.diff import compare
from qwen_image_spec.loader import load_provider
from qwen_image_spec.model import Spec
from servers.minimal import Minimal

Row = tuple[str, str, str, str | None]
TWO = ("dieyuyun", "qwen-image-2.0")
RIGHT = [
    TWO,
    ("dieyuyun", "qwen-image-plus"),
    ("skyengine", "qwen-image-edit-plus"),
    ("xiaohongshu", "qwen-image"),
    ("dashscope-compatible", "qwen-image-2.1-pro"),
    ("dashscope", "qwen-image-2.0"),
    ("dashscope", "qwen-image-plus"),
    ("dashscope", "wanx-v1"),
    ("dashscope", "wan2.6-image"),
]


def learned(spec: Spec, url: str, name: str, model: str, folder: Path) -> Lesson:
    provider = spec.providers[name]
    target = make_target(provider, url)
    learn_asking.ask(spec, provider, target, (model,), folder, max_images=None, about={})
    recording = Recording(folder)
    return learn(spec, provider, recording.exchanges, recording.load)


def written(
    spec: Spec, name: str, lesson: Lesson, folder: Path, *, confirmed: bool = False
) -> tuple[str, Path]:
    about = About("learned", "http://127.0.0.1:1", "2026-11-20", "runs/x")
    path = folder / "learned.yaml"
    text = text_of(lesson, spec.providers[name], about, confirmed=confirmed)
    path.write_text(text, "utf-8")
    return text, path


def rows(spec: Spec, name: str, path: Path) -> set[Row]:
    """What a file says otherwise than a provider: group, model, name, and what it says."""
    return {
        (one.group, one.model, one.name, one.right.value.replace("*", "x") if one.right is not None else None)
        for one in compare(spec.providers[name], load_provider(path))
    }


@pytest.mark.parametrize(("name", "model"), RIGHT)
def test_of_a_right_server_nothing_is_learned_but_what_nobody_says(
    spec: Spec, mock_url: str, tmp_path: Path, name: str, model: str
) -> None:
    lesson = learned(spec, f"{mock_url}/{name}", name, model, tmp_path / "run")
    assert len(lesson.learned) > 10
    assert lesson.beside == ()
    _, path = written(spec, name, lesson, tmp_path)
    differences = compare(spec.providers[name], load_provider(path))
    assert [one for one in differences if one.left is None or one.left.value != "unknown"] == []


@pytest.mark.parametrize(("name", "model"), [TWO, ("dashscope", "qwen-image-2.0")])
def test_what_is_confirmed_differs_in_its_evidence_only(
    spec: Spec, mock_url: str, tmp_path: Path, name: str, model: str
) -> None:
    lesson = learned(spec, f"{mock_url}/{name}", name, model, tmp_path / "run")
    _, path = written(spec, name, lesson, tmp_path, confirmed=True)
    assert rows(spec, name, path) == set()
    n = load_provider(path).models[model].params["n"].base
    assert n.range is not None
    assert (n.range.value, n.range.source, n.range.evidence) == ((1, 6), "observed", "observed")


@pytest.mark.parametrize(
    ("defect", "expected"),
    [
        ("four-by-default", {("parameters", "qwen-image-2.0", "n: default", "4")}),
        ("n-clamped", {("parameters", "qwen-image-2.0", "n: beyond", "clamp")}),
        ("foreign-default-size", {("parameters", "qwen-image-2.0", "size: default", "2688x1536")}),
        ("watermark-off-by-default", {("parameters", "qwen-image-2.0", "watermark: default", "false")}),
        (
            "prompt-extend-off-by-default",
            {("parameters", "qwen-image-2.0", "prompt_extend: default", "false")},
        ),
        ("base64-by-default", {("parameters", "qwen-image-plus", "response_format: default", "b64_json")}),
        ("created-missing", {("responses", "", "data /created", None)}),
        ("created-as-text", {("responses", "", "data /created", "string, required")}),
        ("role-missing", {("responses", "", "choices /output/choices/*/message/role", None)}),
        (
            "forbidden-for-unauthorized",
            {
                ("errors", "", f"auth.{name}", "403 invalid_api_key")
                for name in ("missing-key", "invalid-key", "scheme")
            },
        ),
        (
            "server-error-for-bad-n",
            {
                ("errors", "", "n.type", "500 invalid_type"),
                ("errors", "", "n.above-maximum", "500 invalid_value"),
                ("errors", "", "n.below-minimum", "500 invalid_value"),
            },
        ),
        (
            "b64-ignored",
            {
                ("parameters", "qwen-image-2.0", "response_format: enum", "url"),
                ("parameters", "qwen-image-2.0", "response_format: beyond", "ignore"),
                ("responses", "", "data /data/*/b64_json when response_format is b64_json", None),
            },
        ),
    ],
)
def test_of_a_wrong_server_exactly_what_is_wrong_is_learned(
    spec: Spec, stage: Stage, stage_url: str, tmp_path: Path, defect: str, expected: set[Row]
) -> None:
    wrong = DEFECTS[defect]
    with stage.broken(wrong):
        lesson = learned(spec, f"{stage_url}/{wrong.provider}", wrong.provider, wrong.model, tmp_path / "run")
    text, path = written(spec, wrong.provider, lesson, tmp_path)
    found = rows(spec, wrong.provider, path)
    assert found == expected
    assert f"Otherwise than documented: {len(lesson.different)};" in text
    sides = [one.right for one in compare(spec.providers[wrong.provider], load_provider(path))]
    assert {(side.source, side.evidence) for side in sides if side is not None} <= {("observed", "observed")}


def test_another_shape_of_errors_is_learned_with_its_fields(
    spec: Spec, stage: Stage, stage_url: str, tmp_path: Path
) -> None:
    with stage.broken(DEFECTS["native-error-shape"]):
        lesson = learned(spec, f"{stage_url}/dieyuyun", *TWO, tmp_path / "run")
    _, path = written(spec, "dieyuyun", lesson, tmp_path)
    made = load_provider(path)
    assert made.error_shape == "native"
    assert {field.at for field in made.error_fields} == {"/code", "/message", "/request_id"}
    assert {group for group, *_ in rows(spec, "dieyuyun", path)} == {"errors", "responses"}


@pytest.mark.parametrize(
    ("defect", "words"),
    [
        ("any-separator", "size.spelling: A size spelled otherwise"),
        ("n-zero-made-one", "n below 1 is answered with another number of pictures"),
        ("last-picture-only", "n: 2 is answered with 1"),
        ("html-errors", "errors.json: A refusal is one JSON document"),
    ],
)
def test_what_no_document_can_say_is_told_above_it(
    spec: Spec, stage: Stage, stage_url: str, tmp_path: Path, defect: str, words: str
) -> None:
    with stage.broken(DEFECTS[defect]):
        lesson = learned(spec, f"{stage_url}/dieyuyun", *TWO, tmp_path / "run")
    text, path = written(spec, "dieyuyun", lesson, tmp_path)
    head = text.partition("\nprovider:")[0]
    assert words in head.partition("Seen, but not to be said")[2].partition("As documented")[0]
    assert rows(spec, "dieyuyun", path) == set()


def test_what_cannot_stand_together_is_told_and_left_out(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The minimal server delivers pictures of a size that it does not take when asked for it."""
    monkeypatch.setenv("QWEN_IMAGE_API_KEY", "sk-minimal")
    with serve(app=Minimal("dieyuyun", "sk-minimal")) as server:  # type: ignore[arg-type] # any application
        lesson = learned(spec, server.url, *TWO, tmp_path / "run")
    text, path = written(spec, "dieyuyun", lesson, tmp_path)
    assert "size default: 512x512 (the default '512x512' of size is outside its own sizes)" in text
    assert {name for group, _, name, _ in rows(spec, "dieyuyun", path) if group == "parameters"} == set()


def test_a_model_that_is_not_served_is_taken_away(spec: Spec, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "provider: mine\nextends: dieyuyun\nfamilies: {qwen-image-fixed: {models: {qwen-image-max: null}}}\n",
        "utf-8",
    )
    provider = spec.providers["dieyuyun"]
    with serve(Settings(seed=1, provider_files=(path,))) as mock:
        target = make_target(provider, f"{mock.url}/mine")
        models = ("qwen-image-plus", "qwen-image-max")
        learn_asking.ask(spec, provider, target, models, tmp_path / "run", max_images=None, about={})
    recording = Recording(tmp_path / "run")
    lesson = learn(spec, provider, recording.exchanges, recording.load)
    text, found = written(spec, "dieyuyun", lesson, tmp_path)
    assert rows(spec, "dieyuyun", found) == {("models", "", "qwen-image-max", None)}
    assert "qwen-image-max is not served" in text


def test_what_a_whole_family_does_is_said_once(
    spec: Spec, stage: Stage, stage_url: str, tmp_path: Path
) -> None:
    provider = spec.providers["dieyuyun"]
    target = make_target(provider, f"{stage_url}/dieyuyun")
    models = ("qwen-image-2.0-pro", "qwen-image-2.0", "qwen-image-max")
    with stage.broken(DEFECTS["watermark-off-by-default"]):
        learn_asking.ask(spec, provider, target, models, tmp_path / "run", max_images=None, about={})
    recording = Recording(tmp_path / "run")
    lesson = learn(spec, provider, recording.exchanges, recording.load)
    _, path = written(spec, "dieyuyun", lesson, tmp_path)
    families = yaml.safe_load(path.read_text("utf-8"))["families"]
    off = {"parameters": {"watermark": {"default": False}}}
    assert families == {"qwen-image-2.0": off, "qwen-image-fixed": {"models": {"qwen-image-max": off}}}


def test_sizes_with_names_are_only_compared(spec: Spec, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "provider: mine\nextends: dashscope\nfamilies: {wan2.7: {models: {wan2.7-image: {parameters: {size: "
        "{grants: [{tokens: {1K: 1024x1024}}], default: 1K, beyond: reject}}}}}}\n",
        "utf-8",
    )
    with serve(Settings(seed=1, task_seconds=0.05, provider_files=(path,))) as mock:
        lesson = learned(spec, f"{mock.url}/mine", "dashscope", "wan2.7-image", tmp_path / "run")
    text, found = written(spec, "dashscope", lesson, tmp_path)
    assert re.search(r"#   sizes otherwise than documented: .*2K.* refused", text)
    assert ("parameters", "wan2.7-image", "size: default", "1024x1024") in rows(spec, "dashscope", found)


GATEWAYS = {
    "area": (
        "dashscope",
        "qwen-image-2.0",
        "size: {grants: [{area: [589824, 1638400]}], default: 1280x1280}",
    ),
    "side": ("dashscope", "qwen-image-2.0", "size: {grants: [{side: [300, 1500]}], default: 1280x1280}"),
    "ratio": (
        "dashscope",
        "qwen-image-2.0",
        'size: {grants: [{area: [262144, 4194304], ratio: ["1:3", "3:1"]}]}',
    ),
    "bounds instead of a list": (
        "dieyuyun",
        "qwen-image-max",
        "size: {grants: [{area: [262144, 4194304]}], default: 1328x1328}",
    ),
    "another list": ("dieyuyun", "qwen-image-2.0", "size: {grants: [{presets: [2048x2048, 1664x928]}]}"),
    "more pictures": ("dashscope", "qwen-image-plus", "n: {range: [1, 10], default: 2}"),
    "fewer pictures": ("dieyuyun", "qwen-image-2.0", "n: {range: [1, 3]}"),
}


@pytest.mark.parametrize("kind", GATEWAYS)
def test_a_gateway_of_one_s_own_is_learned_as_it_is_written(spec: Spec, tmp_path: Path, kind: str) -> None:
    """The mock serves a document; what is learned from its answers says the same as that document."""
    name, model, parameter = GATEWAYS[kind]
    family = spec.providers[name].models[model].family
    path = tmp_path / "mine.yaml"
    path.write_text(
        f"provider: mine\nextends: {name}\ntitle: mine\nsource: own\n"
        "sources: {own: {title: t, publisher: p, read: 2026-11-20}}\n"
        f"families: {{{family}: {{models: {{{model}: {{parameters: {{{parameter}}}}}}}}}}}\n",
        "utf-8",
    )
    with serve(Settings(seed=1, task_seconds=0.05, provider_files=(path,))) as mock:
        lesson = learned(spec, f"{mock.url}/mine", name, model, tmp_path / "run")
    _, found = written(spec, name, lesson, tmp_path)
    assert rows(spec, name, found) == rows(spec, name, path) != set()
