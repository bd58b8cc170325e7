"""What the mock is asked in the benchmarks. Prompts and seeds change from request to request, as in real tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import count, cycle

import orjson
from load import message

from qwen_image_spec import load as load_spec
from qwen_image_spec.model import Model

KEY = {"authorization": "Bearer sk-bench", "content-type": "application/json"}
PROMPT = "一幅中国山水画,烟雨朦胧,远山如黛"
GENERATE = "/v1/images/generations"
NATIVE = "dashscope"


@cache
def model() -> Model:
    """The first model of the provider of the bare paths."""
    return next(iter(load_spec().providers["dieyuyun"].models.values()))


def document() -> dict[str, object]:
    """A request for one picture of a size the spec lists."""
    size = min(model().params["size"].base.grants[0].presets).spell("x")
    return {"model": model().id, "prompt": PROMPT, "size": size, "n": 1}


def most() -> int:
    """How many pictures that model makes at most."""
    allowed = model().params["n"].base.range
    return allowed.value[1] if allowed else 1


class Asked:
    """Requests of one kind: the same but for the end of the prompt and the seed."""

    def __init__(self, status: int, **changes: object) -> None:
        self.status = status
        plain = {**document(), **changes}
        self.bodies = [
            orjson.dumps({**plain, "prompt": f"{PROMPT} {number}", "seed": number}) for number in range(256)
        ]
        self._next = cycle([message("POST", GENERATE, body, KEY) for body in self.bodies])

    def __call__(self) -> bytes:
        """The next request."""
        return next(self._next)


def direct() -> dict[str, Asked]:
    """The kinds of requests that are answered at once."""
    inline = {"size": "2048x2048", "n": most(), "response_format": "b64_json", "watermark": True}
    return {
        "generate": Asked(200),
        f"b64, {most()} pictures": Asked(200, **inline),
        "refusal": Asked(400, n=most() + 1),
    }


def traced() -> Callable[[], bytes]:
    """The plain requests, each with a trace id of its own: no two heads are the same."""
    bodies = direct()["generate"].bodies
    numbers = count()
    return lambda: message(
        "POST",
        GENERATE,
        bodies[(number := next(numbers)) % len(bodies)],
        {**KEY, "x-trace-id": f"{number:032x}"},
    )


def submission() -> tuple[str, bytes, dict[str, str]]:
    """A request that becomes a task: its path, body and headers."""
    provider = load_spec().providers[NATIVE]
    endpoint = next(
        one for one in provider.endpoints.values() if "submit" in one.operations and one.envelope == "prompt"
    )
    name = next(one.id for one in provider.models.values() if endpoint.id in one.endpoints)
    body = orjson.dumps({"model": name, "input": {"prompt": PROMPT}, "parameters": {"n": 1}})
    return f"/{NATIVE}{endpoint.path}", body, {**KEY, "x-dashscope-async": "enable"}
