"""Undoing PNG's line filters without a compiled library.

Two of the filters are done for a whole line at once: an integer holds the line, and bytes are added in it
without carrying from one into the next. The other two go byte by byte and are slow: about 0.1 s a megabyte.
"""

from __future__ import annotations

from functools import lru_cache

NONE, SUB, UP, AVERAGE, PAETH = range(5)
SLOW = (AVERAGE, PAETH)


@lru_cache(maxsize=4)
def _masks(length: int) -> tuple[int, int]:
    """Make the masks of each byte's low seven bits, and of its highest."""
    return int.from_bytes(b"\x7f" * length, "big"), int.from_bytes(b"\x80" * length, "big")


def _add(first: int, second: int, length: int) -> int:
    """Add byte by byte, each modulo 256."""
    low, high = _masks(length)
    return ((first & low) + (second & low)) ^ ((first ^ second) & high)


def _up(line: bytes, above: bytes) -> bytes:
    total = _add(int.from_bytes(line, "big"), int.from_bytes(above, "big"), len(line))
    return total.to_bytes(len(line), "big")


def _sub(line: bytes, step: int) -> bytes:
    """Add to each byte all those a multiple of `step` before it, twice as many with each addition."""
    length = len(line)
    total = int.from_bytes(line, "big")
    while step < length:
        total = _add(total, total >> 8 * step, length)
        step *= 2
    return total.to_bytes(length, "big")


def _average(line: bytes, above: bytes, step: int) -> bytes:
    done = bytearray(step) + line
    for place, up in enumerate(above):
        done[place + step] = (done[place + step] + (done[place] + up >> 1)) & 0xFF
    return bytes(done[step:])


def _paeth_channel(line: bytes, above: bytes) -> list[int]:
    done = []
    left = corner = 0
    for value, up in zip(line, above, strict=True):
        across, down = up - corner, left - corner  # how far the guess is from left, and from up
        far = across + down
        if across < 0:
            across = -across
        if down < 0:
            down = -down
        if far < 0:
            far = -far
        if across <= down and across <= far:
            left = value + left & 0xFF
        elif down <= far:
            left = value + up & 0xFF
        else:
            left = value + corner & 0xFF
        corner = up
        done.append(left)
    return done


def _paeth(line: bytes, above: bytes, step: int) -> bytes:
    done = bytearray(len(line))
    for channel in range(step):
        done[channel::step] = bytes(_paeth_channel(line[channel::step], above[channel::step]))
    return bytes(done)


def unfilter(kind: int, line: bytes, above: bytes, step: int) -> bytes | None:
    """Undo one line's filter, `above` being the line over it as it was; None for a kind there is not."""
    if kind == NONE:
        return line
    if kind == SUB:
        return _sub(line, step)
    if kind == UP:
        return _up(line, above)
    if kind == AVERAGE:
        return _average(line, above, step)
    return _paeth(line, above, step) if kind == PAETH else None
