"""Decompressed bytes with a position, in stretches that damage separates."""

import re
from collections import deque
from collections.abc import Iterator

from stages.ingest.records import Unreadable
from stages.ingest.streams import Damage, Member, Part


class Source:
    """A window that moves over the content of a file.

    Reading stops at the end of a stretch; `next_stretch` moves behind the damage. `position` is the offset of the next
    byte in the decompressed content.
    """

    def __init__(self, parts: Iterator[Part], position: int = 0) -> None:
        self.position = position
        self.damage: Damage | None = None
        self._parts = parts
        self._held = bytearray()
        self._exhausted = False
        self._members: deque[tuple[int, int]] = deque()  # decompressed and compressed offset

    @property
    def held(self) -> int:
        """Bytes in memory."""
        return len(self._held)

    def fill(self) -> bool:
        """Hold more bytes; false at the end of the stretch."""
        while self.damage is None and not self._exhausted:
            part = next(self._parts, None)
            if part is None:
                self._exhausted = True
            elif isinstance(part, Damage):
                self.damage = part
            elif isinstance(part, Member):
                self._members.append((self.position + len(self._held), part.offset))
            else:
                self._held += part
                return True
        return False

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end of the stretch only."""
        while len(self._held) < size and self.fill():
            pass
        with memoryview(self._held) as view:
            return bytes(view[:size])

    def take(self, size: int) -> bytes:
        """Move over the next `size` bytes, fewer at the end of the stretch only."""
        data = self.peek(size)
        self._drop(len(data))
        return data

    def give_back(self, data: bytes) -> None:
        """Undo the last `take`, in whole or its end."""
        self._held[:0] = data
        self.position -= len(data)

    def find(self, byte: bytes, start: int) -> int:
        """Index of a byte among those held, from `start` on; -1 where it is not."""
        return self._held.find(byte, start)

    def take_lines(self) -> bytes:
        """Move over every whole line that is held."""
        return self.take(self._held.rfind(b"\n") + 1)

    def skip_line(self) -> int:
        """Move over the rest of the line without holding it; its bytes."""
        passed = 0
        while (end := self._held.find(b"\n")) < 0:
            passed += self._drop(len(self._held))
            if not self.fill():
                return passed
        return passed + self._drop(end + 1)

    def _drop(self, size: int) -> int:
        del self._held[:size]
        self.position += size
        return size

    def take_line_ends(self) -> bytes:
        """Move over `\\r` and `\\n`."""
        taken = bytearray()
        while data := self.peek(64):
            ends = len(data) - len(data.lstrip(b"\r\n"))
            taken += self.take(ends)
            if ends < len(data):
                break
        return bytes(taken)

    def skip_to(self, pattern: re.Pattern[bytes], reach: int) -> tuple[int, bool]:
        """Move to the next match (not longer than `reach`) or the end of the stretch: bytes passed, whether found."""
        passed, more = 0, True
        while True:
            match = pattern.search(self._held)
            found = match is not None and (match.end() < len(self._held) or not more)
            safe = max(len(self._held) - reach, 0) if more else len(self._held)
            size = match.start() if match else safe
            passed += self._drop(size)
            if found or not more:
                return passed, found
            more = self.fill()

    def locator(self) -> str:
        """`#<offset>` of the next byte; in a compressed file the member's offset, and the byte's in the member."""
        while len(self._members) > 1 and self._members[1][0] <= self.position:
            self._members.popleft()
        if not self._members or self._members[0][0] > self.position:
            return f"#{self.position}"
        inside = self.position - self._members[0][0]
        return f"#{self._members[0][1]}" + (f"+{inside}" if inside else "")

    def next_stretch(self) -> None:
        """Drop what is left before the damage and go on behind it."""
        self._drop(len(self._held))
        self.damage = None

    def unreadable(self, partial: int = 0) -> Unreadable:
        """The damage at the end of this stretch, with the bytes of the record that it cut."""
        damage = self.damage
        assert damage is not None  # the caller's condition
        return Unreadable(f"#{damage.offset}!", damage.bytes + partial, f"ingest.{damage.kind}_stream", damage.detail)
