"""How firmly a refusal is promised: what is said of its shape can be no firmer."""

from __future__ import annotations

from qwen_image_conformance.seen import Seen
from qwen_image_spec.catalogue import entry_for
from qwen_image_spec.evidence import Level, weakest


def firmness(seen: Seen) -> Level:
    """The level at which this request must be refused at all, by its clause, the error catalogue and the rules.

    A server in front of the API that answers an unknown path or a wrong method in its own words breaks no MUST.
    """
    levels = [violation.level for violation in seen.violations if violation.clause in seen.broken]
    for name in dict.fromkeys(seen.broken):
        clause = seen.spec.clauses.get(name)
        entry = entry_for(name, seen.provider, seen.model)
        levels += [clause.cap] if clause is not None else []
        levels += [entry.status.level] if entry is not None else []
    return weakest(*levels)
