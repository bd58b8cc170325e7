"""What the help of several commands says in the same words."""

from __future__ import annotations

from qwen_image_conformance.problems import BudgetSpent, Interrupted, Unreachable, UsageProblem

EXIT_CODES = (
    f"exit codes: 0 conforms, 1 a MUST clause is broken, {UsageProblem.code} usage,\n"
    f"            {Unreachable.code} target unreachable or credentials refused, {BudgetSpent.code} budget spent,\n"
    f"            {Interrupted.code} stopped by Ctrl+C"
)


def examples(*lines: str, after: str = "") -> str:
    """The end of a command's help: `lines` as they would be typed, each after the command's name, then `after`.

    A line that is too long for 80 columns goes on after a backslash at its end.
    """
    shown = "".join(f"\n  qwen-image-conformance {line}" for line in lines).replace("\\\n", "\\\n      ")
    heading = "Examples" if len(lines) > 1 else "Example"
    return f"\b\n{heading}:{shown}" + (f"\n\n\b\n{after}" if after else "")
