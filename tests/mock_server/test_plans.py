"""Plans kept from requests before: never a verdict, never an outcome other than the rules' own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwen_image_mock import plans as kept_plans
from qwen_image_mock.ids import Randomness
from qwen_image_mock.outcome import outcome_of
from qwen_image_mock.plans import Plans
from qwen_image_spec import load
from qwen_image_spec.request import Flaw, ImageRequest
from qwen_image_spec.rules import check

if TYPE_CHECKING:
    from qwen_image_spec.model import Model, Param

MODELS = [model for provider in load().providers.values() for model in provider.models.values()]
PROMPTS = st.sampled_from(["a cat", "山", "", " ", "\0", "x" * 799, "x" * 801, "x" * 10_001, None, 5])
ODD = st.sampled_from([0, 1, -1, 1.0, 0.5, True, False, "", "1", "2K", "4K", "1024x1024", "1*1", [], {}])


def values_of(param: Param) -> list[Any]:
    """Values that a rule may take, and those just beyond its bounds."""
    values: list[Any] = [True, False] if param.type == "boolean" else []
    for facets in (param.base, *(facets for _, facets in param.variants)):
        values += [] if facets.default is None else [facets.default.value]
        values += [] if facets.enum is None else facets.enum.value
        values += (
            [] if facets.length is None else ["x" * facets.length.value, "x" * (facets.length.value + 1)]
        )
        if facets.range is not None:
            low, high = facets.range.value
            values += [low, high, low - 1, high + 1, low + 1]
        for grant in facets.grants:
            values += [size.spell(param.separator) for size in grant.presets] + list(grant.tokens)
    return values


@st.composite
def asked(draw: st.DrawFn, model: Model) -> list[ImageRequest]:
    """Requests to a model, right and wrong, that give the same parameters."""
    params = {name: model.params[name] for name in model.params if name not in ("model", "prompt")}
    names = draw(st.lists(st.sampled_from(sorted(params)), unique=True, max_size=3))
    values = st.fixed_dictionaries(
        {name: st.sampled_from([*values_of(params[name]), 1]) | ODD for name in names}
    )
    asking = st.builds(ImageRequest, st.just(model.id), PROMPTS, st.just(()), values)
    return draw(st.lists(asking, min_size=2, max_size=12))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_plan_means_that_no_clause_is_broken_and_gives_the_same_outcome(data: Any) -> None:
    plans = Plans()
    model = data.draw(st.sampled_from(MODELS))
    for request in data.draw(asked(model)):
        settled = plans.find(request, model)
        if settled is None:
            continue
        assert check(request, model) == []
        without = outcome_of(request, model, [], "caller", Randomness(1))
        assert outcome_of(request, model, [], "caller", Randomness(1), (), settled) == without


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.provider}-{model.id}")
def test_every_model_has_plans_for_plain_requests(model: Any) -> None:
    plain = ImageRequest(model.id, "a cat", (), {"seed": 7} if "seed" in model.params else {})
    found = Plans().find(plain, model)
    assert (found is not None) == (check(plain, model) == [])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.provider}-{model.id}")
def test_open_parameters_are_looked_at_each_time(model: Any) -> None:
    plans = Plans()
    for name in ("seed", "negative_prompt"):
        param = model.params.get(name)
        for value in () if param is None else values_of(param):
            request = ImageRequest(model.id, "a cat", (), {name: value})
            settled = plans.find(request, model)
            broken = check(request, model)
            assert (settled is None) == bool(broken), value
            if settled is not None:
                without = outcome_of(request, model, [], "caller", Randomness(1))
                assert outcome_of(request, model, [], "caller", Randomness(1), (), settled) == without


def test_a_plan_is_found_again_whatever_the_prompt_and_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = next(model for model in MODELS if "seed" in model.params and model.params["seed"].base.range)
    plans = Plans()
    request = ImageRequest(model.id, "a cat", (), {"n": 1, "seed": 7})
    first = plans.find(request, model)
    assert first is not None
    monkeypatch.setattr(kept_plans, "check", lambda *_: pytest.fail("asked again"))
    assert plans.find(replace(request, prompt="a dog", parameters={"n": 1, "seed": 8}), model) is first


@pytest.mark.parametrize("other", [True, 1.0])
def test_true_and_1_point_0_are_not_1(other: Any) -> None:
    model, plans = MODELS[0], Plans()
    assert plans.find(ImageRequest(model.id, "a cat", (), {"n": 1}), model) is not None
    assert plans.find(ImageRequest(model.id, "a cat", (), {"n": other}), model) is None


def test_what_the_frame_and_input_images_say_is_left_to_the_rules() -> None:
    model, plans = MODELS[0], Plans()
    plain = ImageRequest(model.id, "a cat")
    assert plans.find(plain, model) is not None
    assert plans.find(replace(plain, images=("https://example.com/a.png",)), model) is None
    assert plans.find(replace(plain, flaws=(Flaw("messages.role", "/input"),)), model) is None
    assert plans.find(replace(plain, texts=2), model) is None


def test_plans_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_plans, "_KEPT", 20)
    model, plans = MODELS[0], Plans()
    for number in range(200):
        plans.find(ImageRequest(model.id, "a cat", (), {"n": number + 100}), model)
        held = sum(1 + len(form.settled) for form in plans._forms.values())
        assert held <= 22
