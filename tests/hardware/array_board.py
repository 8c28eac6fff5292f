"""An array board as a process on a pseudo-terminal: `python array_board.py LINK CHANNELS RATE_HZ FIRST_COUNT`.

Speaks what hardware/array-board.md says with none of our code, and spoils it when told to on standard input, whose end
is its end: ``spoil N``, ``tear N``, ``drop N`` (samples to come), ``garbage N`` (bytes), ``mute``. Each is answered by
``done`` and how many samples were not sent so far. Its belt runs at 1 m/s, two counts a millisecond.
"""

import contextlib
import os
import pty
import select
import struct
import sys
import time
import tty
from binascii import crc_hqx
from pathlib import Path

import numpy as np

COUNTS_PER_S = 2000
UNIT_NT = 5
NO_READING = -(1 << 23)
DEAD_CHANNEL = 5
MOST_AT_ONCE = 200  # samples; a board that has been held up does not take older ones
BUFFER = 1 << 19  # bytes that wait for a host that dawdles; a sample that finds no room is not sent


def reading(index, channel, axis):
    """Units of 5 nT of a sample: a saw-tooth to ±4 mT, another for each channel and axis."""
    return (index * (axis + 1) * 7 + channel * 1000 + axis * 333_333) % 1_600_000 - 800_000


def framed(packet):
    """A packet as it goes over the line."""
    out = b""
    for run in (packet + struct.pack("<H", crc_hqx(packet, 0xFFFF))).split(b"\0"):
        whole = len(run) // 254 * 254
        out += b"".join(b"\xff" + run[start : start + 254] for start in range(0, whole, 254))
        out += bytes([len(run) - whole + 1]) + run[whole:]
    return out + b"\0"


def unframed(frame):
    """The packet in a frame of less than 254 bytes, unchecked."""
    out = b""
    while frame:
        out += frame[1 : frame[0]] + b"\0"
        frame = frame[frame[0] :]
    return out[:-3]


class Board:
    """The board's state, and what is still to be spoilt."""

    def __init__(self, channels, rate_hz, first_count):
        self.channels, self.rate_hz, self.first_count = channels, rate_hz, first_count
        self.began_s = time.monotonic()
        self.sampling = self.mute = False
        self.index = self.unsent = 0
        self.orders = {"spoil": 0, "tear": 0, "drop": 0, "garbage": 0}

    def answer(self, packet):
        kind, number = packet[0], packet[1]
        if kind == 1:
            hello = struct.pack("<BHHIIH", 1, 3, self.channels, round(self.rate_hz * 1000), 500_000, UNIT_NT)
            return framed(bytes([0x81, number]) + hello)
        if kind == 2:
            self.sampling, self.index = True, self.due()
        elif kind == 3:
            self.sampling = False
        else:
            return framed(bytes([0xFF, number, kind]))
        return framed(bytes([kind | 0x80, number]))

    def due(self):
        return int((time.monotonic() - self.began_s) * self.rate_hz)

    def samples(self):
        """Those that have come due."""
        due = self.due()
        if self.sampling and due - self.index > MOST_AT_ONCE:
            self.unsent += due - self.index - MOST_AT_ONCE
            self.index = due - MOST_AT_ONCE
        while self.sampling and self.index <= due:
            yield self.sample()

    def sample(self):
        """The next sample as bytes on the line, spoilt where that was asked for."""
        index, self.index = self.index, self.index + 1
        at_s = index / self.rate_hz
        count = (self.first_count + int(at_s * COUNTS_PER_S)) % 2**32
        packet = struct.pack("<BBIII", 0xC2, index % 256, index % 2**32, int(at_s * 1e6) % 2**32, count)
        values = reading(index, np.arange(self.channels)[:, None], np.arange(3)).astype("<i4")
        values[DEAD_CHANNEL] = NO_READING
        packet += values.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
        flags = sum(1 << channel for channel in range(self.channels) if (index + channel) % 50 == 0)
        return self.spoilt(framed(packet + flags.to_bytes((self.channels + 7) // 8, "little")), index)

    def spoilt(self, frame, index):
        if self.orders["drop"] > 0:
            self.orders["drop"] -= 1
            return b""
        if self.orders["tear"] > 0:
            self.orders["tear"] -= 1
            return frame[: len(frame) // 2] + b"\0"
        if self.orders["spoil"] > 0:
            self.orders["spoil"] -= 1
            at = 1 + index % (len(frame) - 3)
            return frame[:at] + bytes([frame[at] ^ (1 + index % 255)]) + frame[at + 1 :]
        garbage, self.orders["garbage"] = self.orders["garbage"], 0
        return frame + (os.urandom(garbage) + b"\0" if garbage else b"")

    def obey(self, words):
        if words[0] == "mute":
            self.mute = True
        else:
            self.orders[words[0]] += int(words[1])


def main():
    link, channels, rate_hz, first_count = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    ours, theirs = pty.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    link.unlink(missing_ok=True)
    link.symlink_to(os.ttyname(theirs))
    print("port", link, flush=True)
    board, received, waiting = Board(channels, rate_hz, first_count), b"", b""
    while True:
        readable, _, _ = select.select([ours, sys.stdin], [], [], 0.001)
        if sys.stdin in readable:
            line = sys.stdin.readline()
            if not line:
                return
            board.obey(line.split())
            print("done", board.unsent, flush=True)
        if ours in readable:
            *frames, received = (received + os.read(ours, 4096)).split(b"\0")
            waiting += b"".join(board.answer(unframed(frame)) for frame in frames if frame)
        for sample in board.samples():
            if len(waiting) + len(sample) <= BUFFER:
                waiting += sample
            else:
                board.unsent += 1
        with contextlib.suppress(BlockingIOError):
            waiting = waiting[os.write(ours, waiting) :] if waiting and not board.mute else waiting


if __name__ == "__main__":
    main()
