"""Uploads of local files: a signed policy, then a form that keeps to it, then `oss://` addresses.

Of an object only what rules and pictures need is kept: its measures, its digest, its thumbnail.
"""

from __future__ import annotations

import hmac
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from qwen_image_mock.addresses import Refused
from qwen_image_mock.shelf import Kept
from qwen_image_mock.thumbnails import key_of
from qwen_image_spec.input_images import look

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.clock import Clock
    from qwen_image_mock.ids import Randomness
    from qwen_image_mock.multipart import Part
    from qwen_image_mock.shelf import Shelf
    from qwen_image_mock.thumbnails import Thumbnails
    from qwen_image_spec.evidence import Fact
    from qwen_image_spec.input_images import Looked

Json = Any
PREFIX = "/objects"
_DAY, _EAST = 86_400, 8 * 3600
_MEBIBYTE = 1024 * 1024
_LONGEST_KEY = 1024
MALFORMED = "MalformedPOSTRequest"
_ANSWERS = {"200": 200, "201": 201, "204": 204}


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file to be kept until `ends` (seconds since the epoch), over another of its key if it `replaces`.

    `status` is what the form asked to be answered with.
    """

    key: str
    looked: Looked
    ends: float
    replaces: bool
    status: int


class Uploads:
    """Objects by key. Those of another API key are not found, nor are those whose life is over."""

    def __init__(
        self, secret: bytes, clock: Clock, randomness: Randomness, thumbnails: Thumbnails, shelf: Shelf
    ) -> None:
        self._secret = secret
        self._clock = clock
        self._randomness = randomness
        self._thumbnails = thumbnails
        self._shelf = shelf

    def policy(self, facts: Mapping[str, Fact[Any]], owner: str, origin: str, limit: int) -> Json:
        """The answer to getPolicy for the holder of a key: where files go, and the form's fields.

        `facts` are the provider's; `limit` is the largest body this mock takes, in bytes.
        """
        now = self._clock.now()
        options = dict(facts["upload.policy"].value)
        options["max_file_size_mb"] = min(options["max_file_size_mb"], limit // _MEBIBYTE)
        day = time.strftime("%Y-%m-%d", time.gmtime(now + _EAST))
        folder = f"{facts['upload.folder'].value}/{owner}/{day}/{self._randomness.uuid()}"
        ends = int(now) + options["expire_in_seconds"]
        policy = {
            "expiration": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(ends)),
            "conditions": [
                ["content-length-range", 0, options["max_file_size_mb"] * _MEBIBYTE],
                ["starts-with", "$key", folder],
            ],
            "life": facts["upload.life"].value,
            "ends": ends,
        }
        text = b64encode(orjson.dumps(policy)).decode("ascii")
        return {
            "policy": text,
            "signature": self._signature(text),
            "upload_dir": folder,
            "upload_host": f"{origin}{PREFIX}",
            "oss_access_key_id": "mock",
            **options,
        }

    def accept(self, parts: list[Part]) -> Accepted | Refused:
        """What the file of a form is, or why it is not taken. `keep` keeps it.

        Waits for nothing but the work itself, which for a large photo takes up to half a second.
        """
        fields = {part.name: part.value for part in parts if part.name != "file"}
        file = next((part for part in parts if part.name == "file"), None)
        key, text = fields.get("key", ""), fields.get("policy", "")
        if file is None:
            return Refused(400, MALFORMED, "POST requires exactly one file upload per request.")
        if not key or not text:
            return Refused(400, MALFORMED, "The form needs the fields key and policy.")
        if not hmac.compare_digest(self._signature(text).encode(), fields.get("Signature", "").encode()):
            return Refused(403, "SignatureDoesNotMatch", "The signature does not match the policy.")
        policy = orjson.loads(b64decode(text))
        against = self._against(policy, key, len(file.data))
        if against is not None:
            return against
        looked = look(file.data)
        if looked.size is not None and key_of(looked.digest) not in self._thumbnails:
            self._thumbnails.make(key_of(looked.digest), file.data)
        replaces = fields.get("x-oss-forbid-overwrite", "").lower() != "true"
        status = _ANSWERS.get(fields.get("success_action_status", ""), 204)
        return Accepted(key, looked, self._clock.now() + policy["life"], replaces, status)

    async def keep(self, file: Accepted) -> Refused | None:
        """Keep a file, or say why not."""
        if await self._shelf.put(file.key, Kept(file.looked, file.ends), replaces=file.replaces):
            return None
        message = "The object you specified already exists and can not be overwritten."
        return Refused(409, "FileAlreadyExists", message)

    async def get(self, key: str, owner: str) -> Looked | None:
        """What is known of an object; None when it is not there for this holder of a key."""
        if key.split("/")[1:2] != [owner]:
            return None
        kept = await self._shelf.get(key)
        return None if kept is None or kept.ends <= self._clock.now() else kept.looked

    def _against(self, policy: Json, key: str, length: int) -> Refused | None:
        """What the policy has against a file."""
        (_, _, largest), (_, _, folder) = policy["conditions"]
        if self._clock.now() >= policy["ends"]:
            return Refused(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
        if not key.startswith(f"{folder}/") or len(key) > _LONGEST_KEY:
            message = 'Invalid according to Policy: Policy Condition failed: ["starts-with", "$key"]'
            return Refused(403, "AccessDenied", message)
        if length > largest:
            return Refused(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size.")
        return None

    def _signature(self, policy: str) -> str:
        return b64encode(hmac.digest(self._secret, b"upload " + policy.encode(), sha256)).decode("ascii")
