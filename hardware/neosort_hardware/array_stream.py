"""The array board's samples as they come: one thread hears them, keeps the newest, and finds a lost board again."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass

from neosort_hardware.array_protocol import PROTOCOL, Hello, Kind, Sample, sample_bytes
from neosort_hardware.board_clock import BoardClock
from neosort_hardware.board_talk import BoardTalk, parsed
from neosort_hardware.serial_port import BackOff, PortError, SerialPort
from neosort_hardware.settings_serial import SerialMagnetometerConfig
from neosort_hardware.wrapping import ahead

LOGGER = logging.getLogger("neosort.array")
KEPT_S = 2.0
LISTEN_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A sample and when it was taken, by our clock. ``life``: of the board, a new one whenever it was found again."""

    sample: Sample
    at_ns: int
    life: int


class ArrayStream:
    """Samples of a board, the newest `KEPT_S` of them; older ones that nobody takes are lost.

    ``trouble``: why there are none, empty while there are. Raises `PortError` when the board is not there at the start,
    or is another than configured.
    """

    def __init__(self, settings: SerialMagnetometerConfig, mm_per_count: float) -> None:
        self.trouble = ""
        self.unit_nt = 0
        self._settings = settings
        self._mm_per_count = mm_per_count
        self._heard: deque[Heard] = deque(maxlen=max(1, round(KEPT_S * settings.rate_hz)))
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._back_off = BackOff()
        self._bad_frames = 0
        self._life = 0
        self._clock = BoardClock()
        self._last_index: int | None = None
        self._last_ns = 0
        self._talk: BoardTalk | None = self._found()
        self._thread = threading.Thread(target=self._run, name=f"array on {settings.port}", daemon=True)
        self._thread.start()

    @property
    def bad_frames(self) -> int:
        """Frames that were torn or spoilt, since the start."""
        talk = self._talk
        return self._bad_frames + (0 if talk is None else talk.bad_frames)

    def take(self, at_least: int, timeout_s: float) -> list[Heard]:
        """All samples of one life of the board that nobody has taken; none when fewer have come in time.

        Does not wait while the board is lost: what it said before comes first, then nothing.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._heard) >= at_least or self.trouble, timeout_s)
            if not self._heard or (len(self._heard) < at_least and not self.trouble):
                return []
            life = self._heard[0].life
            taken = []
            while self._heard and self._heard[0].life == life:
                taken.append(self._heard.popleft())
            return taken

    def close(self) -> None:
        """Tell the board to stop, let it go, end the thread. Never raises."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            if self._talk is None and not self._back_off.over():
                self._closing.wait(LISTEN_S)
                continue
            try:
                if self._talk is None:
                    self._talk = self._found()
                self._hear(self._talk)
            except PortError as error:
                self._lose(str(error))
            except Exception as error:  # a thread that died of what nobody has foreseen would never come back
                LOGGER.exception("%s: an error that its driver does not know", self._settings.port)
                self._lose(f"{self._settings.port}: {type(error).__name__}: {error}")
        if self._talk is not None:
            with contextlib.suppress(PortError):
                self._talk.ask(Kind.STOP)
            self._talk.close()

    def _found(self) -> BoardTalk:
        settings = self._settings
        answer_s = settings.answer_ms * 1e-3
        longest = sample_bytes(settings.channels) + 8  # checksum, and what COBS adds
        talk = BoardTalk(SerialPort(settings.port, settings.baud, answer_s), max(64, longest), answer_s)
        try:
            self._must_fit(parsed(Hello.of, talk.ask(Kind.HELLO, bytes([PROTOCOL])).payload))
            talk.ask(Kind.START)
        except PortError:
            talk.close()
            raise
        self._life += 1
        self._clock = BoardClock()
        self._last_index = None
        self._last_ns = time.monotonic_ns()
        self._back_off.worked()
        self._say("")
        return talk

    def _must_fit(self, hello: Hello) -> None:
        settings, known_mm = self._settings, hello.nm_per_count * 1e-6
        if hello.protocol != PROTOCOL:
            raise PortError(f"{settings.port}: the board speaks protocol {hello.protocol}, this driver {PROTOCOL}")
        if hello.channels != settings.channels:
            raise PortError(
                f"{settings.port}: the board has {hello.channels} channels, magnetometer.channels is "
                f"{settings.channels}"
            )
        if abs(hello.rate_hz - settings.rate_hz) > 0.02 * settings.rate_hz:
            raise PortError(
                f"{settings.port}: the board samples at {hello.rate_hz:g} Hz, magnetometer.rate_hz is "
                f"{settings.rate_hz:g}"
            )
        if known_mm and abs(known_mm - self._mm_per_count) > 1e-3 * known_mm:
            raise PortError(
                f"{settings.port}: the board counts {known_mm:g} mm per count, encoder.mm_per_count is "
                f"{self._mm_per_count:g}"
            )
        self.unit_nt = hello.unit_nt

    def _hear(self, talk: BoardTalk) -> None:
        packets = [*talk.unasked, *talk.listen(LISTEN_S)]
        talk.unasked.clear()
        arrived_ns = time.monotonic_ns()
        samples = [self._sample(packet) for packet in packets if packet[0] == Kind.SAMPLE]
        if not samples:
            if arrived_ns - self._last_ns > self._settings.silent_ms * 1e6:
                raise PortError(f"{talk.address}: the board has sent nothing for {self._settings.silent_ms:g} ms")
            return
        self._last_ns = arrived_ns
        self._clock.heard(samples[-1].time_us, arrived_ns)
        with self._changed:
            for sample in samples:
                at_ns = self._clock.ours_ns(sample.time_us)
                self._heard.append(Heard(sample=sample, at_ns=at_ns, life=self._life))
            self._changed.notify_all()

    def _sample(self, packet: bytes) -> Sample:
        sample = parsed(lambda whole: Sample.of(whole, self._settings.channels), packet)
        if self._last_index is not None and ahead(sample.index, self._last_index) <= 0:
            raise PortError(f"{self._settings.port}: the board has begun anew")
        self._last_index = sample.index
        return sample

    def _lose(self, why: str) -> None:
        if self._talk is not None:
            self._bad_frames += self._talk.bad_frames
            self._talk.close()
        self._talk = None
        self._back_off.failed()
        self._say(why)

    def _say(self, trouble: str) -> None:
        with self._changed:
            self.trouble = trouble
            self._changed.notify_all()
