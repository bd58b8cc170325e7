"""What stops a run: each with a cause, a hint and the exit code of the contract."""

from __future__ import annotations


class Stop(Exception):
    """A run that cannot go on. `code` is the exit code."""

    code = 2

    def __init__(self, cause: str, hint: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint


class UsageProblem(Stop):
    """Usage or configuration: exit code 2."""

    code = 2


class Unreachable(Stop):
    """The target does not answer, or refuses the credentials: exit code 3."""

    code = 3


class BudgetSpent(Stop):
    """The budget is spent before the plan is done: exit code 4."""

    code = 4


class Interrupted(Stop):
    """Stopped by Ctrl+C or SIGTERM: exit code 130, as shells have it for the first."""

    code = 130

    def __init__(self, hint: str = "") -> None:
        super().__init__("stopped by Ctrl+C or SIGTERM", hint)
