"""Phrases that C4 drops a line for: where one may stand, and which one does."""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import int64, uint8

from stages.text.compiled import inlined, item, low_zeros
from stages.text.windows import BLOCK, block_letter

KINDS: Final = 3
(LOREM, JAVASCRIPT, POLICY) = range(KINDS)
_WORDS: Final = {
    LOREM: ("lorem ipsum",),
    JAVASCRIPT: ("javascript",),
    POLICY: ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"),
}
"""What a line is counted for, in the order of C4's tests; `_hints` knows what they have in common."""

_BEFORE_HINT: Final = 8
"""Bytes of a phrase that stand before its hint: at most `privacy `."""


class Phrases(NamedTuple):
    """The phrases as bytes: `kinds[i]` is the kind of the one at data[ends[i - 1]:ends[i]]."""

    data: Any  # uint8
    ends: Any  # int64
    kinds: Any  # int64
    leads: Any  # bool[256]: bytes that begin one, in either case


def _phrases() -> Phrases:
    pairs = [(phrase.encode(), kind) for kind, phrases in _WORDS.items() for phrase in phrases]
    leads = np.zeros(256, bool)
    for phrase, _ in pairs:
        leads[[phrase[0], phrase[0] ^ 0x20]] = True
    return Phrases(
        np.frombuffer(b"".join(phrase for phrase, _ in pairs), np.uint8),
        np.cumsum([len(phrase) for phrase, _ in pairs], dtype=np.int64),
        np.array([kind for _, kind in pairs], np.int64),
        leads,
    )


PHRASES: Final = _phrases()


@inlined
def _matches(data: Any, place: Any, end: Any, phrases: Any, start: Any, stop: Any) -> Any:
    """Whether a phrase stands at a place in any case; the Kelvin sign is a capital k."""
    for letter in range(start, stop):
        if place >= end:
            return False
        wanted, byte = item(phrases.data, letter), item(data, place)
        if byte == wanted or (0x41 <= byte <= 0x5A and uint8(byte + 0x20) == wanted):
            place += 1
        elif wanted == 0x6B and byte == 0xE2 and item(data, place + 1) == 0x84 and item(data, place + 2) == 0xAA:
            place += 3
        else:
            return False
    return True


@inlined
def _hints(data: Any, place: Any) -> Any:
    """A bit for each of BLOCK bytes at which `coo`, `po..c`, `sc..p`, `s.o...s` or `o.....ps` stands, in either case.

    Of those that begin in the last seven bytes nothing is known.
    """
    c, o = block_letter(data, place, 0x63), block_letter(data, place, 0x6F)
    p, s = block_letter(data, place, 0x70), block_letter(data, place, 0x73)
    found = c & (o >> 1) & (o >> 2)  # cookie
    found |= p & (o >> 1) & (c >> 4)  # policy
    found |= s & (c >> 1) & (p >> 4)  # javascript
    found |= s & (o >> 2) & (s >> 6)  # terms of use
    return found | (o & (p >> 6) & (s >> 7))  # lorem ipsum


@inlined
def next_hint(data: Any, place: Any, end: Any, brackets: Any) -> Any:
    """The first place from here on at which a phrase may stand: each has one of the five hints, of eight bytes at most.

    With `brackets` also one with `[` or `{`. It may be too early where too few bytes are left to be read at once; the
    end if there is none.
    """
    while place < end:
        if place + BLOCK > data.size:
            return place
        found = _hints(data, place)
        if brackets:
            found |= block_letter(data, place, 0x7B)  # 0x5B, too
        if found:
            return place + low_zeros(found)
        place += BLOCK - 7
    return end


@inlined
def find_phrase(data: Any, start: Any, end: Any, hint: Any, phrases: Any) -> Any:
    """The first kind of phrase in a line, in the order of the phrases; -1 without any.

    `hint` is the first one of `next_hint` from the start on: phrases are looked for around it and those that follow.
    """
    found = phrases.ends.size
    place = start
    while hint < end:
        alone = hint + BLOCK <= data.size
        place = max(place, hint - _BEFORE_HINT)
        stop = hint + 1 if alone else end
        while place < stop:
            if item(phrases.leads, item(data, place)):
                begin = int64(0)
                for number in range(found):
                    if _matches(data, place, end, phrases, begin, item(phrases.ends, number)):
                        found = number
                        break
                    begin = item(phrases.ends, number)
            place += 1
        hint = next_hint(data, hint + 1, end, False) if alone else end
    return phrases.kinds[found] if found < phrases.ends.size else int64(-1)
