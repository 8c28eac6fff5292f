"""Values on their way from the sorting loop to the disk: bounded, and what finds no room is refused, not waited for."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class WriteQueue(Generic[_Value]):
    """First in, first out, between one writer and one reader; at most so many values and bytes at a time."""

    def __init__(self, most_values: int, most_bytes: int) -> None:
        self._most_values, self._most_bytes = most_values, most_bytes
        self._waiting: deque[tuple[_Value, int]] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """Values that wait."""
        return len(self._waiting)

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._bytes

    def put(self, value: _Value, size: int, patience_s: float = 0.0) -> bool:
        """Hand a value over; false when there was no room for it within ``patience_s``. A lone value always fits."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_room(size), patience_s):
                return False
            self._waiting.append((value, size))
            self._bytes += size
            self._changed.notify_all()
            return True

    def get(self) -> _Value | None:
        """The oldest value, waited for; None once the queue is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            value, size = self._waiting.popleft()
            self._bytes -= size
            self._changed.notify_all()
            return value

    def close(self) -> None:
        """No more values will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _has_room(self, size: int) -> bool:
        if not self._waiting:
            return True
        return len(self._waiting) < self._most_values and self._bytes + size <= self._most_bytes
