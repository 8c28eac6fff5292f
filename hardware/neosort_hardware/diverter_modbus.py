"""`ModbusDiverter`: shots written into the registers of a controller that counts the belt, or coils that we time."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from neosort_hardware.bank_limits import limits_of
from neosort_hardware.devices import DeviceError, Diverter, Encoder
from neosort_hardware.diverter_paced import encoder_of, paced
from neosort_hardware.diverter_timed import TimedDiverter
from neosort_hardware.encoder_modbus import ModbusEncoder
from neosort_hardware.modbus_link import ModbusLink
from neosort_hardware.modbus_values import Unwrapped, count_of, words_of
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.settings_modbus import ModbusEncoderConfig, ModbusOutputs
from neosort_hardware.shot_timer import ShotLimits
from neosort_hardware.site import Site
from neosort_hardware.types import DeviceHealth, Shot, ShotOutcome
from neosort_hardware.valve_outputs import ShotRig
from neosort_hardware.valves_modbus import OpensModbusCoils, OpensModbusEncoder
from neosort_hardware.wrapping import WRAP, ahead

IDENTITY = [0x4E53, 1]  # "NS" and the version of the map
OUTCOMES = {1: ShotOutcome.ACCEPTED, 2: ShotOutcome.LATE, 3: ShotOutcome.REFUSED}
SILENT_HOST, FAULT = 1, 2
ASK_AGAIN_S = 0.0005
LEADS_A_REQUEST = 120  # registers; a request writes 123 at most
APART_MM = 50.0  # a: two readings of one counter never differ by more, but for the belt's travel between them
FASTEST_MM_PER_MS = 6.0
LOSS_SHOWS_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerStatus:
    """The controller's status block. ``missed``: shots it took and could not execute in time."""

    silent_host: bool
    fault: bool
    pending: int
    fired: int
    late: int
    missed: int
    cut: int
    count: int


class ModbusDiverter(NamedDevice):
    """A controller that holds the shots and executes them at its own count: nothing here is on the clock.

    `schedule` writes a shot and waits for the controller's word on it, two of its cycles or so. Settings are written
    and read back on every connect, so that a controller that was restarted is never left with others. Its counter must
    be the line's encoder: the two are compared on every heartbeat.
    """

    def __init__(self, settings: ModbusOutputs, limits: ShotLimits, encoder: Encoder, mm_per_count: float) -> None:
        """Raises `DeviceError` when the controller is not there or is another one."""
        super().__init__(name_of(settings))
        self._settings = settings
        self._limits = limits
        self._encoder = encoder
        self._mm_per_count = mm_per_count
        self._link = ModbusLink(self.name, settings.peer, settings.expect, self._set_up)
        self._number = self._beat = 0
        self._fired, self._late, self._missed, self._cut = (Unwrapped(16) for _ in range(4))
        self._trouble = ""
        self._lost_s = -LOSS_SHOWS_S
        self._next_beat_s = 0.0
        self.status: ControllerStatus | None = None
        try:
            self.heartbeat()
        except DeviceError:
            self._link.close()
            raise

    @classmethod
    def connect(cls, settings: ModbusOutputs, site: Site) -> Diverter:
        """The valves, shut, in the settings' mode. Raises `DeviceError`."""
        name = name_of(settings)
        encoder, mm_per_count = encoder_of(site, name), site.geometry.mm_per_count
        limits = limits_of(site.config, settings, settings.late_ms)
        if settings.mode == "controller":
            return paced(lambda: cls(settings, limits, encoder, mm_per_count), settings, site)
        same = site.config.encoder if isinstance(site.config.encoder, ModbusEncoderConfig) else None
        rig = ShotRig(
            name=name,
            outputs=OpensModbusCoils(name, settings),
            encoder=None if same is None else OpensModbusEncoder(same),
            mm_per_count=mm_per_count,
            limits=limits,
            refresh_ms=settings.refresh_ms,
        )
        ahead_mm = partial(_ahead_mm, encoder, mm_per_count)
        return paced(lambda: TimedDiverter(rig, encoder, ahead_mm), settings, site)

    def schedule(self, shot: Shot) -> ShotOutcome:
        self._must_be_open()
        if not (0 <= shot.first_nozzle <= shot.last_nozzle < self._limits.nozzles and shot.close_mm > shot.open_mm):
            return ShotOutcome.REFUSED
        if self._trouble:
            raise self._link.error(self._trouble)
        self._number = self._number % 65_535 + 1  # never 0, which is what an untouched register holds
        order = self._settings.word_order
        words = [self._number, shot.first_nozzle, shot.last_nozzle]
        words += words_of(self._raw(shot.open_mm), order) + words_of(self._raw(shot.close_mm), order)
        self._link.write_registers(self._settings.registers.shot, words)
        return self._answer()

    def heartbeat(self) -> None:
        """Tell the controller that the host lives, four times within its limit, and take its status."""
        self._must_be_open()
        if time.monotonic() < self._next_beat_s:
            return
        registers = self._settings.registers
        self._link.connect()
        # The status first: a silence that the controller has acted on must be seen before this beat ends it.
        self._take_status(self._link.read_registers("holding", registers.status, 8))
        self._beat = (self._beat + 1) & 0xFFFF
        self._link.write_registers(registers.heartbeat, [self._beat])
        self._next_beat_s = time.monotonic() + 0.25e-3 * self._limits.heartbeat_ms
        if self._trouble:
            raise self._link.error(self._trouble)

    def close_all(self) -> None:
        if self._open:
            self._link.write_registers(self._settings.registers.close_all, [1])

    def health(self) -> DeviceHealth:
        if not self._open:
            return super().health()
        status = self.status
        detail = self._link.trouble or self._trouble
        if not detail and status is not None and status.silent_host:
            detail = "host was silent for too long; all valves closed"
        if not detail and status is not None and time.monotonic() - self._lost_s < LOSS_SHOWS_S:
            detail = f"shots missed so far: {status.missed}; the controller could not execute them in time"
        return DeviceHealth(name=self.name, ok=not detail, detail=detail)

    def close(self) -> None:
        if self._open:
            with suppress(DeviceError):  # its heartbeat limit is left to shut the valves
                self.close_all()
            super().close()
            self._link.close()

    def _raw(self, belt_mm: float) -> int:
        """A place as the controller counts it."""
        return int(belt_mm // self._mm_per_count) - restarted_counts(self._encoder)

    def _answer(self) -> ShotOutcome:
        """The controller's word on the shot just written; it comes with the controller's next cycle."""
        first = self._settings.registers.answer
        deadline_s = time.monotonic() + 1e-3 * self._settings.answer_ms
        while True:
            number, code = self._link.read_registers("holding", first, 2)
            if number == self._number:
                outcome = OUTCOMES.get(code)
                if outcome is None:
                    raise self._link.error(f"holding register {first + 1} is {code}, which is no answer to a shot")
                return outcome
            if time.monotonic() > deadline_s:
                raise self._link.error(
                    f"no answer to shot {self._number} within {self._settings.answer_ms:g} ms: holding register "
                    f"{first} is still {number}"
                )
            time.sleep(ASK_AGAIN_S)

    def _set_up(self, link: ModbusLink) -> None:
        """On every connect: the right controller, and the limits it is to keep. Raises `DeviceError`."""
        registers = self._settings.registers
        found = link.read_registers("holding", registers.identity, 2)
        for at, (value, known) in enumerate(zip(found, IDENTITY, strict=True), registers.identity):
            if value != known:
                raise link.error(f"holding register {at} is {value}, not {known}: no counting controller of this map")
        limits = self._limits
        leads_ms = limits.leads.mean_ms
        self._tell(
            link,
            registers.settings,
            [
                limits.nozzles,
                round(limits.max_on_ms),
                round(limits.heartbeat_ms),
                *(round(100 * lead_ms) for lead_ms in leads_ms),
            ],
        )
        if registers.leads is not None:
            each = zip(limits.leads.open_ns, limits.leads.close_ns, strict=True)
            words = [round(1e-4 * lead_ns) for pair in each for lead_ns in pair]
            for first in range(0, len(words), LEADS_A_REQUEST):
                self._tell(link, registers.leads + first, words[first : first + LEADS_A_REQUEST])

    def _tell(self, link: ModbusLink, first: int, wanted: list[int]) -> None:
        """Write settings and read them back. Raises `DeviceError` for one that does not hold."""
        link.write_registers(first, wanted)
        kept = link.read_registers("holding", first, len(wanted))
        for register, (value, wish) in enumerate(zip(kept, wanted, strict=True), first):
            if value != wish:
                raise link.error(
                    f"holding register {register} is {value} after {wish} was written: it cannot be set so"
                )

    def _take_status(self, words: list[int]) -> None:
        state, pending, fired, late, missed, cut = words[:6]
        before = 0 if self.status is None else self.status.missed
        self.status = ControllerStatus(
            silent_host=bool(state & SILENT_HOST),
            fault=bool(state & FAULT),
            pending=pending,
            fired=self._fired.add(fired),
            late=self._late.add(late),
            missed=self._missed.add(missed),
            cut=self._cut.add(cut),
            count=count_of(words[6:], "uint32", self._settings.word_order),
        )
        if self.status.missed > before:
            self._lost_s = time.monotonic()
        self._trouble = "the controller reports a fault of its own" if self.status.fault else self._apart()

    def _apart(self) -> str:
        """What is amiss when controller and encoder do not count the same; empty when they do."""
        assert self.status is not None
        try:
            sample = self._encoder.read()
        except DeviceError as error:
            return str(error)
        own = sample.counts - restarted_counts(self._encoder)
        apart_mm = abs(ahead(self.status.count, own)) * self._mm_per_count
        between_ms = abs(time.monotonic_ns() - sample.sampled_ns) * 1e-6
        if apart_mm <= APART_MM + FASTEST_MM_PER_MS * between_ms:
            return ""
        return (
            f"the controller counts {self.status.count}, the line's encoder {own % WRAP}: not one counter, "
            "or one of them began anew"
        )


def name_of(settings: ModbusOutputs) -> str:
    """What the bank is called in messages."""
    return f"Modbus {settings.CALLED}"


def _ahead_mm(encoder: Encoder, mm_per_count: float) -> float:
    return restarted_counts(encoder) * mm_per_count


def restarted_counts(encoder: Encoder) -> int:
    """What the line's counts are ahead of the counter's own, since that began anew."""
    return encoder.restarted_counts if isinstance(encoder, ModbusEncoder) else 0
