"""The command `check-client`: run a client against a mock and tell what it does wrong."""

from __future__ import annotations

import os
import secrets
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from rich.console import Console

from qwen_image_conformance.choose import provider_of
from qwen_image_conformance.client_findings import Finding, status_of, violations
from qwen_image_conformance.client_journal import Entry, Fetch, Visit, model_of
from qwen_image_conformance.client_manners import Tried, manners_of
from qwen_image_conformance.client_mock import Mock, environment, started
from qwen_image_conformance.client_process import finish
from qwen_image_conformance.client_report import ClientReport, tell
from qwen_image_conformance.listening import listen, served, url_of
from qwen_image_conformance.places import check_folder
from qwen_image_conformance.problems import Unreachable, UsageProblem
from qwen_image_conformance.proxy_bounds import by_name
from qwen_image_conformance.proxy_forward import Forward, Passed
from qwen_image_conformance.verdict import Status
from qwen_image_spec.loader import load
from qwen_image_spec.model import Provider, Spec

_TAG = 12
Json = Any


@dataclass(frozen=True)
class Options:
    """How a client is tried.

    `fault` is a condition set before the start (`throttle times=2`), `scenario` a mix of them; `timeout` and
    `task_seconds` are in seconds. With `same_host` the pictures have the address of the API instead of one of
    their own: for clients that fetch from nowhere else.
    """

    command: tuple[str, ...]
    provider: str
    fault: str = ""
    scenario: str = ""
    timeout: float = 120.0
    task_seconds: float = 1.0
    out: Path | None = None
    fail_on: Literal["must", "should", "never"] = "must"
    same_host: bool = False
    client_output: bool = True


def run(options: Options, console: Console | None = None) -> ClientReport:
    """Run a client and judge it; prints the report when a console is given.

    Raises UsageProblem for a command that does not start, unknown names and a folder that cannot be written to, Unreachable when the client
    never called the mock.
    """
    spec = load()
    provider = provider_of(options.provider, spec)
    if not options.command:
        raise UsageProblem(
            "no command to run", "write it after --: check-client --provider NAME -- python app.py"
        )
    out = options.out or Path("runs") / f"client-{provider.id}-{time.strftime('%Y%m%d-%H%M%S')}"
    check_folder(out)
    key = "sk-check-client-" + "".join(secrets.choice("0123456789") for _ in range(16))
    begin = time.monotonic()
    fetches: list[Fetch] = []
    with _mock(options, provider, key, fetches) as mock:
        if options.fault:
            mock.fault(options.fault)
        entries, code = _visit(options, provider, mock, key)
        target = mock.url
        fetches += map(_fetched, mock.fetches()) if options.same_host else ()
    seconds = time.monotonic() - begin
    visit = Visit(entries, fetches)
    if not entries and not fetches:
        raise _silent(code, environment(provider, target, "KEY"))
    tried = Tried(
        tag_of(key),
        code,
        options.timeout,
        options.fault,
        options.scenario,
        _retry_after(options.fault),
    )
    findings = [
        _hung(found) for found in (*violations(visit, spec, provider), *manners_of(visit, provider, tried))
    ]
    report = ClientReport(
        head=_head(options, spec, provider, target, visit),
        findings=findings,
        requests=len(visit.entries),
        pictures=len(visit.delivered()),
        fetches=len(visit.fetched()),
        seconds=seconds,
        client_exit=code,
        exit_code=_exit_code(findings, options.fail_on),
        out=out,
    )
    report.write(entries)
    if console is not None:
        tell(console, spec, report)
    return report


def tag_of(key: str) -> str:
    """What stands for a key in the mock's journal."""
    return sha256(key.encode()).hexdigest()[:_TAG]


@contextmanager
def _mock(options: Options, provider: Provider, key: str, fetches: list[Fetch]) -> Iterator[Mock]:
    """A mock, with a host for its pictures beside it that sees who fetches them and with what."""
    arguments = ["--task-seconds", str(options.task_seconds)]
    if options.scenario:
        arguments += ["--scenario", options.scenario]
    if provider.style == "openai":
        arguments += ["--openai-provider", provider.id]
    if options.provider != provider.id:
        arguments += ["--provider-file", options.provider]
    if options.same_host:
        with started(arguments) as mock:
            yield mock
        return
    with (
        closing(listen("127.0.0.1", 0)) as listener,
        started([*arguments, "--public-url", url_of(listener)]) as mock,
    ):
        storage = Forward(mock.url, lambda passed: fetches.append(_fetch(passed, key)), keep=0, direct=True)
        with served(storage, listener):
            yield mock


def _fetch(passed: Passed, key: str) -> Fetch:
    headers = by_name(passed.headers)
    place = next((f"the header {name}" for name, value in headers.items() if key in value), "")
    if not place and key in passed.target:
        place = "the address"
    if not place and "authorization" in headers:
        place = "the header authorization (another key)"
    return Fetch(passed.method, urlsplit(passed.target).path, passed.time, passed.status, place)


def _fetched(entry: Entry) -> Fetch:
    """A fetch from the API's own host, as the mock's journal has it: a key that goes there stays where it belongs."""
    return Fetch(entry["method"], urlsplit(entry["path"]).path, float(entry["time"]), int(entry["status"]))


def _visit(options: Options, provider: Provider, mock: Mock, key: str) -> tuple[list[Entry], int | None]:
    """Run the command; gives the journal, and the exit code or None when the command had to be stopped."""
    entries: list[Entry] = []
    variables = {**os.environ, **environment(provider, mock.url, key)}
    code = finish(
        options.command,
        variables,
        options.timeout,
        lambda: entries.extend(mock.news()),
        shown=options.client_output,
    )
    return entries, code


def _silent(code: int | None, variables: Mapping[str, str]) -> Unreachable:
    ended = "was stopped after its time" if code is None else f"ended with {code}"
    shown = "  ".join(f"{name}={value}" for name, value in variables.items() if name.endswith("_URL"))
    return Unreachable(
        f"the client never called the mock; it {ended}",
        "it must take its base URL from one of these variables (an address in its code or configuration wins "
        f"over them): {shown}",
    )


def _retry_after(fault: str) -> float | None:
    """The seconds a fault asks to wait, where its options say so."""
    given = dict(pair.partition("=")[::2] for pair in fault.split()[1:]).get("retry_after", "")
    return float(given) if given.replace(".", "", 1).isdecimal() else None


def _hung(finding: Finding) -> Finding:
    """A client that had to be stopped was not tried to its end: that is an error rather than a failure."""
    hung = finding.clause == "client.ends" and finding.status is status_of(finding.level)
    return replace(finding, status=Status.ERROR) if hung else finding


def _exit_code(findings: Sequence[Finding], fail_on: str) -> int:
    failing = {"must": (Status.FAIL, Status.ERROR), "should": (Status.FAIL, Status.ERROR, Status.WARN)}
    return int(any(finding.status in failing.get(fail_on, ()) for finding in findings))


def _head(options: Options, spec: Spec, provider: Provider, target: str, visit: Visit) -> dict[str, Json]:
    models = dict.fromkeys(model_of(entry) for entry in visit.paid)
    return {
        "suite": version("qwen-image-contract"),
        "spec": spec.version,
        "provider": provider.id,
        "provider_file": options.provider if options.provider != provider.id else None,
        "target": target,
        "models": [name for name in models if name != "*"],
        "tier": "full",
        "select": [],
        "planned_images": 0,
        "key": "$OPENAI_API_KEY",
        "time": round(time.time(), 3),
        "side": "client",
        "command": shlex.join(options.command),
        "fault": options.fault,
        "scenario": options.scenario,
    }
