"""What broken gateways do to their calls to the upstream, and to what they tell their clients: the hooks of defects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from defects.wrap import Answer, Asked, Defect
from servers.right_gateway.upstream import Around, Call, Reply, Send

Json = Any
_IN_FRONT = ("dieyuyun", "none")


def before(change: Callable[[Call], None], kind: str = "make") -> Around:
    """Change calls of a kind before they are sent."""

    async def around(call: Call, send: Send) -> Reply:
        if call.kind == kind:
            change(call)
        return await send(call)

    return around


def after(change: Callable[[Reply], None], kind: str = "make") -> Around:
    """Change the replies to calls of a kind before the gateway reads them."""

    async def around(call: Call, send: Send) -> Reply:
        reply = await send(call)
        if call.kind == kind and reply.status:
            change(reply)
        return reply

    return around


def again(wanted: Callable[[Reply], bool], times: int = 1) -> Around:
    """Send the paid request again, so often, when its reply is of a certain kind."""

    async def around(call: Call, send: Send) -> Reply:
        reply = await send(call)
        for _ in range(times):
            if call.kind != "make" or not wanted(reply):
                break
            reply = await send(call)
        return reply

    return around


def front(
    request: Callable[[Asked], Answer | None] | None = None,
    answer: Callable[[Asked, Answer], None] | None = None,
) -> Defect:
    """A change on the clients' side of the gateway."""
    return Defect("front", "", *_IN_FRONT, request=request, answer=answer)


def parameters(change: Callable[[dict[str, Json]], None]) -> Around:
    """Change the parameters of the paid request. An object of parameters that ends empty is left out, as before."""

    def whole(call: Call) -> None:
        own = dict(call.body.get("parameters", {}))
        change(own)
        call.body = {name: value for name, value in call.body.items() if name != "parameters"}
        if own:
            call.body["parameters"] = own

    return before(whole)


def dropped(*names: str) -> Around:
    """Lose parameters, wherever they stand."""

    def lose(call: Call) -> None:
        for place in (call.body.get("parameters", {}), call.body.get("input", {})):
            for name in names:
                place.pop(name, None)

    return before(lose)


def without_falsy(own: dict[str, Json], *names: str) -> None:
    """Take 0, false and empty texts for nothing."""
    for name in names:
        if name in own and not own[name]:
            del own[name]


def body(change: Callable[[Json], None]) -> Around:
    """Change the body of the paid request."""
    return before(lambda call: change(call.body))


def message_of(sent: Json) -> Json:
    """The one message of a request in messages."""
    return sent["input"]["messages"][0] if "messages" in sent["input"] else None


def prompts(change: Callable[[str], str]) -> Around:
    """Change the prompt in either frame."""

    def put(sent: Json) -> None:
        message = message_of(sent)
        if message is None:
            sent["input"]["prompt"] = change(sent["input"]["prompt"])
            return
        for part in message["content"]:
            if "text" in part:
                part["text"] = change(part["text"])

    return body(put)


def images(change: Callable[[list[str]], list[str]]) -> Around:
    """Change the list of input images in either frame."""

    def put(sent: Json) -> None:
        message = message_of(sent)
        if message is None:
            if "images" in sent["input"]:
                sent["input"]["images"] = change(sent["input"]["images"])
            return
        given = [part["image"] for part in message["content"] if "image" in part]
        texts = [part for part in message["content"] if "image" not in part]
        message["content"] = [*({"image": one} for one in change(given)), *texts]

    return body(put)


def data(change: Callable[[Json], Json]) -> Callable[[Asked, Answer], None]:
    """Change the list `data` of a success."""

    def hook(_asked: Asked, answer: Answer) -> None:
        if (
            answer.status == 200
            and isinstance(answer.body, dict)
            and isinstance(answer.body.get("data"), list)
        ):
            answer.body["data"] = change(answer.body["data"])

    return hook


def urls(change: Callable[[str], str]) -> Callable[[Asked, Answer], None]:
    """Change the addresses of a success."""
    return data(lambda items: [{**one, "url": change(one["url"])} if "url" in one else one for one in items])


def errors(change: Callable[[Answer], None], at_least: int = 400) -> Callable[[Asked, Answer], None]:
    """Change errors of requests for pictures from some status on, but not the refusal of a key or a path."""

    def hook(asked: Asked, answer: Answer) -> None:
        own = isinstance(answer.body, dict) and "error" in answer.body and asked.method == "POST"
        if own and answer.status >= at_least and answer.status not in (401, 404, 405, 415):
            change(answer)

    return hook


def reordered(address: str) -> str:
    """An address put together anew from its parts: the same to a server, other bytes."""
    path, _, query = address.partition("?")
    return path + "?" + "&".join(sorted(query.split("&"), reverse=True))
