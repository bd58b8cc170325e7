"""The address of a shared store, as given and as it may be shown."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from qwen_image_mock.store import StoreProblem

PASSWORD_ENV = "REDIS_PASSWORD"  # noqa: S105 # a variable's name
_SCHEMES = ("redis", "rediss", "unix")
_FORM = "redis://HOST:PORT/DATABASE"


@dataclass(frozen=True, slots=True)
class Address:
    """`url` is what connects, `shown` the same without credentials. `password` is None when there is none."""

    url: str
    shown: str
    password: str | None


def address_of(text: str) -> Address:
    """The address in a setting; raises StoreProblem when it is none.

    A password comes with it, or from the environment variable REDIS_PASSWORD.
    """
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise StoreProblem("the store's address has a host or port that is none", f"write {_FORM}") from None
    if parts.scheme not in _SCHEMES:
        raise StoreProblem(
            f"the store's address begins with {parts.scheme or 'no scheme'!r}", f"write {_FORM}"
        )
    database = parts.path.strip("/")
    if parts.scheme != "unix" and database and not (database.isascii() and database.isdecimal()):
        raise StoreProblem("the store's database is no number", f"write {_FORM}, such as redis://127.0.0.1/0")
    place = parts.netloc.rpartition("@")[2]
    shown = f"{parts.scheme}://{place}{parts.path}"
    return Address(text, shown, parts.password or os.environ.get(PASSWORD_ENV) or None)
