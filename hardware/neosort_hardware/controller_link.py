"""The counting controller as its slots share it: found, told its limits, kept, and found again after it was lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from neosort_hardware.board_talk import Answer, BoardTalk, parsed
from neosort_hardware.controller_protocol import (
    LEADS_FROM_FIRMWARE,
    LONGEST_FRAME,
    PROTOCOL,
    VALVES_A_PAGE,
    EndedShot,
    Flag,
    Hello,
    Kind,
    Limits,
    Result,
    Status,
    count_reply,
    faulty_valves,
    result_of,
    shot_reply,
)
from neosort_hardware.counted_belt import CountedBelt, Latch
from neosort_hardware.devices import DeviceError
from neosort_hardware.section import ConfigError
from neosort_hardware.serial_port import BackOff, PortError, SerialPort
from neosort_hardware.settings_serial import BoardPort
from neosort_hardware.site import Site
from neosort_hardware.slots import BankConfig

KEPT_ENDINGS = 4096


class ControllerLink:
    """One board. Used by one thread, and has none of its own.

    A call lasts ``answer_ms`` at most, a few times that where it has to find the board first. While the board is lost
    every call raises `DeviceError` at once, until it is time to look for it again. ``belt``: the board's count as it
    rises; ``status``: as of the last heartbeat; ``trouble``: why it is lost, empty while it is not.
    """

    def __init__(self, settings: BoardPort, mm_per_count: float) -> None:
        self.settings = settings
        self.belt = CountedBelt()
        self.hello: Hello | None = None
        self.status: Status | None = None
        self.trouble = ""
        self.ended: deque[EndedShot] = deque(maxlen=KEPT_ENDINGS)
        self.lost_endings = 0
        self._mm_per_count = mm_per_count
        self._talk: BoardTalk | None = None
        self._back_off = BackOff()
        self._limits: Limits | None = None
        self._bank: BankConfig | None = None
        self._next_ending: int | None = None
        self._users = 0

    @classmethod
    def of(cls, settings: BoardPort, site: Site) -> Self:
        """The link to that port, the same for all slots of a line. Raises `ConfigError` where they contradict."""
        link = site.shared(cls, settings.port, lambda: cls(settings, site.config.encoder.mm_per_count))
        for key in ("baud", "answer_ms"):
            one, other = getattr(link.settings, key), getattr(settings, key)
            if one != other:
                raise ConfigError(f"{settings.port}: two slots of one board say {key} = {one:g} and {other:g}")
        link._users += 1
        return link

    def release(self) -> None:
        """A slot needs it no more; the last one lets the port go. Never raises."""
        self._users -= 1
        if self._users <= 0:
            self._let_go()

    def limit(self, limits: Limits, bank: BankConfig, by: str) -> None:
        """Tell the board the limits of its bank of valves, now and whenever it is found again. Raises `DeviceError`."""
        self._limits, self._bank = limits, bank
        with self._board(by) as talk:
            self._tell_limits(talk)

    def ask(self, kind: Kind, payload: bytes, by: str) -> bytes:
        """Ask the board; the payload of its reply. Raises `DeviceError` in the name of the device ``by``."""
        with self._board(by) as talk:
            return talk.ask(kind, payload).payload

    def shot(self, request: bytes, by: str) -> Result:
        """Hand over a shot; what the board makes of it. Raises `DeviceError`."""
        with self._board(by) as talk:
            return parsed(shot_reply, talk.ask(Kind.SHOT, request).payload)

    def cancel(self, shot_id: int, by: str) -> bool:
        """Have a shot forgotten; whether the board had it. Raises `DeviceError`."""
        with self._board(by) as talk:
            return parsed(result_of, talk.ask(Kind.CANCEL, shot_id.to_bytes(4, "little")).payload) is Result.OK

    def faulty_valves(self, by: str) -> list[int]:
        """Valves that report a fault. Raises `DeviceError`."""
        with self._board(by) as talk:
            valves = 0 if self.hello is None else self.hello.valves
            pages = (talk.ask(Kind.VALVES, first.to_bytes(2, "little")) for first in range(0, valves, VALVES_A_PAGE))
            return [valve for page in pages for valve in parsed(faulty_valves, page.payload)]

    def latch(self, by: str) -> Latch:
        """The board's count now. Raises `DeviceError`."""
        with self._board(by) as talk:
            return self._latch(talk)

    def flags(self, by: str) -> Flag:
        """The board's state now, without a sign of life. Raises `DeviceError`."""
        with self._board(by) as talk:
            return _greeted(talk).flags

    def heartbeat(self, by: str) -> Status:
        """The host lives; the board's state until then. Raises `DeviceError`."""
        with self._board(by) as talk:
            answer = talk.ask(Kind.HEARTBEAT)
            status = parsed(Status.of, answer.payload)
            self.belt.note(_latched(status.count, status.time_us, answer))
            if self._limits is not None and Flag.CONFIGURED not in status.flags:
                self._tell_limits(talk)  # it has restarted faster than the port could tell
            self.status = status
            return status

    def take_ended(self) -> list[EndedShot]:
        """Shots that have come to their ends since the last call, as far as heard by now."""
        ended = list(self.ended)
        self.ended.clear()
        return ended

    @contextmanager
    def _board(self, by: str) -> Iterator[BoardTalk]:
        """The board, found anew where it was lost; a `PortError` in the block loses it."""
        if self._talk is None and not self._back_off.over():
            raise DeviceError(by, self.trouble)
        try:
            if self._talk is None:
                self._talk = self._found()
            yield self._talk
            self._hear_endings(self._talk)
        except PortError as error:
            self._let_go()
            self._back_off.failed()
            self.trouble = str(error)
            raise DeviceError(by, self.trouble) from error

    def _found(self) -> BoardTalk:
        settings = self.settings
        answer_s = settings.answer_ms * 1e-3
        talk = BoardTalk(SerialPort(settings.port, settings.baud, answer_s), LONGEST_FRAME, answer_s)
        try:
            self.hello = _greeted(talk)
            self._must_fit(self.hello)
            self._latch(talk)
            if self._limits is not None:
                self._tell_limits(talk)
        except PortError:
            talk.close()
            raise
        self._next_ending = None
        self._back_off.worked()
        self.trouble = ""
        return talk

    def _must_fit(self, hello: Hello) -> None:
        port, known_mm = self.settings.port, hello.nm_per_count * 1e-6
        if hello.protocol != PROTOCOL:
            raise PortError(f"{port}: the board speaks protocol {hello.protocol}, this driver {PROTOCOL}")
        if known_mm and abs(known_mm - self._mm_per_count) > 1e-3 * known_mm:
            raise PortError(
                f"{port}: the board counts {known_mm:g} mm per count, encoder.mm_per_count is {self._mm_per_count:g}"
            )

    def _tell_limits(self, talk: BoardTalk) -> None:
        limits, bank, hello = self._limits, self._bank, self.hello
        if limits is None or bank is None or hello is None:
            return
        result = parsed(result_of, talk.ask(Kind.CONFIGURE, limits.packed()).payload)
        if result is Result.RANGE:
            raise PortError(
                f"{talk.address}: the board has {hello.valves} valves, {bank.SLOT}.{bank.COUNTED} is {limits.valves}"
            )
        if result is Result.LIMIT:
            raise PortError(
                f"{talk.address}: the board opens no valve for longer than {hello.max_on_ms} ms, {limits.max_on_ms} ms "
                f"are asked for: {bank.SLOT}.max_on_ms is {bank.max_on_ms:g}"
            )
        if not self.leads_by_mean:
            for page in limits.packed_leads():
                talk.ask(Kind.LEADS, page)

    @property
    def leads_by_mean(self) -> bool:
        """Whether valves that differ are led by their mean, because the board's firmware can do no better."""
        if self._limits is None or self.hello is None:
            return False
        return bool(self._limits.leads_us) and self.hello.firmware < LEADS_FROM_FIRMWARE

    def _latch(self, talk: BoardTalk) -> Latch:
        answer = talk.ask(Kind.COUNT)
        latch = _latched(*parsed(count_reply, answer.payload), answer)
        self.belt.note(latch)
        return latch

    def _hear_endings(self, talk: BoardTalk) -> None:
        while talk.unasked:
            packet = talk.unasked.popleft()
            if packet[0] == Kind.SHOT_ENDED:
                self.ended.append(parsed(EndedShot.of, packet[2:]))
                if self._next_ending is not None:
                    self.lost_endings += (packet[1] - self._next_ending) % 256
                self._next_ending = (packet[1] + 1) % 256

    def _let_go(self) -> None:
        if self._talk is not None:
            self._talk.close()
        self._talk = None


def _greeted(talk: BoardTalk) -> Hello:
    return parsed(Hello.of, talk.ask(Kind.HELLO, bytes([PROTOCOL])).payload)


def _latched(count: int, time_us: int, answer: Answer) -> Latch:
    return Latch(raw_count=count, board_us=time_us, asked_ns=answer.asked_ns, told_ns=answer.told_ns)
