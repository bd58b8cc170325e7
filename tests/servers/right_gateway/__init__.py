"""A right gateway: OpenAI Images in front, native DashScope behind. The gateway itself uses nothing of the mock.

It is what the two-ended run must find nothing at, and what the two-ended defects are built into.
"""

from __future__ import annotations

from servers.right_gateway.app import create_gateway
from servers.right_gateway.contract import PROVIDER_FILE
from servers.right_gateway.upstream import Call, Manners, Reply

__all__ = ["PROVIDER_FILE", "Call", "Manners", "Reply", "create_gateway"]
