"""How a mock is set up: what the command line, the environment and `create_app` may choose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

Strictness = Literal["strict", "warn", "off"]
USAGES = ("none", "image-count", "openai", "seed-004")
MEBIBYTE = 1024 * 1024
NATIVE = "dashscope"
COMPATIBLE = "dashscope-compatible"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be chosen. Times in seconds, sizes in bytes.

    `keys` lists the accepted API keys (None: every key is taken that does not say of itself that it is bad);
    `strictness` is about fields nobody reads: `strict` refuses, `warn` journals, `off` overlooks them;
    `fetch_images` lets the mock fetch input images from addresses that are not its own;
    `token` opens the admin API to clients that are not on this machine. Tasks take `task_seconds`, or, with
    `task_polls`, that many queries that see them unfinished. `limits` enforces the rate and concurrency
    limits of each model, `scenario` names a mix of faults, `hints` tells violations in a header of the
    answer. `usage` is how OpenAI-style answers say what was used, one of USAGES; when empty each provider has
    its own way. `journal_entries`, `journal_bytes`, `tasks` and `uploads` bound what is kept; a client has
    `header_seconds` and `body_seconds` to send a request. `store` is the address of a Redis database that
    several mocks share (see `qwen_image_mock.shared`).
    """

    openai_provider: str = "dieyuyun"
    provider_files: tuple[Path, ...] = ()
    public_url: str = ""
    seed: int | None = None
    strictness: Strictness = "warn"
    keys: frozenset[str] | None = None
    token: str = ""
    fetch_images: bool = False
    task_seconds: float = 1.0
    task_polls: int | None = None
    limits: bool = False
    scenario: str = ""
    hints: bool = False
    usage: str = ""
    body_limit: int = 32 * MEBIBYTE
    drain_limit: int = 256 * MEBIBYTE
    journal_entries: int = 2000
    journal_bytes: int = 16 * MEBIBYTE
    tasks: int = 20_000
    uploads: int = 10_000
    header_seconds: float = 20.0
    body_seconds: float = 120.0
    store: str = field(default="", repr=False)
