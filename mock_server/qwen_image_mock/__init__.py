"""A mock of Qwen-Image and Wan image generation, for every provider of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qwen_image_mock.app import create_app
    from qwen_image_mock.server import Mock, serve
    from qwen_image_mock.settings import Settings

__all__ = ["Mock", "Settings", "create_app", "serve"]
_HOMES = {"create_app": "app", "Mock": "server", "serve": "server", "Settings": "settings"}


def __getattr__(name: str) -> Any:
    """Load what is asked for only then: the pytest plugin imports this package in every test run."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # see above

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
