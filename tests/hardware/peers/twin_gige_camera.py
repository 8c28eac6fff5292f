"""A GigE Vision camera over the twin's belt: Aravis' fake camera, its pictures those of a simulated world.

    twin_gige_camera.py LINE_JSON SEED ADDRESS      reads the world's beginning in monotonic nanoseconds, prints "ready"
                                                    when it listens, ends with its input

The world is the one that the test has, made once more from the same configuration, seed and beginning: what it shows
at a moment of the machine's monotonic clock, the test's own world has there too. A frame shows the belt in the middle
of the exposure that its stamp begins, as bright as the exposure makes it that the camera was told. Every further line
of input is a pickle in base 64: reference pieces that are laid on a belt that gets nothing else from then on.
"""

import base64
import ctypes
import os
import pickle
import queue
import sys
import time
from contextlib import suppress

import gi
import numpy as np

from neosort_hardware.config import LineConfig
from neosort_hardware.twin.world import World

gi.require_version("Aravis", "0.8")
from gi.repository import Aravis  # noqa: E402

BAYER = {Aravis.PIXEL_FORMAT_BAYER_RG_8: ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2))}  # row, column, channel
FILL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32)


class Beginning:
    """The machine's clock, but for the moment at which the world begins."""

    def __init__(self, start_ns):
        self._start_ns = start_ns

    def now_ns(self):
        return time.monotonic_ns() if self._start_ns is None else self._start_ns

    def begin(self):
        """From now on time passes."""
        self._start_ns = None


def bytes_of(picture, pixel_format):
    """A picture (height, width, 3) as the camera sends it."""
    if pixel_format == Aravis.PIXEL_FORMAT_RGB_8_PACKED:
        return np.ascontiguousarray(picture)
    raw = np.empty(picture.shape[:2], np.uint8)
    for row, column, channel in BAYER[pixel_format]:
        raw[row::2, column::2] = picture[row::2, column::2, channel]
    return raw


def filler(world, library, brought):
    """What draws each frame. Called on the camera's thread, by C: the binding's own callback crashes.

    ``brought``: a queue of lists of reference pieces.
    """
    real_to_monotonic_ns = time.monotonic_ns() - time.time_ns()

    def fill(buffer, _data, exposure_us, _gain, pixel_format):
        stamp_ns = library.arv_buffer_get_timestamp(buffer) + real_to_monotonic_ns
        while not brought.empty():
            world.feeding = False
            for piece in brought.get():
                world.pieces.bring(piece)
        world.exposure_us = float(exposure_us)
        world.advance()
        picture = world.picture_at(world.motion.position_mm(stamp_ns + 500 * exposure_us))
        raw = bytes_of(picture, pixel_format)
        size = ctypes.c_size_t()
        ctypes.memmove(library.arv_buffer_get_data(buffer, ctypes.byref(size)), raw.ctypes.data, raw.nbytes)

    return FILL(fill)


def main(line_json, seed, address):
    config = LineConfig.model_validate_json(line_json)
    clock = Beginning(int(sys.stdin.readline()))
    world = World(config, clock, int(seed), landings=False)
    world.picture_at(0.0)  # the textures of the belt take a while, and a camera that dawdles misses heartbeats
    clock.begin()
    with suppress(PermissionError):  # a camera has a processor of its own, and is not late when the host is busy
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    world.advance()
    library = ctypes.CDLL("libaravis-0.8.so.0")
    library.arv_buffer_get_timestamp.restype = ctypes.c_uint64
    library.arv_buffer_get_timestamp.argtypes = [ctypes.c_void_p]
    library.arv_buffer_get_data.restype = ctypes.c_void_p
    library.arv_buffer_get_data.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.arv_fake_camera_set_fill_pattern.argtypes = [ctypes.c_void_p, FILL, ctypes.c_void_p]
    camera = Aravis.GvFakeCamera.new(address, "TWIN")
    brought = queue.SimpleQueue()
    fill = filler(world, library, brought)
    library.arv_fake_camera_set_fill_pattern(hash(camera.get_fake_camera()), fill, None)
    print("ready" if camera.is_running() else "the control port is taken, or there is no such address", flush=True)
    for line in sys.stdin:
        brought.put(pickle.loads(base64.b64decode(line)))


if __name__ == "__main__":
    main(*sys.argv[1:])
