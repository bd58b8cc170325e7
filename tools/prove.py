"""Prove the checks: run the suite against every defect and print which clause caught it, and what that took.

`python tools/prove.py` (or `make prove`). Exit code 1 when a defect is missed or a clause outside its own is blamed.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from defects.catalogue import DEFECTS
from defects.places import SPEC, plan_of
from defects.stage import Stage
from defects.two_ended import TwoEnded, broken_cases
from defects.two_ended import held as held_by_both_ends
from defects.two_ended_catalogue import TWO_ENDED
from defects.wrap import Defect
from qwen_image_conformance.campaign import Run, run
from qwen_image_conformance.target import make_target
from qwen_image_mock import Settings, create_app, serve

BROKEN = ("fail", "warn", "error")
WIDTHS = "{:<46} {:<30} {:<8} {:>8} {:>8} {:>7}"


def held(url: str, provider_id: str, model: str, tier: str) -> Run:
    """A run of one model's plan; nothing of it is kept on disk."""
    provider = SPEC.providers[provider_id]
    with TemporaryDirectory() as folder:
        target = make_target(provider, f"{url}/{provider_id}")
        return run(SPEC, provider, target, plan_of(provider_id, model, tier), Path(folder))


def judged(defect: Defect, stage: Stage, url: str) -> tuple[str, Run]:
    """What the suite makes of a defect: caught, observed, MISSED or blamed otherwise."""
    with stage.broken(defect):
        done = held(url, defect.provider, defect.model, defect.tier)
    found = {case["clause"] for case in done.cases if case["status"] in BROKEN}
    others = found - {defect.clause, *defect.also}
    if others:
        return "BLAMES " + ", ".join(sorted(others)), done
    if defect.level == "OBSERVE":
        return "observed", done
    return ("caught" if defect.clause in found else "MISSED"), done


def judged_by_both_ends(defect: TwoEnded, upstream: str) -> tuple[str, Run]:
    """What a two-ended run makes of a defect of the right gateway. Cases that only rest on another are not blamed."""
    done = held_by_both_ends(upstream, defect.model, defect)
    found = {case["clause"] for case in broken_cases(done)}
    others = sorted(clause for clause in found if not defect.excuses(clause))
    if others:
        return "BLAMES " + ", ".join(others), done
    return ("caught" if defect.clause in found else "MISSED"), done


def both_ends(counts: dict[str, int]) -> None:
    """The part of the table whose defects stand between a gateway and its upstream."""
    with serve(Settings(seed=1, task_seconds=0.02)) as mock:
        for model in sorted({defect.model for defect in TWO_ENDED.values()}):
            alarms = broken_cases(held_by_both_ends(mock.url, model))
            counts["false alarms"] = counts.get("false alarms", 0) + len(alarms)
        for defect in TWO_ENDED.values():
            begin = time.perf_counter()
            tell(defect, *judged_by_both_ends(defect, mock.url), begin, counts)


def tell(defect: Defect | TwoEnded, verdict: str, done: Run, begin: float, counts: dict[str, int]) -> None:
    """Print one line, and count it."""
    word = verdict.partition(" ")[0]
    counts[word] = counts.get(word, 0) + 1
    seconds = f"{time.perf_counter() - begin:.2f}"
    print(WIDTHS.format(defect.id, defect.clause, verdict, done.end["requests"], done.end["images"], seconds))


def main() -> int:
    """Print the table."""
    stage = Stage(create_app(Settings(seed=1, task_seconds=0.05)))
    counts: dict[str, int] = {}
    print(WIDTHS.format("defect", "clause", "verdict", "requests", "pictures", "seconds"))
    with serve(app=stage) as mock:
        for place in sorted({(defect.provider, defect.model, defect.tier) for defect in DEFECTS.values()}):
            right = held(mock.url, *place)
            alarms = [case["clause"] for case in right.cases if case["status"] in BROKEN]
            counts["false alarms"] = counts.get("false alarms", 0) + len(alarms)
        for defect in DEFECTS.values():
            begin = time.perf_counter()
            tell(defect, *judged(defect, stage, mock.url), begin, counts)
    both_ends(counts)
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    return 1 if counts.get("MISSED") or counts.get("BLAMES") or counts["false alarms"] else 0


if __name__ == "__main__":
    sys.exit(main())
