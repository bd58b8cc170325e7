"""The key that a gateway shows its upstream: looked for in every answer, and taken out of what is stored."""

from __future__ import annotations

import os
from dataclasses import replace

from qwen_image_conformance.exchange import Exchange, Received

KEY = "UPSTREAM_KEY"
KEY_VALUE = "sk-upstream-canary-5b21"
_SHOWN = b"$" + KEY.encode()


def upstream_key() -> str:
    """The upstream's key, from the variable UPSTREAM_KEY; else the one that gateways started by a run are given."""
    return os.environ.get(KEY, "").strip() or KEY_VALUE


def guarded(exchange: Exchange) -> Exchange:
    """The exchange without the upstream's key, and with the term `upstream_key` that tells whether an answer had it."""
    key = upstream_key()
    answers = (exchange.received, *exchange.polls)
    leaked = any(_holds(answer, key) for answer in answers)
    terms = {**exchange.terms, "upstream_key": leaked}
    if not leaked:
        return replace(exchange, terms=terms)
    return replace(
        exchange,
        received=_clean(exchange.received, key),
        polls=tuple(_clean(poll, key) for poll in exchange.polls),
        terms=terms,
    )


def _holds(answer: Received, key: str) -> bool:
    return key.encode() in answer.body or any(key in value for value in answer.headers.values())


def _clean(answer: Received, key: str) -> Received:
    headers = {name: value.replace(key, _SHOWN.decode()) for name, value in answer.headers.items()}
    return replace(answer, body=answer.body.replace(key.encode(), _SHOWN), headers=headers)
