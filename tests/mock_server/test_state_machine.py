"""Tasks against a model of the documents: any order of submit, poll, cancel, list and steps of the clock.

The model is written from the documents alone; it shares no code with the mock.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from qwen_image_mock import Settings, create_app

SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
START = 1_800_000_000
SECONDS = 10
PENDING = 3
DAY = 86_400
KEYS = ("sk-one", "sk-two")
STATES = ("", "PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED")


@dataclass
class Known:
    """What the documents say about one task."""

    id: str
    key: str
    model: str
    n: int
    at: float
    failing: bool
    ends: float
    canceled: float | None = None
    ended: str = ""

    def state(self, now: float) -> str:
        if now - self.at >= DAY:
            return "UNKNOWN"
        if self.canceled is not None:
            return "CANCELED"
        if now < self.at + PENDING:
            return "PENDING"
        if now < self.at + SECONDS:
            return "RUNNING"
        return "FAILED" if self.failing else "SUCCEEDED"


def call(app: Any, method: str, path: str, key: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    """One request without a socket and without an event loop: nothing in the way of a request waits."""
    path, _, query = path.partition("?")
    sent: list[Any] = []
    content = b"" if body is None else json.dumps(body).encode()
    scope = {
        "type": "http", "method": method, "path": path, "query_string": query.encode(), "root_path": "",
        "scheme": "http", "client": ("127.0.0.1", 1), "server": ("mock", 80),
        "headers": [(b"authorization", f"Bearer {key}".encode()), (b"host", b"mock"),
                    *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())],
    }  # fmt: skip

    async def receive() -> Any:  # ASGI wants a coroutine
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:  # same
        sent.append(message)

    running = app(scope, receive, send)
    try:
        running.send(None)
    except StopIteration:
        return sent[0]["status"], json.loads(sent[1]["body"])
    raise AssertionError("the mock waited for something")


class Tasks(RuleBasedStateMachine):
    tasks = Bundle("tasks")

    @initialize()
    def start(self) -> None:
        self.app = create_app(Settings(seed=1, task_seconds=SECONDS))
        self.app.state.clock.freeze(START)
        self.now = float(START)
        self.known: dict[str, Known] = {}

    @rule(target=tasks, key=st.sampled_from(KEYS), n=st.integers(1, 4), late=st.booleans())
    def submit(self, key: str, n: int, *, late: bool) -> str:
        parameters = {"n": n, "size": "9*9"} if late else {"n": n}
        model = "wan2.2-t2i-flash"
        body = {"model": model, "input": {"prompt": "a"}, "parameters": parameters}
        status, answer = call(self.app, "POST", SUBMIT, key, body, x_dashscope_async="enable")
        assert (status, answer["output"]["task_status"]) == (200, "PENDING")
        task = str(answer["output"]["task_id"])
        assert task not in self.known
        self.known[task] = Known(task, key, model, n, self.now, late, self.now + SECONDS)
        return task

    @rule(task=tasks)
    def poll(self, task: str) -> None:
        known = self.known[task]
        status, answer = call(self.app, "GET", f"/api/v1/tasks/{task}", known.key)
        output = answer["output"]
        state = known.state(self.now)
        assert (status, output["task_status"], output["task_id"]) == (200, state, task)
        assert ("results" in output) is (state == "SUCCEEDED")
        assert ("end_time" in output) is (state in ("SUCCEEDED", "FAILED", "CANCELED"))
        assert ("code" in output) is (state == "FAILED")
        if state == "SUCCEEDED":
            assert len(output["results"]) == answer["usage"]["image_count"] == known.n
        if state != "UNKNOWN":
            assert output["submit_time"] <= min(
                output.get(name, "9") for name in ("scheduled_time", "end_time")
            )

    @rule(task=tasks)
    def poll_by_a_stranger(self, task: str) -> None:
        other = next(key for key in KEYS if key != self.known[task].key)
        status, answer = call(self.app, "GET", f"/api/v1/tasks/{task}/", other)
        assert (status, answer["output"]) == (200, {"task_id": task, "task_status": "UNKNOWN"})

    @rule(task=tasks, slash=st.sampled_from(["", "/"]))
    def cancel(self, task: str, slash: str) -> None:
        known = self.known[task]
        status, answer = call(self.app, "POST", f"/api/v1/tasks/{task}/cancel{slash}", known.key)
        if known.state(self.now) == "PENDING":
            assert (status, list(answer)) == (200, ["request_id"])
            known.canceled = self.now
        else:
            assert (status, answer["code"]) == (400, "UnsupportedOperation")

    @rule(seconds=st.sampled_from([0.001, 1, 2.999, 3, 7, 10, 3600, DAY - 10, DAY - 1, DAY]))
    def step(self, seconds: float) -> None:
        self.app.state.clock.step(seconds)
        self.now += seconds

    @rule(key=st.sampled_from(KEYS), state=st.sampled_from(STATES), size=st.integers(1, 3))
    def list(self, key: str, state: str, size: int) -> None:
        wanted = [known.id for known in reversed(self.known.values())
                  if known.key == key and known.state(self.now) != "UNKNOWN"
                  and state in ("", known.state(self.now))]  # fmt: skip
        found: list[str] = []
        pages = -(-len(wanted) // size)
        for number in range(1, pages + 2):
            words = f"page_no={number}&page_size={size}" + (f"&status={state}" if state else "")
            _, page = call(self.app, "GET", f"/api/v1/tasks?{words}", key)
            assert (page["total"], page["total_page"], page["page_no"]) == (len(wanted), pages, number)
            found += [row["task_id"] for row in page["data"]]
            assert all(row["status"] == self.known[row["task_id"]].state(self.now) for row in page["data"])
        assert found == wanted

    @invariant()
    def nothing_is_kept_beyond_a_day_of_tasks(self) -> None:
        if getattr(self, "known", None):
            assert len(self.app.state.store) <= len(self.known)


class ByPolls(RuleBasedStateMachine):
    """The same by polls: each query is one step on, no state is skipped, the clock changes nothing."""

    tasks = Bundle("tasks")

    @initialize(polls=st.integers(1, 5))
    def start(self, polls: int) -> None:
        self.app = create_app(Settings(seed=1, task_polls=polls))
        self.app.state.clock.freeze(START)
        self.seen: dict[str, int] = {}
        self.way = (["PENDING"] if polls > 1 else []) + ["RUNNING"] * max(1, polls - 1) + ["SUCCEEDED"]
        self.canceled: set[str] = set()

    @rule(target=tasks)
    def submit(self) -> str:
        body = {"model": "qwen-image", "input": {"prompt": "a"}}
        _, answer = call(self.app, "POST", SUBMIT, KEYS[0], body, x_dashscope_async="enable")
        task = str(answer["output"]["task_id"])
        self.seen[task] = 0
        return task

    @rule(task=tasks)
    def poll(self, task: str) -> None:
        _, answer = call(self.app, "GET", f"/api/v1/tasks/{task}", KEYS[0])
        position = min(self.seen[task], len(self.way) - 1)
        expected = "CANCELED" if task in self.canceled else self.way[position]
        assert answer["output"]["task_status"] == expected
        self.seen[task] += 1

    @rule(task=tasks)
    def cancel(self, task: str) -> None:
        seen = self.seen[task]
        last = "PENDING" if seen == 0 else self.way[min(seen, len(self.way)) - 1]
        status, _ = call(self.app, "POST", f"/api/v1/tasks/{task}/cancel", KEYS[0])
        assert status == (200 if last == "PENDING" and task not in self.canceled else 400)
        if status == 200:
            self.canceled.add(task)

    @rule(seconds=st.floats(0, 3600))
    def step(self, seconds: float) -> None:
        if self.app.state.clock.now() - START + seconds < DAY - 1:
            self.app.state.clock.step(seconds)


BOUNDED = settings(
    max_examples=40,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestTasks = Tasks.TestCase
TestTasks.settings = BOUNDED
TestByPolls = ByPolls.TestCase
TestByPolls.settings = BOUNDED
