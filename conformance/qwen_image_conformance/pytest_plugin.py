"""The same campaign under pytest: `pytest -p qwen_image_conformance.pytest_plugin --qwen-image-provider P --qwen-image-url URL`.

Every case of the contract becomes a test item named `clause[model-operation]`. A broken MUST fails, a weak SHOULD and
an observed clause pass (and say so with -rA), a case that this run did not decide is skipped with its reason.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qwen_image_conformance.problems import Stop

if TYPE_CHECKING:
    from qwen_image_conformance.campaign import Run

_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--qwen-image-provider", {"metavar": "NAME|FILE", "help": "The contract to hold the target to."}),
    (
        "--qwen-image-url",
        {"metavar": "URL", "help": "What stands before the paths of the provider's document."},
    ),
    ("--qwen-image-key-env", {"metavar": "VAR", "help": "The variable that holds the key."}),
    (
        "--qwen-image-model",
        {"metavar": "NAME", "action": "append", "default": [], "help": "Only this model (repeatable)."},
    ),
    (
        "--qwen-image-select",
        {
            "metavar": "GROUP|CLAUSE",
            "action": "append",
            "default": [],
            "help": "Only these clauses (repeatable).",
        },
    ),
    (
        "--qwen-image-tier",
        {"choices": ("smoke", "core", "full"), "default": "core", "help": "How much to ask."},
    ),
    ("--qwen-image-max-images", {"type": int, "metavar": "N", "help": "Never buy more pictures than this."}),
    ("--qwen-image-out", {"metavar": "DIR", "help": "Where evidence and results go."}),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options, every one of them prefixed."""
    group = parser.getgroup("qwen-image", "Qwen-Image contract tests")
    for name, settings in _OPTIONS:
        group.addoption(name, **settings)


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add one item for every case of the plan."""
    if not config.getoption("--qwen-image-url") and not config.getoption("--qwen-image-provider"):
        return
    try:
        campaign = _Campaign.prepared(config)
    except Stop as stop:
        raise pytest.UsageError(f"{stop.cause}\nhint: {stop.hint}") from stop
    for case in campaign.plan.cases:
        name = f"{case.clause}[{'' if case.model == '*' else case.model + '-'}{case.operation}]"
        items.append(CaseItem.from_parent(session, name=name, key=case.key, campaign=campaign))


class _Campaign:
    """One run, made when the first item asks for its case."""

    def __init__(
        self, spec: Any, provider: Any, plan: Any, target: Any, out: Path, config: pytest.Config
    ) -> None:
        self.spec, self.provider, self.plan, self.target, self.out, self.config = (
            spec,
            provider,
            plan,
            target,
            out,
            config,
        )
        self._done: Run | None = None
        self._cases: dict[tuple[str, str, str], dict[str, Any]] = {}

    @classmethod
    def prepared(cls, config: pytest.Config) -> _Campaign:
        """The plan for pytest's options. Raises Stop for options that make no sense."""
        from qwen_image_conformance.planning import prepare  # only when asked for
        from qwen_image_conformance.problems import UsageProblem
        from qwen_image_conformance.target import make_target

        provider, url = config.getoption("--qwen-image-provider"), config.getoption("--qwen-image-url")
        if not provider or not url:
            raise UsageProblem("--qwen-image-provider and --qwen-image-url belong together", "give both")
        models, select = (
            tuple(config.getoption("--qwen-image-model")),
            tuple(config.getoption("--qwen-image-select")),
        )
        spec, chosen, plan = prepare(provider, models, select, config.getoption("--qwen-image-tier"))
        out = config.getoption("--qwen-image-out")
        folder = Path(out) if out else Path(tempfile.mkdtemp(prefix="qwen-image-"))
        return cls(
            spec,
            chosen,
            plan,
            make_target(chosen, url, config.getoption("--qwen-image-key-env")),
            folder,
            config,
        )

    def case(self, key: tuple[str, str, str]) -> dict[str, Any]:
        """What the run says of a case. Raises Stop when the target does not answer."""
        if self._done is None:
            from qwen_image_conformance.campaign import Options, run

            options = Options(
                max_images=self.config.getoption("--qwen-image-max-images"),
                select=self.config.getoption("--qwen-image-select"),
            )
            self._done = run(self.spec, self.provider, self.target, self.plan, self.out, options)
            self._cases = {
                (case["clause"], case["model"], case["operation"]): case for case in self._done.cases
            }
        return self._cases[key]


class BrokenClause(Exception):
    """A clause the target does not keep."""


class CaseItem(pytest.Item):
    """One case as a test."""

    def __init__(self, *, key: tuple[str, str, str], campaign: _Campaign, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.key = key
        self.campaign = campaign

    def runtest(self) -> None:
        """Fail, skip or pass by the case's status."""
        try:
            case = self.campaign.case(self.key)
        except Stop as stop:
            pytest.exit(f"{stop.cause}\nhint: {stop.hint}", returncode=stop.code)
        sentence = self.campaign.spec.clauses[case["clause"]].sentence
        text = f"{sentence}\nexpected: {case['expected']}\ncame:     {case['actual']}\nsource:   {case['source']}\n{case['curl']}"
        for name in ("clause", "level", "source", "status"):
            self.user_properties.append((name, case[name]))
        if case["status"] in ("fail", "error", "fixed"):
            raise BrokenClause(text)
        if case["status"] == "not-run":
            pytest.skip(case["reason"])
        if case["status"] in ("warn", "observed"):
            self.add_report_section("call", case["status"], text)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Only what matters of a broken clause: no traceback."""
        if isinstance(excinfo.value, BrokenClause):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where pytest says this test is."""
        return Path(self.key[0]), 0, self.name


def pytest_report_header(config: pytest.Config) -> Iterator[str]:
    """Say what is tested."""
    if config.getoption("--qwen-image-url"):
        yield f"qwen-image: {config.getoption('--qwen-image-provider')} at {config.getoption('--qwen-image-url')}"
