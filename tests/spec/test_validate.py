from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from qwen_image_spec import SpecError, documents, load, load_provider
from qwen_image_spec.validate import KINDS, check_document, check_shipped, kind_of, schema

if TYPE_CHECKING:
    from pathlib import Path

# the broken document says on each line what is wrong with it
# `#!` on a line: what is said about that line, and a word of the hint.
BROKEN = """\
provider: my-gateway
title: My gateway
style: opanai                                  #! unknown value 'opanai' | did you mean 'openai'?
source: dieyuyun-gide                          #! unknown source 'dieyuyun-gide' | did you mean 'dieyuyun-guide'?
base_url: https://gw.example.com
basse_url: https://gw.example.com              #! unknown key 'basse_url' | did you mean 'base_url'?
endpoints:
  generations:
    operations: [genrate]                      #! unknown value 'genrate' | did you mean 'generate'?
    method: POST
    path: v1/images/generations                #! malformed 'v1/images/generations' | a path starts with '/'
    envelope: flat
    result: dota                               #! unknown response 'dota' | did you mean 'data'?
responses:
  data:
    layout: data
    fields:
      - {at: /created, type: integer, clause: response.craeted}  #! unknown clause 'response.craeted' | response.created
      - {at: data, type: array, clause: response.data}           #! malformed 'data' | a JSON pointer starts with '/'
errors:
  shape: openai
  entries:
    wrong: {status: "400", message: "no"}      #! expected a whole number, found '400' | an HTTP status
parameters:
  size:
    at: /size
    type: size
    grants:
      - presets: [1328x1328, 1328*800]         #! malformed size '1328*800' | WIDTHxHEIGHT
  canvas:
    at: /canvas
    type: size
    separator: "*"
    default: 1024x1024                         #! the default '1024x1024' of canvas is outside its own sizes | no grant
    grants:
      - area: [1638400, 2073600]
  watermark: {at: watermark, type: boolean}    #! malformed 'watermark' | a JSON pointer starts with '/'
  seed:
    at: /seed
    type: integer
    range: [100, 1]                            #! range [100, 1] has its lowest value above its highest | write [1, 100]
  thinking:
    at: /thinking
    type: boolean
    cases:
      - when: {watermrk: true}                 #! unknown parameter 'watermrk' | did you mean 'watermark'?
        supported: "no"                        #! expected true or false or a mapping, found 'no' | true or false
families:
  one:
    operations: [generate]
    endpoints: [generation]                    #! unknown endpoint 'generation' | did you mean 'generations'?
    images:
      - {count: [0, 3], ratio: [1:8, 8:1]}     #! expected text, found 68 | in quotes
    models:
      some-model:
        alias_of: some-modle                   #! unknown model 'some-modle' | did you mean 'some-model'?
        facts: {url.open: {value: true, evidence: documanted}}  #! unknown value 'documanted' | did you mean 'documented'?
    parameters:
      n: {at: /n, type: integer, range: [1, 4], default: 6, beyond: rejct}  #! unknown value 'rejct' | did you mean 'reject'?
      style: {at: /style, type: string, enum: [photo, comic], default: oil, dispute: nix}  #! unknown dispute 'nix' | -
"""
ALSO = (
    ("the default 6 of n is outside its own range", "allowed: 1 to 4", "beyond: rejct"),
    ("the default 'oil' of style is outside its own enum", "allowed: photo, comic", "default: oil"),
)


def problems(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(SpecError) as caught:
        check_document(documents.parse(text, "my.yaml"), "my.yaml", text)
    return [(problem.line, problem.what, problem.hint) for problem in caught.value.problems]


def expected_of(text: str) -> list[tuple[int, str, str]]:
    lines = [
        (number, line.partition("#!")[2]) for number, line in enumerate(text.splitlines(), 1) if "#!" in line
    ]
    return [
        (number, note.partition(" | ")[0].strip(), note.partition(" | ")[2].strip()) for number, note in lines
    ]


@pytest.mark.parametrize("expected", expected_of(BROKEN), ids=lambda expected: f"line-{expected[0]}")
def test_every_mistake_is_told_on_its_line_with_the_way_to_mend_it(expected: tuple[int, str, str]) -> None:
    line, what, hint = expected
    found = [each for each in problems(BROKEN) if each[0] == line and each[1].startswith(what)]
    assert found, [each for each in problems(BROKEN) if each[0] == line]
    assert hint == "-" or hint in found[0][2]


@pytest.mark.parametrize(("what", "hint", "mark"), ALSO)
def test_a_default_outside_its_own_limits_is_told_where_it_stands(what: str, hint: str, mark: str) -> None:
    line = next(number for number, text in enumerate(BROKEN.splitlines(), 1) if mark in text)
    assert (line, what, hint) in problems(BROKEN)


def test_nothing_else_is_told() -> None:
    lines = {line for line, _, _ in expected_of(BROKEN)}
    told = [each for each in problems(BROKEN) if each[0] not in lines]
    assert told == []
    assert len(problems(BROKEN)) == len(expected_of(BROKEN)) + len(ALSO) + 1  # both ratios are unquoted


@pytest.mark.parametrize("name", documents.shipped_names("providers"))
def test_shipped_providers_have_no_mistakes(name: str) -> None:
    text = (files("qwen_image_spec") / "data" / "providers" / f"{name}.yaml").read_text("utf-8")
    check_document(documents.parse(text, name), name, text)


@pytest.mark.parametrize(
    "relative",
    [
        "sources.yaml",
        "disputes.yaml",
        "prices.yaml",
        *(f"clauses/{name}.yaml" for name in documents.shipped_names("clauses")),
    ],
)
def test_other_shipped_documents_keep_their_schema(relative: str) -> None:
    text = (files("qwen_image_spec") / "data" / relative).read_text("utf-8")
    kind = relative.partition("/")[0].removesuffix(".yaml")
    check_shipped(kind, documents.parse(text, relative), relative, text)


@pytest.mark.parametrize("kind", KINDS)
def test_schemas_are_valid_themselves(kind: str) -> None:
    Draft202012Validator.check_schema(schema(kind))


OWN = """\
provider: my-gateway
extends: dieyuyun
title: My gateway
base_url: https://gw.example.com
parameters:
  watermark: {default: false}
"""


def test_a_gateway_that_extends_a_provider_needs_only_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(OWN, "utf-8")
    provider = load_provider(path)
    parent = load().providers["dieyuyun"]
    assert provider.id == "my-gateway"
    assert set(provider.models) == set(parent.models)
    ours, theirs = (
        next(iter(each.models.values())).params["watermark"].base.default for each in (provider, parent)
    )
    assert ours is not None
    assert theirs is not None
    assert (ours.value, theirs.value) == (False, True)


@pytest.mark.parametrize(
    ("line", "what", "hint"),
    [
        ("extends: dieyuyn", "unknown provider 'dieyuyn' in extends", "did you mean 'dieyuyun'?"),
        ("paramters: {}", "unknown key 'paramters'", "did you mean 'parameters'?"),
    ],
)
def test_mistakes_in_a_document_that_extends_are_told_on_its_own_lines(
    line: str, what: str, hint: str
) -> None:
    text = (
        f"provider: mine\n{line}\n"
        if line.startswith("extends")
        else f"provider: mine\nextends: dieyuyun\n{line}\n"
    )
    number = text.splitlines().index(line) + 1
    assert (number, what, hint) in problems(text)


def test_names_of_the_parent_are_known_and_limits_of_the_parent_hold() -> None:
    text = (
        "provider: mine\nextends: dieyuyun\nfamilies:\n  qwen-image-2.0:\n    endpoints: [generations]\n"
        "    parameters:\n"
        "      seed: {cases: [{when: {watermark: true}, supported: false}]}\n      n: {default: 7}\n"
    )
    assert problems(text) == [(8, "the default 7 of n is outside its own range", "allowed: 1 to 6")]


def test_a_part_of_the_parent_may_be_changed_but_a_new_one_must_be_whole() -> None:
    part = "provider: mine\nextends: dieyuyun\nendpoints:\n  generations: {path: /images}\n"
    check_document(documents.parse(part, "my.yaml"), "my.yaml", part)
    new = "provider: mine\nextends: dieyuyun\nendpoints:\n  other: {path: /images}\n"
    assert problems(new) == [(4, "lacks 'operations', 'method', 'envelope' in endpoints.other", "add it")]


def test_null_takes_something_of_the_parent_away() -> None:
    text = (
        "provider: mine\nextends: dieyuyun\nerrors: {entries: {rate-limit: null}}\nparameters: {seed: null}\n"
    )
    check_document(documents.parse(text, "my.yaml"), "my.yaml", text)


def test_null_takes_a_model_of_the_parent_away_and_nothing_from_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "provider: mine\nextends: dieyuyun\n"
        "families: {qwen-image-fixed: {models: {qwen-image-max: null, qwen-image-new: null}}}\n",
        "utf-8",
    )
    provider = load_provider(path)
    assert "qwen-image-max" not in provider.models
    assert (
        provider.models["qwen-image-new"].params["n"].base.range
        == provider.models["qwen-image"].params["n"].base.range
    )
    assert provider.families["qwen-image-fixed"] == ("qwen-image-plus", "qwen-image", "qwen-image-new")


def test_own_sources_are_known(tmp_path: Path) -> None:
    text = (
        OWN + "source: my-manual\nsources:\n  my-manual: {title: Manual, publisher: Me, read: 2026-11-20}\n"
    )
    path = tmp_path / "my.yaml"
    path.write_text(text, "utf-8")
    default = next(iter(load_provider(path).models.values())).params["watermark"].base.default
    assert default is not None
    assert default.source == "my-manual"


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "text",
        "42",
        "null",
        "families: 3",
        "families: {a: 3}",
        "families: {a: {models: []}}",
        "parameters: {n: 5}",
        "extends: [a]",
        "endpoints: {a: null}",
        "404: {}",
        "on: 1",
        "parameters: {size: {grants: [{presets: 5, ratio: [1, 2]}], default: 1x1}}",
        "parameters: {size: {grants: [7], default: 1x1}}",
        "parameters: {n: {cases: [4]}}",
    ],
)
def test_documents_of_any_shape_are_told_about_never_crashed_on(text: str) -> None:
    assert problems(text)


def test_kinds_are_recognised_by_what_stands_in_them() -> None:
    assert kind_of({"provider": "x"}) == "provider"
    assert kind_of([{"id": "n.count", "sentence": "s"}]) == "clauses"
    assert kind_of([{"provider": "x", "amount": "1"}]) == "prices"
    assert kind_of([{"seed": "000", "excluded": "no"}]) == "traceability"
    assert kind_of({"a": {"verdict": "x"}}) == "disputes"
    assert kind_of({"a": {"publisher": "x"}}) == "sources"
