"""Every defect, by name."""

from __future__ import annotations

from defects.gateway import GATEWAY
from defects.native import NATIVE
from defects.wrap import Defect

DEFECTS: dict[str, Defect] = {defect.id: defect for defect in (*GATEWAY, *NATIVE)}
