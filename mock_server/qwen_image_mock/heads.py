"""The head of a call: its request line and headers, and what follows from these alone.

Clients send the same head over and over, so it pays to find out once what it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import Scope

    from qwen_image_mock.beaten import Lane
    from qwen_image_mock.credentials import Caller
    from qwen_image_mock.routing import Route
    from qwen_image_spec.model import Endpoint, Provider


class Head:
    """One head below a provider's mount. It never changes, and says nothing that time or faults could change.

    `path` is with its query as it came, `query` that query, `variable` the variable part of the path,
    `named` the headers by name, `origin` what stands before a picture's path. `route` is None when nothing
    stands at the path. `lane` is the beaten way of calls like it, None when there is none.
    """

    __slots__ = ("caller", "headers", "lane", "method", "named", "origin", "path", "provider", "query",
                 "route", "variable")  # fmt: skip

    def __init__(
        self,
        scope: Scope,
        path: str,
        named: Mapping[bytes, bytes],
        provider: Provider,
        route: Route | None,
        variable: str,
        caller: Caller,
        origin: str,
    ) -> None:
        self.method: str = scope["method"]
        self.query: str = scope["query_string"].decode("latin-1")
        self.path = f"{path}?{self.query}" if self.query else path
        self.headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        self.named = named
        self.provider = provider
        self.route = route
        self.variable = variable
        self.caller = caller
        self.origin = origin
        self.lane: Lane | None = None

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint. Raises LookupError when there is none for the method, or nothing at the path."""
        if self.route is None:
            raise LookupError(self.path)
        return self.route.endpoints[self.method]


def origin_of(scope: Scope, named: Mapping[bytes, bytes], public: str, root: str) -> str:
    """What stands before a picture's path: the public address, or what the client used to come here."""
    if public:
        return public.rstrip("/")
    told = named.get(b"x-forwarded-proto", b"").partition(b",")[0].strip().decode("latin-1")
    scheme = told or scope["scheme"]
    host = named.get(b"host", b"").decode("latin-1")
    if not host:
        server = scope.get("server") or ("127.0.0.1", None)
        host = f"{server[0]}:{server[1]}" if server[1] else str(server[0])
    return f"{scheme}://{host}{root}"


class Heads(dict[bytes, tuple[Head, int]]):
    """Heads as they came, each with its meaning and its body's length.

    `once` are the hashes of those that came once so far: some clients never send the same head again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.once: set[int] = set()
