"""The beaten way: whatever goes it is answered as on the usual way, byte for byte, and told the same in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwen_image_mock import Settings
from qwen_image_mock.app import App, create_app
from qwen_image_mock.clock import Clock
from qwen_image_spec import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_image_mock.heads import Head
    from qwen_image_spec.model import Endpoint, Model

GENERATE = "/v1/images/generations"
MODEL = {"model": "qwen-image", "prompt": "a cat"}
PLACES = [
    (f"/{provider.id}{endpoint.path}", endpoint, model)
    for provider in load().providers.values()
    for endpoint in provider.endpoints.values()
    if endpoint.method == "POST" and endpoint.operations[0] in ("generate", "edit")
    for model in provider.models.values()
    if endpoint.id in model.endpoints
]
VALUES = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        2,
        6,
        7,
        99,
        -1,
        1.0,
        2**31 - 1,
        2**31,
        "",
        "a",
        "x" * 501,
        [],
        {},
        "2K",
        "1024x1024",
        "1024*1024",
        "1328*1328",
        "b64_json",
        "url",
        "no-such",
    ]
)
PROMPTS = st.sampled_from(["a cat", "山水", "", " ", "\0", "x" * 801, "[[mock:throttle]] a", '"\\', None, 5])


def app(*, beaten: bool = True, **more: Any) -> App:
    """A mock whose clock stands still, so that it repeats itself."""
    clock = Clock()
    clock.freeze(1_764_820_175.25)
    made = create_app(Settings(seed=1, task_seconds=0, **more), clock=clock)
    made.state.clock.freeze(1_764_820_175.25)
    if not beaten:
        made._handler.beaten.answer = lambda *_: None  # type: ignore[method-assign] # what it is compared with
    return made


def head_of(mock: App, path: str, *more: tuple[bytes, bytes], method: str = "POST") -> Head:
    """The head of a call with a key and JSON."""
    headers = [(b"host", b"mock"), (b"authorization", b"Bearer sk-a"), (b"content-type", b"application/json")]
    names = {name for name, _ in more}
    headers = [pair for pair in headers if pair[0] not in names] + [pair for pair in more if pair[1]]
    scope = {"method": method, "path": path, "query_string": b"", "root_path": "", "scheme": "http",
             "headers": headers, "server": ("127.0.0.1", 80)}  # fmt: skip
    head = mock.head(scope)
    assert head is not None
    return head


def said(mock: App, head: Head, body: bytes) -> tuple[int, bytes]:
    """The status and the content of the answer."""
    at_once = mock.at_once(head, body)
    if at_once is not None:
        return 200, at_once[1]
    try:
        mock.called(head, body).send(None)
    except StopIteration as end:
        return end.value.status, end.value.content
    raise AssertionError("it waits")


def compared(path: str, bodies: Sequence[bytes], *more: tuple[bytes, bytes], **chosen: Any) -> int:
    """Ask two mocks the same, one of them the usual way only; gives how many calls went the beaten way."""
    one, other = app(**chosen), app(beaten=False, **chosen)
    beaten = 0
    for body in bodies:
        before = len(one.state.journal)
        head = head_of(one, path, *more)
        assert said(one, head, body) == said(other, head_of(other, path, *more), body)
        assert len(one.state.journal) == before + 1
        beaten += one.state.journal._calls.kept[-1].__class__.__name__ == "Brief"
    assert one.state.journal.read({}) == other.state.journal.read({})
    return beaten


def wrapped(endpoint: Endpoint, model: Model, prompt: Any, parameters: dict[str, Any]) -> bytes:
    """A request as the endpoint spells it, its parameters where the model's document has them."""
    if endpoint.envelope == "flat":
        return orjson.dumps({"model": model.id, "prompt": prompt, **parameters})
    asked = (
        {"prompt": prompt}
        if endpoint.envelope == "prompt"
        else {"messages": [{"role": "user", "content": [{"text": prompt}]}]}
    )
    return orjson.dumps({"model": model.id, "input": asked, "parameters": parameters})


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_beaten_way_answers_as_the_usual_one(data: Any) -> None:
    path, endpoint, model = data.draw(st.sampled_from(PLACES))
    names = [*(name for name in model.params if name not in ("model", "prompt")), "unknown", "parameters"]
    given_ = st.dictionaries(st.sampled_from(names), VALUES, max_size=3)
    asked = data.draw(st.lists(st.tuples(PROMPTS, given_), max_size=8))
    bodies = [wrapped(endpoint, model, prompt, parameters) for prompt, parameters in asked]
    compared(path, bodies)


@pytest.mark.parametrize(("path", "endpoint", "model"), PLACES, ids=lambda one: getattr(one, "id", one))
def test_plain_calls_go_the_beaten_way_from_the_first_on(path: str, endpoint: Endpoint, model: Model) -> None:
    seeds = [{"seed": 7}, {"seed": 8}, {}] if "seed" in model.params else [{}, {}, {}]
    bodies = [wrapped(endpoint, model, "a cat", parameters) for parameters in seeds]
    taken = (
        said(app(beaten=False), head_of(app(), path), bodies[0])[0] == 200
    )  # no input image, no stream wanted
    assert compared(path, bodies) == (3 if taken else 0)


ODD: list[tuple[str, bytes, list[tuple[bytes, bytes]], dict[str, Any]]] = [
    ("picture within the answer", orjson.dumps({**MODEL, "response_format": "b64_json"}), [], {}),
    ("a fault", orjson.dumps({**MODEL, "prompt": "[[mock:throttle]]"}), [], {}),
    ("a fault by alias", orjson.dumps({**MODEL, "model": "qwen-image+mock-throttle"}), [], {}),
    ("a fault by key", orjson.dumps(MODEL), [(b"authorization", b"Bearer sk-mock-throttle")], {}),
    ("a bad key", orjson.dumps(MODEL), [(b"authorization", b"Bearer sk-invalid")], {}),
    ("no key", orjson.dumps(MODEL), [(b"authorization", b"")], {}),
    ("a form", b"--a\r\n", [(b"content-type", b"multipart/form-data; boundary=a")], {}),
    ("no JSON", b"{", [], {}),
    ("a key twice", b'{"model": "qwen-image", "prompt": "a", "prompt": "b"}', [], {}),
    ("an unknown field", orjson.dumps({**MODEL, "strange": 1}), [], {}),
    (
        "an unknown field, strictly",
        orjson.dumps({**MODEL, "strange": 1}),
        [(b"x-mock-strictness", b"strict")],
        {},
    ),
    ("another model", orjson.dumps({**MODEL, "model": "no-such"}), [], {}),
    ("a list of models", orjson.dumps({**MODEL, "model": ["qwen-image"]}), [], {}),
    ("hints", orjson.dumps(MODEL), [], {"hints": True}),
    ("a limit", orjson.dumps(MODEL), [], {"limits": True}),
    ("a scenario", orjson.dumps(MODEL), [], {"scenario": "flaky-polls"}),
    ("too much", orjson.dumps({**MODEL, "prompt": "a" * 200}), [], {"body_limit": 100}),
]


@pytest.mark.parametrize(("body", "more", "chosen"), [row[1:] for row in ODD], ids=[row[0] for row in ODD])
def test_all_else_goes_the_usual_way(
    body: bytes, more: list[tuple[bytes, bytes]], chosen: dict[str, Any]
) -> None:
    one = app(**chosen)
    assert one.at_once(head_of(one, GENERATE, *more), body) is None
    assert len(one.state.journal) == 0


def test_overlooked_fields_are_no_hindrance() -> None:
    body = orjson.dumps({**MODEL, "strange": 1})
    assert compared(GENERATE, [body, body], (b"x-mock-strictness", b"off")) == 2


def test_a_fault_that_is_asked_for_ends_the_beaten_way_at_once() -> None:
    one = app()
    head, body = head_of(one, GENERATE), orjson.dumps(MODEL)
    assert one.at_once(head, body) is not None
    fault = one.state.faults.add({"name": "throttle", "times": 1})
    assert one.at_once(head, body) is None
    one.state.faults.remove(fault.id)
    assert one.at_once(head, body) is not None
    one.state.limits.switch(on=True)
    assert one.at_once(head, body) is None


def test_a_bug_of_the_beaten_way_costs_no_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("qwen_image_mock.beaten.made", broken)
    one = app()
    assert said(one, head_of(one, GENERATE), orjson.dumps(MODEL))[0] == 200
    assert len(one.state.journal) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
