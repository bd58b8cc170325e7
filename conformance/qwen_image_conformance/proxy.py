"""The command `proxy`: stand before a live provider, pass everything on, judge what passes."""

from __future__ import annotations

import contextlib
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import click
import httpx
from rich.console import Console

from qwen_image_conformance import events
from qwen_image_conformance.choose import provider_of
from qwen_image_conformance.evidence import Recorder
from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.listening import listen, served, server, url_of
from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.proxy_drift import Drift, Live
from qwen_image_conformance.proxy_forward import Forward, Passed
from qwen_image_conformance.proxy_record import Scribe
from qwen_image_conformance.proxy_summary import Summary, summary_of, tell_drift, tell_summary
from qwen_image_conformance.report import junit
from qwen_image_conformance.target import fold, is_address, is_local
from qwen_image_spec.loader import load
from qwen_image_spec.model import Provider, Spec

MEBIBYTE = 1024 * 1024
FailOn = Literal["must", "should", "never"]
_ENDING = 5.0
_SWITCH_SECONDS = 0.0005  # how long judging may keep the interpreter from an answer under way


@dataclass(frozen=True)
class Options:
    """How a proxy is set up. `upstream` is what stands before the paths of the provider's document.

    `keep` is the most MiB of one body that goes into the evidence; `fetch` lets the proxy fetch the pictures
    of answers itself, without credentials, so that their pixels can be judged.
    """

    provider: str
    upstream: str
    host: str = "127.0.0.1"
    port: int = 8001
    out: Path | None = None
    fail_on: FailOn = "must"
    keep: int = 8
    fetch: bool = False
    quiet: bool = False


class Proxy:
    """A proxy: the application that passes on, and the thread that records and judges behind it."""

    def __init__(self, options: Options, console: Console) -> None:
        self.spec: Spec = load()
        self.provider: Provider = provider_of(options.provider, self.spec)
        self.upstream = _upstream(options.upstream, self.provider)
        self.out = options.out or Path("runs") / f"proxy-{self.provider.id}-{time.strftime('%Y%m%d-%H%M%S')}"
        self._options = options
        self._console = console
        self._head = self._about()
        self._recorder = Recorder(self.out, self._head, "")
        self._begin = time.monotonic()
        self._client = httpx.Client(
            timeout=60.0, follow_redirects=True, trust_env=not is_local(self.upstream)
        )
        fetch = self._client.get if options.fetch else None
        self.scribe = Scribe(self.provider, self.upstream, self._recorder, options.keep * MEBIBYTE, fetch)
        self.live = Live(self.spec, self.provider, self._load)
        self._waiting: queue.SimpleQueue[Passed | None] = queue.SimpleQueue()
        self.app = Forward(
            self.upstream, self._waiting.put, keep=options.keep * MEBIBYTE, direct=is_local(self.upstream)
        )
        self._thread = threading.Thread(target=self._work, name="qwen-image-proxy", daemon=True)
        self._thread.start()

    def close(self) -> Summary:
        """Judge what is left, write the results, and tell what the traffic came to."""
        end = time.monotonic() + _ENDING
        while self.app.under_way and time.monotonic() < end:
            time.sleep(0.005)
        self._waiting.put(None)
        self._thread.join()
        self._client.close()
        found = summary_of(self.live, self.scribe.passed, self.scribe.unmatched)
        tail = {
            "requests": self.scribe.passed,
            "images": self.scribe.pictures,
            "out": str(self.out),
            "seconds": round(time.monotonic() - self._begin, 3),
        }
        self._recorder.close(tail, whole=True)
        results = self.live.results()
        cases = [events.case_event(result, self.live.decisive) for result in results]
        last = {
            **tail,
            "counts": events.counts(results),
            "exit": found.exit_code(self._options.fail_on),
            "stopped": "",
        }
        events.write(self.out / events.FILE, self._head, cases, last)
        junit.write(self.out / "junit.xml", cases, f"{self.provider.id} through the proxy at {self.upstream}")
        return found

    def _work(self) -> None:
        while (passed := self._waiting.get()) is not None:
            try:
                for exchange in self.scribe.take(passed):
                    self._judge(exchange)
            except Exception as error:  # noqa: BLE001 # traffic may hold anything; the proxy goes on
                self._console.print(
                    f"not judged: {passed.method} {passed.target.partition('?')[0]}: {error!r}",
                    markup=False,
                    highlight=False,
                    soft_wrap=True,
                )
        for exchange in self.scribe.rest():
            self._judge(exchange)

    def _judge(self, exchange: Exchange) -> None:
        for drift in self.live.judge(exchange):
            self.drifted(drift)

    def drifted(self, drift: Drift) -> None:
        """Tell of a clause found broken for the first time."""
        if not self._options.quiet:
            tell_drift(self._console, self.spec, drift)

    def _load(self, digest: str) -> bytes:
        path = self.out / "images" / digest
        return path.read_bytes() if path.is_file() else b""

    def _about(self) -> dict[str, Any]:
        file = self._options.provider if self._options.provider not in self.spec.providers else None
        return {
            "suite": version("qwen-image-contract"),
            "spec": self.spec.version,
            "provider": self.provider.id,
            "provider_file": file,
            "target": self.upstream,
            "models": list(self.provider.models),
            "tier": "full",
            "select": [],
            "planned_images": 0,
            "key": f"${self.provider.key_env}",
            "time": round(time.time(), 3),
            "by": "proxy",
        }


def serve(options: Options, console: Console | None = None) -> int:
    """Serve a proxy until Ctrl+C or SIGTERM; gives the exit code. Its address is the first line printed.

    Raises UsageProblem for an unknown provider, an unusable upstream, a taken port, or evidence in the way.
    """
    shown = console or Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    listener = listen(options.host, options.port)
    try:
        address = url_of(listener)
        if options.upstream.rstrip("/").startswith(address):
            raise UsageProblem(
                "the upstream is the proxy itself", "give the provider's address as --upstream"
            )
        proxy = Proxy(options, shown)
        click.echo(address)
        shown.print(
            f"{proxy.provider.title} at {proxy.upstream}; evidence: {proxy.out}; stop with Ctrl+C",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        sys.stdout.flush()
        before = sys.getswitchinterval()
        handler = signal.signal(signal.SIGTERM, signal.default_int_handler)
        sys.setswitchinterval(_SWITCH_SECONDS)
        try:
            with contextlib.suppress(KeyboardInterrupt):
                server(proxy.app).run(sockets=[listener])
        finally:
            sys.setswitchinterval(before)
            signal.signal(signal.SIGTERM, handler)
            summary = proxy.close()
        tell_summary(shown, summary, str(proxy.out))
        return summary.exit_code(options.fail_on)
    finally:
        listener.close()


@contextmanager
def running(options: Options, console: Console | None = None) -> Iterator[tuple[str, Proxy]]:
    """A proxy in a thread for the length of a block: its address, and itself, to be closed afterwards."""
    listener = listen(options.host, options.port)
    proxy = Proxy(options, console or Console(quiet=True))
    with served(proxy.app, listener) as address:
        yield address, proxy


def _upstream(url: str, provider: Provider) -> str:
    if not is_address(url):
        raise UsageProblem(
            f"--upstream {url!r} is no http(s) address",
            f"it is what stands before the paths of the contract, like {provider.base_url}",
        )
    return fold(url, provider)
