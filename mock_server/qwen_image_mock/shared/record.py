"""An exchange as the shared journal keeps it: what it is made of, put into words by whoever reads it.

Making words takes longer than all else that is done for a usual request, and few entries are read. A plain
key is never kept: the header that brings it is written in words, and what has the key, or could have it in
disguise, anywhere else is put into words at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from qwen_image_mock.credentials import Caller
from qwen_image_mock.packed import Packed, packed
from qwen_image_mock.view import entry_of, headers_of, key_in, plain, violation_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_image_mock.exchange import Exchange
    from qwen_image_spec.model import Provider

Json = Any
_LARGE = 65_536
_REMEMBERED = 256
_DISGUISES = frozenset('"\\\x7f')
"""What JSON may spell in several ways, beside control characters and what is not ASCII."""


class Writer:
    """Writes exchanges. Remembers the words of headers: the same ones come again and again."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Sequence[tuple[bytes, bytes]], bytes, bytes | None]] = {}

    def text(self, exchange: Exchange, content: bytes) -> bytes:
        """The text of an exchange; `content` is its answer as it was sent."""
        short = self._short(exchange, content)
        return orjson.dumps([exchange.caller.tag, entry_of(exchange)]) if short is None else short

    def _short(self, exchange: Exchange, content: bytes) -> bytes | None:
        """The text without words; None where it has to have them."""
        body = exchange.body
        if (
            exchange.condition is not None
            or (exchange.document is None and body)
            or b"\\" in body  # a key may be spelled with it
            or len(body) + len(content) > _LARGE
        ):
            return None
        headers, key = self._headers(exchange)
        record = None if key is None else packed(exchange, content)
        if key is None or record is None:
            return None
        try:
            text = orjson.dumps(
                [
                    exchange.caller.tag,
                    [record.id, record.time, record.provider.id, record.operation],
                    orjson.Fragment(headers),
                    [
                        None if record.endpoint is None else record.endpoint.id,
                        None if record.model is None else record.model.id,
                        record.method,
                        record.path,
                        record.sent.decode("latin-1"),
                        body.decode(),
                        content.decode(),
                        record.decoded,
                        None if record.effective is None else dict(record.effective),
                        record.status,
                        record.notes,
                    ],
                    [violation_of(violation) for violation in record.violations],
                ]
            )
        except (TypeError, UnicodeDecodeError):  # what JSON does not have
            return None
        return None if key and key in text else text

    def _headers(self, exchange: Exchange) -> tuple[bytes, bytes | None]:
        """A request's headers in words, and the key they bring; None for one that JSON may disguise."""
        headers = exchange.headers
        known = self._known.get(id(headers))
        if known is not None and known[0] is headers:
            return known[1:]
        key = key_in(headers)
        words = orjson.dumps(plain(headers_of(headers, exchange.caller.tag), hide=key))
        clear = key.isascii() and (key.isprintable() and _DISGUISES.isdisjoint(key))
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[id(headers)] = headers, words, key.encode() if clear else None
        return words, self._known[id(headers)][2]


class Row:
    """An entry as it was read. Those that a former version kept are in words, too."""

    def __init__(self, text: bytes, providers: Mapping[str, Provider]) -> None:
        number, _, rest = text.partition(b" ")
        self.number = int(number)
        self._tag, *self._data = orjson.loads(rest)
        self._providers = providers

    @property
    def row(self) -> tuple[str, float, str | None, str, str]:
        """What filters look at."""
        first = self._data[0]
        if len(self._data) == 1:
            return first["id"], first["time"], first["provider"], first["operation"], self._tag
        identity, time, provider, operation = first
        return identity, time, provider, operation, self._tag

    def words(self) -> Json:
        """The journal's entry."""
        if len(self._data) == 1:
            return self._data[0]
        (identity, time, name, operation), headers, told, violations = self._data
        endpoint, model, method, path, sent, body, content, decoded, effective, status, notes = told
        known = {"headers": headers, "violations": plain(violations)}
        provider = self._providers.get(name)
        if provider is None:  # of a worker that serves another contract
            return {"id": identity, "time": time, "provider": name, "operation": operation, "method": method,
                    "path": path, **known, "body": None if not body else plain(orjson.loads(body)),
                    "status": status, "response": plain(orjson.loads(content))}  # fmt: skip
        record = Packed(
            identity,
            time,
            provider,
            operation,
            Caller(self._tag),
            None,
            provider.endpoints.get(endpoint),
            provider.models.get(model),
            method,
            path,
            b"",
            sent.encode("latin-1"),
            body.encode(),
            content.encode(),
            decoded,
            effective,
            status,
            (),
            notes,
        )
        return entry_of(record.exchange()) | known
