"""The only part that talks. It keeps the budget, keeps the key out of what it returns, and never repeats a paid request."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import httpx

from qwen_image_conformance import redact
from qwen_image_conformance.budget import Budget
from qwen_image_conformance.exchange import Received, Sent
from qwen_image_conformance.target import Target

_RETRIES = 3
_LONGEST_WAIT = 30.0


class Client:
    """Sends the requests of a run to one target."""

    def __init__(
        self,
        target: Target,
        budget: Budget,
        *,
        timeout: float = 120.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.target = target
        self.budget = budget
        self._sleep = sleep
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=10.0), follow_redirects=False, trust_env=not target.local
        )
        self.requests = 0

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        credentials: str,
        *,
        patient: bool = True,
    ) -> tuple[Sent, Received]:
        """Send one request and return it, redacted, with its answer.

        A 429 is waited out when `patient`: it bought nothing.
        """
        url = self.target.address(path)
        whole = {**self.target.headers, **headers, **self._credentials(credentials)}
        for attempt in range(_RETRIES + 1):
            answer = self._once(method, url, body, whole)
            if answer.status != 429 or attempt == _RETRIES or not patient:
                break
            self._sleep(min(_wait(answer, attempt), _LONGEST_WAIT))
        return Sent(method, url, self._shown(whole), body), self._clean(answer)

    def fetch(self, url: str) -> Received:
        """Fetch a picture without credentials. The bytes come back whole; only a text answer is redacted."""
        return self._once("GET", url, b"", {"accept": "*/*"}, follow=True)

    def _credentials(self, kind: str) -> dict[str, str]:
        match kind:
            case "none":
                return {}
            case "canary":
                return self.target.credentials(redact.CANARY)
            case "basic":
                return {"authorization": redact.BASIC_CANARY}
            case _:
                return self.target.credentials(self.target.key)

    def _shown(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers fit to be stored: credentials as the names of their variables."""
        target = self.target
        kept = redact.headers(headers, target.variable)
        own = headers.get(target.header, "")
        if target.key and target.key in own:
            kept[target.header] = own.replace(target.key, f"${target.variable}")
        return {**kept, **{name: f"${variable}" for name, variable in target.hidden.items() if name in kept}}

    def _once(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], *, follow: bool = False
    ) -> Received:
        self.requests += 1
        start = time.perf_counter()
        try:
            answer = self._http.request(
                method, url, content=body or None, headers=dict(headers), follow_redirects=follow
            )
        except httpx.InvalidURL as error:
            return Received(0, error=f"not an address: {error}")
        except httpx.HTTPError as error:
            return Received(0, error=f"{type(error).__name__}: {error}", seconds=time.perf_counter() - start)
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Received(answer.status_code, found, answer.content, time.perf_counter() - start)

    def _clean(self, answer: Received) -> Received:
        hidden = [self.target.headers[name] for name in self.target.hidden]
        secrets = [self.target.key, *(value for value in hidden if "://" not in value)]  # an address is none
        headers, body = dict(answer.headers), answer.body
        for secret in filter(None, secrets):
            headers = {name: value.replace(secret, "$KEY") for name, value in headers.items()}
            body = body.replace(secret.encode(), b"$KEY")
        return Received(
            answer.status,
            redact.headers(headers, self.target.variable),
            body,
            answer.seconds,
            answer.error,
        )


def _wait(answer: Received, attempt: int) -> float:
    given = answer.headers.get("retry-after", "")
    return float(given) if given.replace(".", "", 1).isdecimal() else 1.0 * 2**attempt
