"""The reference controller as a process on a pseudo-terminal: what it says, what its valves did, and when."""

import contextlib
import re
import struct
import subprocess
import threading
import time
from dataclasses import dataclass
from queue import Empty, Queue

import serial
from tests.hardware.waiting import WITHIN_S

from neosort_hardware.framing import FrameReader, framed

VALVE = re.compile(r"valve (\d+) (open|closed) at (\d+) (\d+)")


@dataclass(frozen=True)
class Stroke:
    """A valve that moved."""

    valve: int
    opened: bool
    count: int
    us: int


class ControllerProcess:
    """A running controller. Its standard output is read by a thread of this object, which ends with the process."""

    def __init__(self, program, *options, link=None):
        arguments = [program, *options, *([] if link is None else ["--link", link])]
        self.process = subprocess.Popen(
            list(map(str, arguments)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._lines = Queue()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        self.strokes = []
        self.port = self._line("port ").split()[1]
        self.strokes.clear()  # it shuts every valve when it starts

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip())

    def _line(self, start):
        """The next line that begins so; strokes on the way are kept."""
        while True:
            line = self._lines.get(timeout=WITHIN_S)
            self._keep(line)
            if line.startswith(start):
                return line

    def _keep(self, line):
        if found := VALVE.fullmatch(line):
            self.strokes.append(Stroke(int(found[1]), found[2] == "open", int(found[3]), int(found[4])))

    def tell(self, command):
        """A command on its standard input; returns count and microseconds at its end."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        _done, _at, count, us = self._line("done").split()
        return int(count), int(us)

    def take_strokes(self):
        """Strokes since the last call, in order."""
        with contextlib.suppress(Empty):
            while True:
                self._keep(self._lines.get_nowait())
        strokes, self.strokes = self.strokes, []
        return strokes

    def kill(self):
        """As if its power were cut."""
        self.process.kill()
        self.close()

    def close(self):
        """Its end, in good order where it still runs; what the sanitizers said comes back."""
        if self.process.stderr.closed:
            return ""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.wait(WITHIN_S)
        self._reading.join(WITHIN_S)
        said = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return said

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        said = self.close()
        assert kind is not None or "Sanitizer" not in said, said


class ByteBench(ControllerProcess):
    """A controller whose time passes when told to, spoken to in bytes."""

    def __init__(self, program, *options):
        super().__init__(program, "--virtual", *options)
        self.serial = serial.Serial(self.port, timeout=0.02)
        self.reader = FrameReader(66)
        self.events = []
        self.number = 0

    def close(self):
        self.serial.close()
        return super().close()

    def ask(self, kind, payload=b""):
        """Kind and payload of the reply to a request."""
        self.number = (self.number + 1) % 256
        self.serial.write(framed(bytes([kind, self.number]) + payload))
        limit = time.monotonic() + WITHIN_S
        while time.monotonic() < limit:
            answer = None
            for packet in self.reader.feed(self.serial.read(max(1, self.serial.in_waiting))):
                if packet[0] == 0xC1:
                    self.events.append((packet[1], *struct.unpack("<IBII", packet[2:])))
                elif packet[1] == self.number:
                    answer = packet[0], packet[2:]
            if answer:
                return answer
        raise AssertionError(f"no answer to {kind:#04x}")

    def heard(self):
        """The next frame, as it comes."""
        self.serial.timeout = WITHIN_S
        frame = self.serial.read_until(b"\0")
        self.serial.timeout = 0.02
        return frame

    def configure(self, valves=48, heartbeat_ms=500, max_on_ms=500, leads_us=(0, 0), max_late=4):
        """The board's limits; the result."""
        payload = struct.pack("<HHHIIH", valves, heartbeat_ms, max_on_ms, *leads_us, max_late)
        return self.ask(0x02, payload)[1][0]

    def lead(self, first, *leads_us):
        """Leads of single valves from ``first`` on, (to open, to close) each; the result."""
        payload = struct.pack("<H", first) + b"".join(struct.pack("<HH", *pair) for pair in leads_us)
        return self.ask(0x09, payload)[1][0]

    def shot(self, number, first, last, opening, closing):
        """Hand over a shot; the result."""
        payload = struct.pack("<IHHII", number, first, last, opening % 2**32, closing % 2**32)
        return self.ask(0x04, payload)[1][0]

    def status(self):
        """A heartbeat; flags, count, time, waiting, open, faulty, executed, cut, missed, forgotten, refused, silences,
        bad frames."""
        return struct.unpack("<BIIHHHIIIIHHH", self.ask(0x03)[1])

    def run_ms(self, milliseconds, heartbeat_every_ms=100):
        """Let time pass, the host alive unless the second is None."""
        left = milliseconds
        while left > 0:
            step = left if heartbeat_every_ms is None else min(left, heartbeat_every_ms)
            self.tell(f"run {step * 1000}")
            if heartbeat_every_ms is not None:
                self.ask(0x03)
            left -= step
