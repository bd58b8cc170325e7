"""What one user of the mock does, over and over: each story knows what must come of it."""

from __future__ import annotations

import asyncio
import struct
import zlib
from base64 import b64encode
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from soak_client import Answer, Broken, Client

GENERATE = "/v1/images/generations"
EDIT = "/skyengine/v1/images/edits"
SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"
POLICY = "/api/v1/uploads?action=getPolicy&model=qwen-image-edit-plus"
ASYNC = "X-DashScope-Async: enable\r\n"
RESOLVE = "X-DashScope-OssResourceResolve: enable\r\n"
FINAL = ("SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN")
FAULT_SHARE = 0.01
PAUSE = 0.1
LONGEST_TASK = 30.0
SIZES = ("1664*928", "1328*1328", "1104*1472")
FAULTS: dict[str, tuple[int, ...]] = {
    "throttle": (429,),
    "server-error": (500,),
    "503": (503,),
    "html": (502,),
    "ok-error": (200,),
    "empty-data": (200,),
    "slow-headers seconds=0.2": (200,),
    "slow-drip seconds=0.2": (200,),
    "truncated": (),
    "reset": (),
}
"""Faults for a direct call, with the status each gives; none: the connection ends."""
TASK_FAULTS = {"task-failed": "FAILED", "task-canceled": "CANCELED", "failing-poll times=2": "SUCCEEDED"}


class Wrong(Exception):
    """An answer that is not what it must be."""


@dataclass
class Seen:
    """What all users saw. Times in seconds; those of answers that were asked to be slow are left out."""

    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    submitted: int = 0
    times: list[float] = field(default_factory=list)


def png(width: int, height: int, grey: int) -> bytes:
    """A small picture to edit."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\0" + bytes([grey]) * width) * height)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class User:
    """One user with a key of their own, so that nobody else's tasks are theirs."""

    def __init__(self, host: str, port: int, number: int, seen: Seen) -> None:
        self.random = Random(number)  # noqa: S311 # repeatable on purpose
        self.client = Client(host, port, f"sk-soak-{number}")
        self.seen = seen
        self.last: list[str] = []

    async def work(self, until: float) -> None:
        """Tell stories until a time of the loop's clock."""
        stories = list(STORIES)
        weights = list(STORIES.values())
        while asyncio.get_running_loop().time() < until:
            [story] = self.random.choices(stories, weights)
            try:
                await story(self)
            except (Wrong, Broken, KeyError, IndexError, ValueError) as error:
                self.seen.wrong.append(f"{story.__name__}: {type(error).__name__} {error}"[:300])
        self.client.close()

    async def ask(self, name: str, method: str, path: str, body: Any = None, headers: str = "",
                  *, status: int = 200, signed: bool = True) -> Answer:  # fmt: skip
        """Ask, count and check the status."""
        answer = await self.client.ask(method, path, body, headers, signed=signed)
        self.seen.answers[name] += 1
        self.seen.times.append(answer.seconds)
        if answer.status != status:
            raise Wrong(f"{name} {answer.status} instead of {status}: {answer.body[:120]!r}")
        return answer

    def prompt(self) -> str:
        """Words nobody used before."""
        return f"a cat, number {self.random.getrandbits(48)}"


async def generate(user: User) -> None:
    """Ask for pictures; fetch one now and then."""
    if user.random.random() < FAULT_SHARE:
        await ill(user)
        return
    count, size = user.random.randint(1, 3), user.random.choice(SIZES).replace("*", "x")
    ask = {"model": "qwen-image-2.0-pro", "prompt": user.prompt(), "n": count, "size": "2048x2048"}
    if user.random.random() < 0.5:
        ask = {"model": "qwen-image", "prompt": user.prompt(), "n": 1, "size": size}
    data = (await user.ask("generate", "POST", GENERATE, ask)).json["data"]
    if len(data) != ask["n"]:
        raise Wrong(f"{len(data)} pictures instead of {ask['n']}")
    if user.random.random() < 0.25:
        await fetch(user, data[0]["url"], ask["size"].split("x"))


async def fetch(user: User, url: str, size: list[str] | None = None) -> None:
    """Fetch a picture and look at its size."""
    answer = await user.ask("picture", "GET", "/" + url.split("/", 3)[3], signed=False)
    if not answer.body.startswith(b"\x89PNG") or not answer.body.endswith(b"IEND\xaeB`\x82"):
        raise Wrong("no whole PNG")
    found = list(map(str, struct.unpack(">II", answer.body[16:24])))
    if size is not None and found != size:
        raise Wrong(f"a picture of {found} instead of {size}")


async def ill(user: User) -> None:
    """A direct call that meets a fault, and the next one, which does not."""
    name = user.random.choice(list(FAULTS))
    user.seen.faults[name.split()[0]] += 1
    ask = {"model": "qwen-image-2.0-pro", "prompt": f"{user.prompt()} [[mock:{name}]]"}
    try:
        answer = await user.client.ask("POST", GENERATE, ask)
    except Broken:
        if FAULTS[name]:
            raise
        return
    if answer.status not in FAULTS[name]:
        raise Wrong(f"fault {name}: {answer.status}")
    await user.ask("generate", "POST", GENERATE, {**ask, "prompt": user.prompt()})


async def edit(user: User) -> None:
    """Edit a picture sent along."""
    picture = png(512, 512, user.random.randrange(256))
    uri = "data:image/png;base64," + b64encode(picture).decode()
    ask = {"model": "qwen-image-edit-plus", "prompt": user.prompt(), "image": uri}
    data = (await user.ask("edit", "POST", EDIT, ask)).json["data"]
    if user.random.random() < 0.25:
        await fetch(user, data[0]["url"])


async def upload(user: User) -> None:
    """Upload a picture and edit it."""
    policy = (await user.ask("policy", "GET", POLICY)).json["data"]
    key = f"{policy['upload_dir']}/a.png"
    fields = {
        "Signature": policy["signature"],
        "policy": policy["policy"],
        "key": key,
        "success_action_status": "200",
    }
    mark = "----soak"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    body = "".join(parts).encode() + head.encode() + png(400, 400, 90) + f"\r\n--{mark}--\r\n".encode()
    kind = f"Content-Type: multipart/form-data; boundary={mark}\r\n"
    await user.ask("upload", "POST", "/objects", body, kind, signed=False)
    content = [{"image": f"oss://{key}"}, {"text": user.prompt()}]
    ask = {"model": "qwen-image-edit-plus", "input": {"messages": [{"role": "user", "content": content}]}}
    await user.ask("edit", "POST", NATIVE, ask, RESOLVE)


async def task(user: User) -> None:
    """Submit a task and follow it to its end; cancel some."""
    fault = user.random.choice(list(TASK_FAULTS)) if user.random.random() < FAULT_SHARE else ""
    prompt = f"{user.prompt()} [[mock:{fault}]]" if fault else user.prompt()
    ask = {"model": "wan2.2-t2i-flash", "input": {"prompt": prompt}, "parameters": {"n": 2}}
    identity = (await user.ask("submit", "POST", SUBMIT, ask, ASYNC)).json["output"]["task_id"]
    user.seen.submitted += 1
    user.last = [*user.last[-4:], identity]
    wanted = TASK_FAULTS.get(fault, "SUCCEEDED")
    if fault:
        user.seen.faults[fault.split()[0]] += 1
    elif user.random.random() < 0.1:
        answer = await user.client.ask("POST", f"/api/v1/tasks/{identity}/cancel")
        user.seen.answers["cancel"] += 1
        if answer.status not in (200, 400):
            raise Wrong(f"cancel {answer.status}")
        wanted = "CANCELED" if answer.status == 200 else wanted
    state = await followed(user, identity, failing=2 if fault.startswith("failing-poll") else 0)
    user.seen.ended[state] += 1
    if state != wanted:
        raise Wrong(f"task {state} instead of {wanted}")


async def followed(user: User, identity: str, failing: int) -> str:
    """The state in which a task ends; its first `failing` queries are answered with 503."""
    loop = asyncio.get_running_loop()
    until = loop.time() + LONGEST_TASK
    while loop.time() < until:
        status = 503 if failing > 0 else 200
        failing -= 1
        answer = await user.ask("query", "GET", f"/api/v1/tasks/{identity}", status=status)
        if status == 200:
            output = answer.json["output"]
            if output["task_status"] == "SUCCEEDED" and len(output["results"]) != 2:
                raise Wrong(f"{len(output['results'])} results instead of 2")
            if output["task_status"] in FINAL:
                return str(output["task_status"])
        await asyncio.sleep(PAUSE)
    raise Wrong("a task that does not end")


async def listing(user: User) -> None:
    """The list has the tasks submitted last."""
    rows = (await user.ask("list", "GET", "/api/v1/tasks?page_size=50")).json["data"]
    missing = set(user.last) - {row["task_id"] for row in rows}
    if missing:
        raise Wrong(f"{len(missing)} tasks are not listed")


async def refusal(user: User) -> None:
    """What is against the rules is refused."""
    ask = {"model": "qwen-image-2.0-pro", "prompt": user.prompt(), "n": 99}
    answer = await user.ask("refusal", "POST", GENERATE, ask, status=400)
    if set(answer.json["error"]) != {"message", "type", "param", "code"}:
        raise Wrong("not the error shape")
    await user.ask("refusal", "POST", GENERATE, ask, status=401, signed=False)


STORIES: dict[Callable[[User], Awaitable[None]], int] = {
    generate: 55, task: 15, edit: 8, refusal: 12, listing: 5, upload: 5,
}  # fmt: skip
