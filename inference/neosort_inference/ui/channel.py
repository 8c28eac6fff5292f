"""Hands views from the loop's process to the page's: newest only, and the writer never waits.

The picture and the rest of a view are copied into one of three slots of shared memory; a few bytes through a pipe say
which. The pipe also orders memory between the two (needed on ARM), wakes the reader, and by closing tells it that the
writer is gone, however that went.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import struct
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from multiprocessing.sharedctypes import RawArray

import numpy as np
import numpy.typing as npt

from neosort_hardware.types import ImageU8
from neosort_inference.telemetry import WindowView

SLOTS = 3
SLOT_BYTES = 4 * 1024 * 1024
_HEAD = struct.Struct("<QII3I")  # number of the view, bytes of picture and of the rest, shape of the picture
_NOTICE = struct.Struct("<Q")

SharedBytes = ctypes.Array[ctypes.c_uint8]


def open_channel(context: SpawnContext) -> tuple[ViewWriter, Connection, SharedBytes]:
    """The writing end, and what a `ViewReader` in the other process is made of."""
    receiver, sender = context.Pipe(duplex=False)
    shared = RawArray(ctypes.c_uint8, SLOTS * SLOT_BYTES)
    return ViewWriter(sender, shared), receiver, shared


class ViewWriter:
    """The loop's end."""

    def __init__(self, sender: Connection, shared: SharedBytes) -> None:
        self._sender = sender
        self._slots = _slots_of(shared)
        self._number = 0
        os.set_blocking(sender.fileno(), False)

    def write(self, view: WindowView) -> bool:
        """Make ``view`` the newest. False when nobody reads any more. Does not wait."""
        view = _fitting(view)
        rest = pickle.dumps(replace(view, picture=view.picture[:0]), protocol=pickle.HIGHEST_PROTOCOL)
        picture = np.ascontiguousarray(view.picture)
        self._number += 1
        slot = self._slots[self._number % SLOTS]
        # The number goes in first: a reader that is still copying the slot's last view sees that it has been overtaken.
        head = _HEAD.pack(self._number, picture.nbytes, len(rest), *picture.shape)
        slot[: _HEAD.size] = np.frombuffer(head, np.uint8)
        slot[_HEAD.size : _HEAD.size + picture.nbytes] = picture.reshape(-1)
        slot[_HEAD.size + picture.nbytes :][: len(rest)] = np.frombuffer(rest, np.uint8)
        try:
            self._sender.send_bytes(_NOTICE.pack(self._number))
        except BlockingIOError:
            return True  # the pipe is full of notices not yet read: the reader will come to this one's slot anyhow
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Tell the reader that nothing more will come."""
        self._sender.close()


class ViewReader:
    """The page's end. ``skipped``: views overtaken by newer ones before they were read."""

    def __init__(self, receiver: Connection, shared: SharedBytes) -> None:
        self._receiver = receiver
        self._slots = _slots_of(shared)
        self._last = 0
        self.skipped = 0

    def read(self) -> WindowView:
        """The newest view not yet read; blocks until there is one. Raises `EOFError` when the writer is gone."""
        while True:
            number = self._newest_notice()
            view = self._copy(number)
            if view is not None:
                self.skipped += number - self._last - 1
                self._last = number
                return view

    def _newest_notice(self) -> int:
        notice = self._receiver.recv_bytes()
        while self._receiver.poll():
            try:
                notice = self._receiver.recv_bytes()
            except EOFError:
                break  # the writer is gone; what it wrote last is still to be shown
        number: int = _NOTICE.unpack(notice)[0]
        return number

    def _copy(self, number: int) -> WindowView | None:
        """The view of that number; None when the writer has come round to its slot again meanwhile."""
        slot = self._slots[number % SLOTS]
        found, picture_bytes, rest_bytes, *shape = _HEAD.unpack(slot[: _HEAD.size].tobytes())
        body = slot[_HEAD.size : _HEAD.size + picture_bytes + rest_bytes].copy()
        if found != number or _HEAD.unpack(slot[: _HEAD.size].tobytes())[0] != number:
            return None
        picture: ImageU8 = body[:picture_bytes].reshape(shape)
        view: WindowView = pickle.loads(body[picture_bytes:].tobytes())
        return replace(view, picture=picture)


def _slots_of(shared: SharedBytes) -> list[npt.NDArray[np.uint8]]:
    return list(np.frombuffer(memoryview(shared), np.uint8).reshape(SLOTS, SLOT_BYTES))


def _fitting(view: WindowView) -> WindowView:
    """The view itself, or with a picture too large for a slot thinned to every second, third … element."""
    room = SLOT_BYTES - SLOT_BYTES // 8
    step = 1
    while view.picture[::step, ::step].nbytes > room:
        step += 1
    if step == 1:
        return view
    return replace(view, picture=view.picture[::step, ::step], mm_per_px=view.mm_per_px * step)
