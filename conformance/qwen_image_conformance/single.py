"""Judging one exchange alone: what fuzzers need after every answer. The checks are those of a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from qwen_image_conformance.checks import CHECKS
from qwen_image_conformance.curl import curl
from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.finding import Finding
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Status
from qwen_image_spec.cases import ANY, Case, cases
from qwen_image_spec.evidence import Level, weakest
from qwen_image_spec.model import Provider, Spec

_BROKEN = (Status.FAIL, Status.WARN)
_THROTTLED = 429


class Judge:
    """Holds single exchanges to a provider's contract. Clauses that need two exchanges are left out."""

    def __init__(
        self,
        spec: Spec,
        provider: Provider,
        load: Callable[[str], bytes],
        models: tuple[str, ...] | None = None,
    ) -> None:
        self.spec = spec
        self.provider = provider
        self.load = load
        self._cases: dict[tuple[str, str], list[Case]] = defaultdict(list)
        for case in cases(spec, provider, models):
            if case.clause in CHECKS:
                self._cases[case.model, case.operation].append(case)

    def seen(self, exchange: Exchange) -> Seen:
        """The exchange beside the contract."""
        return Seen(self.spec, self.provider, exchange, self.load)

    def findings(self, exchange: Exchange) -> list[Finding]:
        """The clauses an exchange shows to be broken, the hardest first."""
        seen = self.seen(exchange)
        found = [*self._broken(seen)]
        if not found and (refused := self._refused(seen)) is not None:
            found.append(refused)
        return sorted(found, key=lambda one: -Status(one.status).rank)

    def _broken(self, seen: Seen) -> Iterator[Finding]:
        exchange = seen.exchange
        for case in (*self._cases[exchange.model, exchange.operation], *self._cases[ANY, exchange.operation]):
            verdict = CHECKS[case.clause](seen)
            if verdict is None:
                continue
            level = weakest(
                self.spec.clauses[case.clause].cap, verdict.level if verdict.level is not None else case.level
            )
            status = verdict.status(level)
            if status in _BROKEN:
                yield self._finding(
                    exchange,
                    case.clause,
                    level,
                    status,
                    verdict.expected,
                    verdict.actual,
                    verdict.source or case.fact.source,
                )

    def _refused(self, seen: Seen) -> Finding | None:
        """A legal request that is refused although no single claim of it explains why."""
        made = seen.claims
        if (
            not made
            or seen.model is None
            or seen.asked is None
            or seen.broken
            or seen.doubtful
            or seen.violations
        ):
            return None
        if not seen.answered or not seen.refused or seen.status == _THROTTLED:
            return None
        text = seen.exchange.final.body[:160].decode("utf-8", "replace")
        clause = next(iter(made)) if len(made) == 1 else "model.served"
        expected = "pictures" if len(made) == 1 else f"pictures (claimed together: {', '.join(sorted(made))})"
        return self._finding(
            seen.exchange,
            clause,
            Level.SHOULD,
            Status.WARN,
            expected,
            f"status {seen.status}: {text}",
            seen.model.fact.source,
        )

    def _finding(
        self,
        exchange: Exchange,
        clause: str,
        level: Level,
        status: Status,
        expected: object,
        actual: object,
        source: str,
    ) -> Finding:
        return Finding(
            clause,
            level.value,
            status.value,
            self.provider.id,
            exchange.model,
            exchange.operation,
            self.spec.clauses[clause].sentence,
            str(expected),
            str(actual),
            source,
            curl(exchange),
            weight=len(exchange.sent.body),
        )
