"""An array board as a process on a pseudo-terminal: `python array_board.py LINK CHANNELS RATE_HZ FIRST_COUNT`.

Speaks what hardware/array-board.md says with none of our code, and spoils it when told to on standard input, whose end
is its end: ``spoil N``, ``tear N``, ``drop N`` (samples to come), ``garbage N`` (bytes), ``mute``, ``jump COUNTS``. Its
belt runs at 1 m/s, two counts a millisecond.
"""

import contextlib
import os
import pty
import select
import struct
import sys
import time
import tty
from pathlib import Path

COUNTS_PER_S = 2000
UNIT_NT = 5
NO_READING = -(1 << 23)
DEAD_CHANNEL = 5


def reading(index, channel, axis):
    """Units of 5 nT of a sample: a saw-tooth to ±4 mT, another for each channel and axis."""
    return (index * (axis + 1) * 7 + channel * 1000 + axis * 333_333) % 1_600_000 - 800_000


def _crc_table():
    table = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = crc << 1 ^ (0x1021 if crc & 0x8000 else 0)
        table.append(crc & 0xFFFF)
    return table


CRC = _crc_table()


def framed(packet):
    """A packet as it goes over the line."""
    crc = 0xFFFF
    for byte in packet:
        crc = (crc << 8 & 0xFF00) ^ CRC[crc >> 8 ^ byte]
    out = b""
    for run in (packet + struct.pack("<H", crc)).split(b"\0"):
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
        self.index = 0
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

    def sample(self):
        """The next sample as bytes on the line, spoilt where that was asked for."""
        index, self.index = self.index, self.index + 1
        at_s = index / self.rate_hz
        count = (self.first_count + int(at_s * COUNTS_PER_S)) % 2**32
        packet = struct.pack("<BBIII", 0xC2, index % 256, index % 2**32, int(at_s * 1e6) % 2**32, count)
        values = [
            NO_READING if channel == DEAD_CHANNEL else reading(index, channel, axis)
            for channel in range(self.channels)
            for axis in range(3)
        ]
        packet += b"".join((value & 0xFFFFFF).to_bytes(3, "little") for value in values)
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
        elif words[0] == "jump":
            self.first_count += int(words[1])
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
    board, received = Board(channels, rate_hz, first_count), b""
    while True:
        readable, _, _ = select.select([ours, sys.stdin], [], [], 0.001)
        if sys.stdin in readable:
            line = sys.stdin.readline()
            if not line:
                return
            board.obey(line.split())
            print("done", flush=True)
        out = b""
        if ours in readable:
            *frames, received = (received + os.read(ours, 4096)).split(b"\0")
            out += b"".join(board.answer(unframed(frame)) for frame in frames if frame)
        while board.sampling and board.index <= board.due():
            out += board.sample()
        if out and not board.mute:
            for piece in range(0, len(out), 2048):  # nobody waits for a host that does not listen: it loses samples
                with contextlib.suppress(BlockingIOError):
                    os.write(ours, out[piece : piece + 2048])


if __name__ == "__main__":
    main()
