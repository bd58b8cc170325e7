from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import find, given, settings
from jsonschema import Draft202012Validator

from qwen_image_conformance import strategies
from qwen_image_conformance.strategies.names import named
from qwen_image_spec import load
from qwen_image_spec.dialect import dialect
from qwen_image_spec.evidence import Reaction
from qwen_image_spec.jsonschema import request_schema
from qwen_image_spec.problems import UnknownName
from qwen_image_spec.rules import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

    from qwen_image_spec.request import ImageRequest

SPEC = load()
MANY = 500
FEW = 8
# The plainest model, one with free sizes and images, one with every kind of condition, and one behind tasks only.
THOROUGH = [
    ("dieyuyun", "qwen-image-2.0-pro", "generate"),
    ("dashscope", "qwen-image-2.0-pro", "edit"),
    ("dashscope", "wan2.7-image-pro", "generate"),
    ("dashscope", "wan2.5-i2i-preview", "submit"),
]
FAMILIES = [
    (provider.id, models[0], operation)
    for provider in SPEC.providers.values()
    for models in provider.families.values()
    for operation in strategies.operations(provider, models[0])
]


def every(strategy: SearchStrategy[Any], test: Callable[[Any], None], examples: int = FEW) -> None:
    """Draw with default settings: too much filtering, or examples that grow too large, fail."""
    seen = []

    @settings(max_examples=examples, database=None, deadline=None)
    @given(strategy)
    def drawn(value: Any) -> None:
        seen.append(value)
        test(value)

    drawn()
    assert seen


def clauses(request: ImageRequest, provider: str, model: str) -> set[str]:
    return {violation.clause for violation in check(request, SPEC.providers[provider].models[model])}


def reader(provider: str, model: str, operation: str) -> Callable[[ImageRequest], ImageRequest]:
    """A request as the provider reads it from the wire."""
    _, found, way = named(provider, model, operation)
    spelling = dialect(found, way.endpoint)
    return lambda request: spelling.decode(spelling.encode(request))


@pytest.mark.parametrize(
    ("where", "examples"), [(one, MANY) for one in THOROUGH[:3:2]] + [(one, FEW) for one in FAMILIES]
)
def test_valid_requests_break_nothing_not_even_on_the_wire(
    where: tuple[str, str, str], examples: int
) -> None:
    provider, model, operation = where
    spelled = reader(*where)

    def legal(request: ImageRequest) -> None:
        assert not clauses(request, provider, model)
        read = spelled(request)
        assert (read.prompt, read.images, dict(read.parameters)) == (
            request.prompt,
            request.images,
            dict(request.parameters),
        )
        assert (read.unknown, read.flaws) == ((), ())

    every(strategies.valid_requests(provider, model, operation), legal, examples)


@pytest.mark.parametrize(
    ("where", "examples"), [(one, MANY) for one in THOROUGH[:3:2]] + [(one, FEW) for one in FAMILIES]
)
def test_invalid_requests_break_exactly_one_clause(where: tuple[str, str, str], examples: int) -> None:
    provider, model, operation = where
    spelled = reader(*where)

    def broken(request: ImageRequest) -> None:
        found = clauses(request, provider, model)
        assert len(found) == 1
        assert clauses(spelled(request), provider, model) == found

    every(strategies.invalid_requests(provider, model, operation=operation), broken, examples)


@pytest.mark.parametrize("where", [THOROUGH[0], THOROUGH[2]])
def test_the_clause_can_be_chosen(where: tuple[str, str, str]) -> None:
    provider, model, operation = where
    known = strategies.breakable(provider, model, operation)
    assert {"n.above-maximum", "n.type", "prompt.empty", "size.type"} <= set(known)
    for clause in known:
        wanted = {clause}

        def only_that(request: ImageRequest, wanted: set[str] = wanted) -> None:
            assert clauses(request, provider, model) == wanted

        every(strategies.invalid_requests(provider, model, clause, operation), only_that, 5)


def test_without_a_clause_only_what_is_refused_is_drawn() -> None:
    known = strategies.breakable("dieyuyun", "qwen-image-2.0")
    assert known["negative-prompt.length"] is Reaction.UNKNOWN

    def refused(request: ImageRequest) -> None:
        assert clauses(request, "dieyuyun", "qwen-image-2.0") != {"negative-prompt.length"}

    every(strategies.invalid_requests("dieyuyun", "qwen-image-2.0"), refused, 200)


def test_valid_requests_shrink_to_a_plain_prompt() -> None:
    smallest = find(strategies.valid_requests("dashscope", "wan2.7-image"), lambda _: True)
    assert (smallest.prompt, dict(smallest.parameters), smallest.images) == ("a", {}, ())


@pytest.mark.parametrize(
    "wanted",
    [
        lambda text: any("\u4e00" <= char <= "\u9fff" for char in text),
        lambda text: "\U0001f3ee" in text,
        lambda text: "\u0301" in text,
        lambda text: "ש" in text,
        lambda text: '"' in text,
        lambda text: "\n" in text,
        lambda text: len(text) == 800,
        lambda text: len(text) == 799,
    ],
)
def test_prompts_are_of_every_kind(wanted: Callable[[str], bool]) -> None:
    assert find(strategies.prompts(800), wanted, settings=settings(max_examples=5000, database=None))


def test_prompts_show_something_and_keep_their_limit() -> None:
    def good(text: str) -> None:
        assert 1 <= len(text) <= 12
        assert text.strip()
        assert "\0" not in text
        text.encode()

    every(strategies.prompts(12), good, MANY)


@pytest.mark.parametrize(
    "where", [("dieyuyun", "qwen-image"), ("dashscope", "qwen-image-2.0"), ("dashscope", "wan2.7-image")]
)
def test_sizes_are_legal_and_those_around_the_bounds_lie_on_both_sides(where: tuple[str, str]) -> None:
    _, model, way = named(*where, "generate")

    def legal(size: str) -> None:
        assert not check(way.request(model, "a", size=size), model)

    every(strategies.sizes(*where), legal, 200)
    around = strategies.sizes_around(*where)
    inside = find(around, lambda size: not check(way.request(model, "a", size=size), model))
    outside = find(around, lambda size: bool(check(way.request(model, "a", size=size), model)))
    assert inside != outside


def test_zero_values_are_legal_and_nothing_else() -> None:
    def zeros(request: ImageRequest) -> None:
        assert request.parameters
        assert not clauses(request, "dashscope", "qwen-image-plus")
        assert all(value in (False, 0, "") for value in request.parameters.values())

    every(strategies.zero_values("dashscope", "qwen-image-plus"), zeros, 50)


@pytest.mark.parametrize("name", ["n", "size", "watermark", "prompt", "color_palette"])
def test_wrong_types_break_the_type_and_nothing_else(name: str) -> None:
    _, model, way = named("dashscope", "wan2.7-image", "generate")
    slug = model.params[name].slug

    def wrong(value: Any) -> None:
        request = way.request(model, value) if name == "prompt" else way.request(model, "a", **{name: value})
        assert {violation.clause for violation in check(request, model)} == {f"{slug}.type"}

    every(strategies.wrong_types(model.params[name]), wrong, 50)


@pytest.mark.parametrize("where", THOROUGH)
def test_bodies_satisfy_the_generated_schema(where: tuple[str, str, str]) -> None:
    provider, model, way = named(*where)
    schema = Draft202012Validator(request_schema(provider, model, way.endpoint))

    def fits(drawn: Any) -> None:
        endpoint, body = drawn
        assert endpoint is way.endpoint
        assert schema.is_valid(body)

    every(strategies.wire_bodies(*where), fits, 50)


def test_nothing_is_filtered() -> None:
    for module in modules():
        source = inspect.getsource(module)
        assert ".filter(" not in source
        assert "assume(" not in source


def test_the_examples_in_the_documentation_work() -> None:
    results = [doctest.testmod(module) for module in modules()]
    assert sum(result.attempted for result in results) >= 12
    assert not any(result.failed for result in results)


def test_mistakes_are_told() -> None:
    with pytest.raises(UnknownName, match="qwen-image-max"):
        strategies.valid_requests("dieyuyun", "qwen-image-mx")
    with pytest.raises(ValueError, match="it has generate"):
        strategies.valid_requests("dieyuyun", "qwen-image-max", "edit")
    with pytest.raises(ValueError, match=r"can be broken: .*n\.above-maximum"):
        strategies.invalid_requests("dieyuyun", "qwen-image-max", "n.no-such-clause")


def modules() -> list[Any]:
    names = [name for _, name, _ in pkgutil.iter_modules(strategies.__path__)]
    return [strategies, *(importlib.import_module(f"{strategies.__name__}.{name}") for name in names)]
