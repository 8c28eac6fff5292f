"""Air jets behind the counting controller: shots are queued in the board, which counts the belt and executes them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Self

from neosort_hardware.bank_limits import limits_of
from neosort_hardware.config import LineConfig
from neosort_hardware.controller_device import ControllerDevice
from neosort_hardware.controller_link import ControllerLink
from neosort_hardware.controller_protocol import REFUSALS, Ending, Kind, Limits, Result, Status, shot_request
from neosort_hardware.counted_belt import shift_to
from neosort_hardware.devices import DeviceError, Diverter, Encoder
from neosort_hardware.diverter_paced import paced
from neosort_hardware.encoder_serial import SerialEncoder
from neosort_hardware.section import ConfigError
from neosort_hardware.settings_serial import BoardOutputs
from neosort_hardware.site import Site
from neosort_hardware.types import DeviceHealth, Shot, ShotOutcome
from neosort_hardware.wrapping import WRAP

FAR_COUNTS = 1 << 30  # no shot lies so far ahead; beyond, a count of 32 bits means two places
LONGEST_LEAD_MS = 65.0
LED_BY_MEAN = "the board's firmware leads all valves by their mean lag: load a newer one"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedShot:
    """A shot as it went: the belt's places at which the valves were opened and shut, leads included.

    ``opened_mm`` None: it never was.
    """

    shot_id: int
    ending: Ending
    opened_mm: float | None
    closed_mm: float


class SerialDiverter(ControllerDevice):
    """Every call is one round trip, bounded by ``answer_ms``; twice that where a lost board is found again.

    ``encoder``: the line's, where that is not this board's own count; the board's is set against it at the start and
    after every restart of the board, and shots are refused while the two have come apart.
    """

    def __init__(
        self, link: ControllerLink, settings: BoardOutputs, mm_per_count: float, encoder: Encoder | None
    ) -> None:
        super().__init__(link, f"serial {settings.CALLED}")
        self._settings = settings
        self._mm_per_count = mm_per_count
        self._encoder = encoder
        self._shift = 0  # what the line's counts are ahead of the board's
        self._restarts = -1
        self._apart = False
        self._last: Status | None = None
        self._remark = ""
        self._faulty: list[int] = []

    @classmethod
    def connect(cls, settings: BoardOutputs, site: Site) -> Diverter:
        """Finds the board, tells it its limits, all valves closed.

        Raises `DeviceError` when it does not answer or cannot do what is configured.
        """
        return paced(lambda: cls._opened(settings, site), settings, site)

    @classmethod
    def _opened(cls, settings: BoardOutputs, site: Site) -> Self:
        link, encoder, limits = ControllerLink.of(settings, site), site.encoder, board_limits(site.config, settings)
        own = isinstance(encoder, SerialEncoder) and encoder.link is link
        diverter = cls(link, settings, site.config.encoder.mm_per_count, None if own else encoder)
        return diverter._begun_with(lambda: diverter._begin(limits))

    def schedule(self, shot: Shot) -> ShotOutcome:
        self._must_be_open()
        self._align_after_restart()
        opening, closing = (round(at_mm / self._mm_per_count) - self._shift for at_mm in (shot.open_mm, shot.close_mm))
        belt = self._link.belt
        ahead = opening - belt.counts
        if not 0 <= shot.first_nozzle <= shot.last_nozzle < self._settings.valves or closing <= opening:
            return ShotOutcome.REFUSED
        if ahead < -FAR_COUNTS:
            return ShotOutcome.LATE
        if ahead > FAR_COUNTS or closing - opening > FAR_COUNTS or self._apart:
            return ShotOutcome.REFUSED
        request = shot_request(
            shot.shot_id % WRAP, shot.first_nozzle, shot.last_nozzle, belt.raw(opening), belt.raw(closing)
        )
        result = self._link.shot(request, self.name)
        if result in REFUSALS:
            self._remark = f"shots are refused: {REFUSALS[result]}"
        if result is Result.OK:
            return ShotOutcome.ACCEPTED
        return ShotOutcome.LATE if result is Result.LATE else ShotOutcome.REFUSED

    def heartbeat(self) -> None:
        self._must_be_open()
        self._align_after_restart()
        before = None if self._encoder is None else self._encoder.read().counts
        status = self._link.heartbeat(self.name)
        if self._encoder is not None and before is not None and self._link.belt.restarts == self._restarts:
            slack = self._settings.apart_mm / self._mm_per_count
            shown = self._link.belt.counts + self._shift
            self._apart = not before - slack <= shown <= self._encoder.read().counts + slack
        if status.faulty_valves != len(self._faulty):
            self._faulty = self._link.faulty_valves(self.name)
        self._remark = self._remark_on(self._last, status)
        self._last = status

    def close_all(self) -> None:
        """Raises `DeviceError` when the board cannot be told; it shuts by itself then, for it hears no heartbeat."""
        self._link.ask(Kind.CLOSE_ALL, b"", self.name)

    def cancel(self, shot_id: int) -> bool:
        """Forget one shot, or shut its valves where it blows; false when the board does not have it (any more)."""
        self._must_be_open()
        return self._link.cancel(shot_id % WRAP, self.name)

    def take_ended(self) -> list[EndedShot]:
        """Shots that came to their ends since the last call, in order, as far as the board has told by now."""
        return [
            EndedShot(
                shot_id=shot.shot_id,
                ending=shot.ending,
                opened_mm=None if shot.opened is None else self.place_mm(shot.opened),
                closed_mm=self.place_mm(shot.closed),
            )
            for shot in self._link.take_ended()
        ]

    def place_mm(self, raw_count: int) -> float:
        """Where the line has what the board counts."""
        return (self._link.belt.counts_at(raw_count) + self._shift) * self._mm_per_count

    def health(self) -> DeviceHealth:
        health = super().health()
        remark = self._remark or (LED_BY_MEAN if self._link.leads_by_mean else "")
        if not health.ok or not remark:
            return health
        return DeviceHealth(name=self.name, ok=False, detail=remark, valves_dead=tuple(self._faulty))

    def close(self) -> None:
        if self._open:
            with contextlib.suppress(DeviceError):
                self.close_all()
        super().close()

    def _begin(self, limits: Limits) -> None:
        self._link.limit(limits, self._settings, self.name)
        self._align_after_restart()
        self.heartbeat()

    def _align_after_restart(self) -> None:
        """Set the board's count against the line's encoder, if it is another, unless that still holds."""
        if self._restarts == self._link.belt.restarts:
            return
        if self._encoder is not None:
            self._shift = shift_to(self._encoder, lambda: self._link.latch(self.name), self._link.belt)
        self._restarts = self._link.belt.restarts
        self._apart = False

    def _remark_on(self, last: Status | None, status: Status) -> str:
        """What a technician should know of the time since the last heartbeat; empty when all is well."""
        if last is not None and status.silences != last.silences:
            return "host was silent for too long; all valves closed"
        if self._apart:
            return f"the board's count and the encoder are more than {self._settings.apart_mm:g} mm apart"
        if self._faulty:
            return f"valves report a fault: {', '.join(map(str, self._faulty))}"
        if last is not None and status.ended[Ending.CUT_SHORT] != last.ended[Ending.CUT_SHORT]:
            return f"a valve was shut after its longest on-time of {self._settings.max_on_ms:g} ms"
        if last is not None and status.ended[Ending.MISSED] != last.ended[Ending.MISSED]:
            return "a shot was dropped: the count had jumped over its opening"
        return ""


def board_limits(config: LineConfig, settings: BoardOutputs) -> Limits:
    """What the board is told of a line. Raises `ConfigError` for leads of single valves beyond 16 bits of µs."""
    limits = limits_of(config, settings)
    leads = limits.leads
    longest_ms = 1e-6 * max(*leads.open_ns, *leads.close_ns)
    if not leads.all_alike and longest_ms > LONGEST_LEAD_MS:
        raise ConfigError(
            f"calibration: valve lag and jet lag add up to {longest_ms:g} ms, the counting controller leads single "
            f"valves by {LONGEST_LEAD_MS:g} ms at most"
        )
    open_us, close_us = (round(lead_ms * 1e3) for lead_ms in leads.mean_ms)
    each_ns = zip(leads.open_ns, leads.close_ns, strict=True)
    each_us = tuple((round(1e-3 * opening_ns), round(1e-3 * closing_ns)) for opening_ns, closing_ns in each_ns)
    return Limits(
        valves=limits.nozzles,
        heartbeat_ms=round(limits.heartbeat_ms),
        max_on_ms=round(limits.max_on_ms),
        open_lead_us=open_us,
        close_lead_us=close_us,
        max_late_counts=settings.max_late_counts,
        leads_us=() if leads.all_alike else each_us,
    )
