"""Every two-ended defect, by name."""

from __future__ import annotations

from defects.two_ended import TwoEnded
from defects.two_ended_answers import ANSWERS
from defects.two_ended_faults import FAULTS
from defects.two_ended_parameters import PARAMETERS
from defects.two_ended_requests import REQUESTS

TWO_ENDED: dict[str, TwoEnded] = {defect.id: defect for defect in (*PARAMETERS, *REQUESTS, *FAULTS, *ANSWERS)}
