"""`PacedFlaps`: any bank of valves with flaps behind them, none of which is asked for more than it can do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from neosort_hardware.devices import DeviceError, Diverter, Encoder
from neosort_hardware.flap_pace import FlapPace
from neosort_hardware.site import Site
from neosort_hardware.slots import BankConfig, HeavyDiverterConfig
from neosort_hardware.types import DeviceHealth, EncoderSample, Shot, ShotOutcome

SPEED_OVER_NS = 250_000_000  # a: shorter, and the stamps of a busy machine make a speed of their own


class PacedFlaps:
    """Refuses a shot whose lanes would not have come back and rested, or have had their strokes of the minute.

    Everything else is the diverter's that holds the valves: it is told the flaps' travel time as the lead of its
    openings. Paced at the belt's nominal speed, or at what it is found to run at where that is faster.
    """

    def __init__(
        self, valves: Diverter, flaps: HeavyDiverterConfig, encoder: Encoder, nominal_mm_per_ms: float
    ) -> None:
        self._valves = valves
        self._encoder = encoder
        self._pace = FlapPace(flaps)
        self._nominal_mm_per_ms = self._mm_per_ms = nominal_mm_per_ms
        self._last: EncoderSample | None = None

    @property
    def name(self) -> str:
        return self._valves.name

    @property
    def valves(self) -> Diverter:
        """What moves the flaps."""
        return self._valves

    def schedule(self, shot: Shot) -> ShotOutcome:
        try:
            belt_mm = self._look_at_belt()
        except DeviceError as error:
            raise DeviceError(self.name, f"no belt to pace its strokes by: {error.cause}") from error
        self._pace.forget(belt_mm, self._mm_per_ms)
        if not self._pace.allows(shot, self._mm_per_ms):
            self._valves.heartbeat()  # valves that are lost say so, whatever the pace
            return ShotOutcome.REFUSED
        outcome = self._valves.schedule(shot)
        if outcome is ShotOutcome.ACCEPTED:
            self._pace.take(shot)
        return outcome

    def heartbeat(self) -> None:
        self._valves.heartbeat()
        with suppress(DeviceError):  # it is the encoder's own to say
            self._look_at_belt()

    def close_all(self) -> None:
        self._valves.close_all()
        with suppress(DeviceError):  # its lanes then rest longer than they need
            self._pace.shut(self._look_at_belt(), self._mm_per_ms)

    def health(self) -> DeviceHealth:
        return self._valves.health()

    def close(self) -> None:
        self._valves.close()

    def _look_at_belt(self) -> float:
        """Where it is; its speed goes along. Raises `DeviceError` of the encoder."""
        sample = self._encoder.read()
        if self._last is None:
            self._last = sample
        past_ns = sample.sampled_ns - self._last.sampled_ns
        if past_ns >= SPEED_OVER_NS:
            found = (sample.belt_mm - self._last.belt_mm) / (past_ns * 1e-6)
            self._mm_per_ms = max(self._nominal_mm_per_ms, found)
            self._last = sample
        return sample.belt_mm


def paced(valves: Callable[[], Diverter], bank: BankConfig, site: Site) -> Diverter:
    """The diverter of a slot, opened by ``valves``: as it is for jets, paced for flaps. Raises `DeviceError`."""
    if not isinstance(bank, HeavyDiverterConfig):
        return valves()
    encoder = encoder_of(site, bank.CALLED)
    return PacedFlaps(valves(), bank, encoder, site.config.belt.speed_m_per_s)


def encoder_of(site: Site, name: str) -> Encoder:
    """The line's encoder. Raises `DeviceError` in the name of the device that cannot do without."""
    if site.encoder is None:
        raise DeviceError(name, "needs an encoder to time its shots by")
    return site.encoder
