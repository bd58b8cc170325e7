"""One HTTP request and its answer, with what was fetched and polled after it: the unit of evidence."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Json = Any


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it went out. Credentials are already replaced by the name of their variable."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Received:
    """An answer. `error` tells why there is none (then `status` is 0). `seconds` is the time to the whole answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One picture of an answer: where it came from and what it turned out to be.

    `digest` names the stored bytes (SHA-256); width and height are 0 and `format` empty when it could not be decoded.
    `tampered` is the status of a fetch with an altered signature, None when that was not tried. `address` is the SHA-256
    of the address with its signature.
    """

    url: str = ""
    inline: bool = False
    status: int = 0
    content_type: str = ""
    digest: str = ""
    format: str = ""
    width: int = 0
    height: int = 0
    error: str = ""
    tampered: int | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request that reached the mock behind a gateway, as the mock's journal tells it.

    `decoded` is the canonical request, `effective` its values after the upstream's defaults, `violations` what it breaks
    there; each is None or empty where the mock got no further. `fault` is the simulated condition it met. `addresses` are
    the SHA-256 of the pictures' addresses in the answer, since the addresses themselves lose their signatures.
    """

    id: str
    time: float
    provider: str
    operation: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: Json
    decoded: Mapping[str, Json] | None
    effective: Mapping[str, Json] | None
    violations: tuple[Mapping[str, Json], ...]
    status: int
    response: Json
    fault: str = ""
    inputs: tuple[Mapping[str, Json], ...] = ()
    addresses: tuple[str, ...] = ()
    response_headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request of one probe, its answer, the polls that followed, and the pictures.

    `asked` is the canonical request when there is one; `breaks` are clauses the frame of the request breaks on purpose
    (credentials, method, body), which `asked` cannot show. `upstream` is what reached the mock behind a gateway because
    of it, None when nobody looked there; `token` marks its prompt, `fault` is the condition simulated at the upstream.
    `terms` is what the gateway's description allows: `model` that must arrive, and `rewrites_urls`.
    """

    id: str
    probe: str
    provider: str
    model: str
    operation: str
    endpoint: str
    sent: Sent
    received: Received
    asked: Mapping[str, Json] | None = None
    breaks: tuple[str, ...] = ()
    polls: tuple[Received, ...] = ()
    pictures: tuple[Delivered, ...] = ()
    time: float = 0.0
    upstream: tuple[Arrived, ...] | None = None
    token: str = ""
    fault: str = ""
    terms: Mapping[str, Json] = field(default_factory=dict)

    @property
    def final(self) -> Received:
        """The answer that holds the result: the last poll of a task, else the answer itself."""
        return self.polls[-1] if self.polls else self.received


def to_json(exchange: Exchange) -> dict[str, Json]:
    """The exchange as plain data. Bodies that are no UTF-8 text are given in base64."""
    data = asdict(exchange)
    data["sent"]["body"] = _text(exchange.sent.body)
    data["received"] = _received(exchange.received)
    data["polls"] = [_received(poll) for poll in exchange.polls]
    return data


def from_json(data: Mapping[str, Json]) -> Exchange:
    """The exchange from `to_json`. Raises KeyError or TypeError when fields are missing or unknown."""
    return Exchange(
        **{
            **data,
            "sent": Sent(**{**data["sent"], "body": _bytes(data["sent"]["body"])}),
            "received": _receive(data["received"]),
            "breaks": tuple(data["breaks"]),
            "polls": tuple(_receive(poll) for poll in data["polls"]),
            "pictures": tuple(Delivered(**picture) for picture in data["pictures"]),
            "upstream": _arrivals(data.get("upstream")),
        }
    )


def _arrivals(data: Json) -> tuple[Arrived, ...] | None:
    if data is None:
        return None
    lists = ("violations", "inputs", "addresses")
    return tuple(Arrived(**{**one, **{name: tuple(one[name]) for name in lists}}) for one in data)


def _received(answer: Received) -> dict[str, Json]:
    return {**asdict(answer), "body": _text(answer.body)}


def _receive(data: Mapping[str, Json]) -> Received:
    return Received(**{**data, "body": _bytes(data["body"])})


def _text(body: bytes) -> Json:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}


def _bytes(text: Json) -> bytes:
    return base64.b64decode(text["base64"]) if isinstance(text, dict) else str(text).encode("utf-8")
