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
from qwen_image_mock.plans import Plans
from qwen_image_mock.view import entry_of, headers_of, key_in, plain, violation_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.heads import Head
    from qwen_image_spec.model import Model, Provider

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
        headers, key = self._headers(exchange.headers, exchange.caller.tag)
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

    def brief(
        self, identity: str, now: float, head: Head, body: bytes, content: bytes, model: Model, seed: int
    ) -> bytes | None:
        """The text of a call of the beaten way (see `Brief`); None where it has to have words.

        In the place of its effective values stands its seed: the others follow from the body.
        """
        if b"\\" in body or len(body) + len(content) > _LARGE:
            return None
        headers, key = self._headers(head.headers, head.caller.tag)
        if key is None:
            return None
        endpoint = head.endpoint
        told = (endpoint.id, model.id, head.method, head.path, "", body.decode(), content.decode(), True,
                seed, 200, ())  # fmt: skip
        first = (identity, now, head.provider.id, endpoint.operations[0])
        text = orjson.dumps((head.caller.tag, first, orjson.Fragment(headers), told, ()))
        return None if key and key in text else text

    def _headers(self, headers: Sequence[tuple[bytes, bytes]], tag: str) -> tuple[bytes, bytes | None]:
        """A request's headers in words, and the key they bring; None for one that JSON may disguise."""
        known = self._known.get(id(headers))
        if known is not None and known[0] is headers:
            return known[1:]
        key = key_in(headers)
        words = orjson.dumps(plain(headers_of(headers, tag), hide=key))
        clear = key.isascii() and key.isprintable() and _DISGUISES.isdisjoint(key)
        found = key.encode() if clear else None
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[id(headers)] = headers, words, found
        return words, found


class Reader:
    """Reads what any worker wrote, in one thread at a time. Remembers plans, as requests do."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = providers
        self._plans = Plans()

    def row(self, text: bytes) -> Row:
        """An entry."""
        return Row(text, self._providers, self._plans)


class Row:
    """An entry as it was read. Those that a former version kept are in words, too."""

    def __init__(self, text: bytes, providers: Mapping[str, Provider], plans: Plans) -> None:
        number, _, rest = text.partition(b" ")
        self.number = int(number)
        self._tag, *self._data = orjson.loads(rest)
        self._providers = providers
        self._plans = plans

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
            None if isinstance(effective, int) else effective,
            status,
            (),
            notes,
        )
        exchange = record.exchange()
        request = exchange.decoded
        if isinstance(effective, int) and request is not None and record.model is not None:
            settled = self._plans.find(request, record.model)
            if settled is not None:
                values = settled.values(request.parameters)
                exchange.effective = {**values, "prompt": request.prompt, "seed": effective}
        return entry_of(exchange) | known
