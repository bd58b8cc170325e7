"""Our checks for people who run Schemathesis already: no code, two variables.

    export SCHEMATHESIS_HOOKS=qwen_image_conformance.schemathesis_hooks QWEN_IMAGE_PROVIDER=dieyuyun
    qwen-image-spec openapi dieyuyun > openapi.json
    schemathesis run openapi.json --url https://gw.example.com -H "Authorization: Bearer $KEY"

There is one check for each group of clauses (`qwen_image_n`, `qwen_image_size`, ...), so that they can be
chosen with `--checks` and `--exclude-checks`. Broken MUST clauses fail; QWEN_IMAGE_LEVEL=SHOULD fails on
those too. Pictures are fetched and measured; QWEN_IMAGE_FETCH=0 leaves that out. QWEN_IMAGE_FINDINGS names a
file for findings as JSON Lines.

An OpenAPI document cannot say everything, and some things nobody knows. Stock failures that contradict no
sentence of the contract (see `excused`) are dropped.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import schemathesis

from qwen_image_conformance.budget import Budget
from qwen_image_conformance.choose import provider_of
from qwen_image_conformance.client import Client
from qwen_image_conformance.exchange import Exchange, Received, Sent
from qwen_image_conformance.finding import Finding
from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.redact import headers as redacted
from qwen_image_conformance.schemathesis_bridge import Bridge, Call
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.single import Judge
from qwen_image_conformance.target import OWN_VARIABLE, Target
from qwen_image_spec.catalogue import entry_for
from qwen_image_spec.loader import load

_TAKEN, _REFUSED, _UNASKED, _WRONG_METHOD = "ST201", "ST202", "ST203", "ST204"
_OWN = "ST901"
_lock = threading.RLock()


class _Contract:
    """What the checks share: the provider, the judge, and the findings of the answer looked at last."""

    def __init__(self) -> None:
        name = os.environ.get("QWEN_IMAGE_PROVIDER", "")
        if not name:
            raise UsageProblem(
                "QWEN_IMAGE_PROVIDER is not set",
                "export QWEN_IMAGE_PROVIDER=dashscope (or the path of a YAML file of your own)",
            )
        spec = load()
        self.provider = provider_of(name, spec)
        self.bridge = Bridge(
            self.provider, self._fetch if os.environ.get("QWEN_IMAGE_FETCH", "1") != "0" else None
        )
        self.judge = Judge(spec, self.provider, lambda digest: self.bridge.store[digest])
        self.groups = sorted({clause.group for clause in spec.clauses.values()})
        self.group_of = {clause.id: clause.group for clause in spec.clauses.values()}
        self.statuses = (
            ("fail", "warn") if os.environ.get("QWEN_IMAGE_LEVEL", "MUST") == "SHOULD" else ("fail",)
        )
        self.file = os.environ.get("QWEN_IMAGE_FINDINGS", "")
        self._client: Client | None = None
        self._last: tuple[object, Exchange | None, list[Finding]] = (None, None, [])

    def findings(self, case: Any, response: Any) -> list[Finding]:
        """What an answer breaks."""
        return self._look(case, response)[2]

    def seen(self, case: Any, response: Any) -> Seen | None:
        """The answer beside the contract; None when it says nothing about it."""
        exchange = self._look(case, response)[1]
        return self.judge.seen(exchange) if exchange is not None else None

    def _look(self, case: Any, response: Any) -> tuple[object, Exchange | None, list[Finding]]:
        """Work an answer out once for all checks."""
        with _lock:
            if self._last[0] is not response:
                exchange = self.exchange(case, response)
                found = self.judge.findings(exchange) if exchange is not None else []
                self._last = (response, exchange, found)
                for finding in found:
                    self.note(finding)
            return self._last

    def exchange(self, case: Any, response: Any) -> Exchange | None:
        """The answer as an exchange."""
        request = response.request
        given = {
            name.lower(): value if isinstance(value, str) else value.decode("latin-1")
            for name, value in request.headers.items()
        }
        body = request.body or b""
        sent = Sent(
            request.method,
            request.url,
            redacted(given, OWN_VARIABLE),
            body if isinstance(body, bytes) else str(body).encode(),
        )
        received = Received(
            response.status_code,
            {name.lower(): values[0] for name, values in response.headers.items() if values},
            response.content,
            response.elapsed,
        )
        if self._client is None:
            self._client = Client(Target(request.url, OWN_VARIABLE, ""), Budget(0))
        return self.bridge.exchange(Call(request.method, case.path, case.path_parameters, sent, received))

    def _fetch(self, url: str) -> Received:
        return self._client.fetch(url) if self._client is not None else Received(0)

    def note(self, finding: Finding) -> None:
        """Append a finding to the file that was asked for."""
        if self.file:
            with Path(self.file).open("ab") as file:
                file.write(
                    orjson.dumps(
                        finding.to_json() | {"engine": "schemathesis"}, option=orjson.OPT_APPEND_NEWLINE
                    )
                )


def _telling(finding: Finding) -> str:
    return (
        f"{finding.clause} ({finding.level}): {finding.sentence}\n"
        f"    expected: {finding.expected}\n    actual:   {finding.actual}\n"
        f"    source:   {finding.source}\n    {finding.curl}"
    )


def _register(contract: _Contract) -> Iterator[str]:
    for group in contract.groups:

        def check(_: Any, response: Any, case: Any, group: str = group) -> None:
            broken = [
                finding
                for finding in contract.findings(case, response)
                if contract.group_of[finding.clause] == group and finding.status in contract.statuses
            ]
            if broken:
                raise AssertionError("\n".join(_telling(finding) for finding in broken))

        check.__name__ = f"qwen_image_{group.replace('-', '_')}"
        schemathesis.check(check)
        yield check.__name__


def excused(failure: Any, case: Any, response: Any) -> bool:
    """Whether a stock failure contradicts no sentence of the contract.

    ST201 to ST203 compare acceptance with the schema, which leaves out what is disputed or cannot be said: they are
    kept where the contract agrees. ST204 wants 405 for any other method; the contract may name another status.
    """
    if failure.code == _WRONG_METHOD:
        entry = entry_for("method.refused", CONTRACT.provider, None)
        return entry is not None and response.status_code in (entry.status.value, *entry.also)
    if failure.code not in (_TAKEN, _REFUSED, _UNASKED):
        return False
    seen = CONTRACT.seen(case, response)
    if seen is None:
        return True
    return bool(seen.broken or seen.doubtful) if failure.code == _REFUSED else not seen.broken


CONTRACT = _Contract()
CHECK_NAMES = tuple(_register(CONTRACT))


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:  # noqa: ARG001 # Schemathesis' signature
    """Keep what breaks the contract."""
    if excused(failure, case, response):
        return False
    if failure.code != _OWN:
        CONTRACT.note(_stock(failure, case))
    return True


def _stock(failure: Any, case: Any) -> Finding:
    model = case.body.get("model") if isinstance(case.body, dict) else None
    return Finding(
        f"schemathesis.{failure.code}",
        "MUST",
        "fail",
        CONTRACT.provider.id,
        model if isinstance(model, str) else "*",
        case.operation.label,
        failure.title,
        "what the generated OpenAPI document says",
        failure.message,
        "openapi",
        case.as_curl_command(),
        engine="schemathesis",
        weight=len(str(case.body)),
    )
