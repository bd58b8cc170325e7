"""Every defect, by name."""

from __future__ import annotations

from defects.answers import ANSWERS
from defects.gateway import GATEWAY
from defects.generated_acceptance import ACCEPTANCE
from defects.generated_fields import FIELDS
from defects.generated_refusals import REFUSALS
from defects.native import NATIVE
from defects.wrap import Defect

DEFECTS: dict[str, Defect] = {
    defect.id: defect for defect in (*GATEWAY, *NATIVE, *ANSWERS, *REFUSALS, *ACCEPTANCE, *FIELDS)
}
