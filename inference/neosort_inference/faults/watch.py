"""The fault watch: asks every symptom in every turn, keeps the alarms, and says how the line is to sort."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from neosort_datasets.assembly import Blind
from neosort_datasets.window import BeltWindow
from neosort_hardware.config import LineConfig
from neosort_hardware.types import EncoderSample, FieldBlock, Frame
from neosort_inference.faults.alarms import Alarm, AlarmBook
from neosort_inference.faults.catalogue import CATALOGUE
from neosort_inference.faults.modes import Condition, condition

EVERY_NS = 20_000_000
SELDOM_NS = 100_000_000  # what may take longer to notice, and does not stop the line; a busy turn may last as long
QUICK_S = 0.2
SENSES_LOST = "senses.lost"


class Symptom(Protocol):
    """One way in which one fault shows."""

    @property
    def fault(self) -> str:
        """Its name in the catalogue."""

    def says(self, now_ns: int) -> str:
        """What shows of it now, in a few words; empty while nothing does. Called in every turn, returns at once."""


class Reported:
    """A fault that somebody reports outright. ``trouble``: a call that gives its words, empty while there is none."""

    def __init__(self, fault: str, trouble: Callable[[], str]) -> None:
        self.fault = fault
        self._trouble = trouble

    def says(self, now_ns: int) -> str:
        return self._trouble()


class FaultWatch:
    """Symptoms in, alarms and the line's condition out. Single-threaded; asks nothing of any device by itself.

    ``planned``: the sense that the run does without from the start; faults of that one take nothing away. ``on_*``:
    what the symptoms are to see of what the devices give. ``on_resume``: what waits for something begins to wait anew.
    ``on_calibration``: what is held against the calibration. ``trusted``: a block less the channels that are bad.
    """

    def __init__(
        self,
        book: AlarmBook,
        planned: Blind,
        symptoms: Sequence[Symptom],
        *,
        on_frame: Sequence[Callable[[Frame], None]] = (),
        on_block: Sequence[Callable[[FieldBlock], None]] = (),
        on_travel: Sequence[Callable[[EncoderSample], None]] = (),
        on_window: Sequence[Callable[[BeltWindow, int], None]] = (),
        on_resume: Sequence[Callable[[], None]] = (),
        on_calibration: Sequence[Callable[[LineConfig], None]] = (),
        trusted: Callable[[FieldBlock], FieldBlock] = lambda block: block,
    ) -> None:
        self.book = book
        self._planned: Blind = planned
        self._quick = [(symptom.fault, symptom.says) for symptom in symptoms if _pressing(symptom.fault)]
        self._slow = [(symptom.fault, symptom.says) for symptom in symptoms if not _pressing(symptom.fault)]
        self._slow_told: dict[str, str] = {}
        self._slow_next_ns = 0
        self._on_frame, self._on_block, self._on_travel = on_frame, on_block, on_travel
        self._on_window, self._on_resume, self._on_calibration = on_window, on_resume, on_calibration
        self.trusted = trusted
        self._next_ns = 0
        self._shown_ns: dict[str, int] = {}
        self.condition = self._sound = condition(planned, ())  # while nothing is wrong

    def see_frame(self, frame: Frame) -> None:
        """Every frame goes through here."""
        for see in self._on_frame:
            see(frame)

    def see_block(self, block: FieldBlock) -> None:
        """Every block goes through here."""
        for see in self._on_block:
            see(block)

    def see_travel(self, sample: EncoderSample) -> None:
        """The encoder of every turn goes through here."""
        for see in self._on_travel:
            see(sample)

    def see_window(self, window: BeltWindow, decisions: int) -> None:
        """Every window that has been decided on, and how many decisions that gave."""
        for see in self._on_window:
            see(window, decisions)

    def resume(self) -> None:
        """Somebody else has read the devices meanwhile: what has not come here was not missed."""
        for begin_anew in self._on_resume:
            begin_anew()

    def recalibrated(self, config: LineConfig) -> None:
        """The line goes by another calibration from now on."""
        for begin_anew in self._on_calibration:
            begin_anew(config)

    def turn(self, now_ns: int, *, at_once: bool = False) -> Condition:
        """Ask every symptom, raise and clear; how the line is to sort from now on.

        Done every `EVERY_NS`, for three dozen symptoms cost more than a turn of the loop, and of those that are not
        pressing every `SELDOM_NS`; ``at_once``: now, too.
        """
        if now_ns < self._next_ns and not at_once:
            return self.condition
        self._next_ns = now_ns + EVERY_NS
        if now_ns >= self._slow_next_ns:
            self._slow_next_ns = now_ns + SELDOM_NS
            self._slow_told = _told(self._slow, now_ns)
        told = _told(self._quick, now_ns) | self._slow_told
        if not told and not self.book.any_open:
            self.condition = self._sound
            return self.condition
        told = {fault: words for fault, words in told.items() if not self._explained(fault, told)}
        self._note(told, now_ns)
        if self._left().blind is None:
            told[SENSES_LOST] = "camera and field are lost at once"
            self._note({SENSES_LOST: told[SENSES_LOST]}, now_ns)
        self._clear(told, now_ns)
        self.condition = self._left()
        return self.condition

    @property
    def stopped_by(self) -> Alarm | None:
        """What keeps the line stopped; None where nothing does."""
        if not self.book.any_open:
            return None
        return next((alarm for alarm in self.book.in_force if alarm.effect == "stop"), None)

    @property
    def misplaced(self) -> bool:
        """Whether the count of the belt is not to be relied on now."""
        if not self.book.any_open:
            return False
        return any(alarm.standing and alarm.fault.startswith("encoder.") for alarm in self.book.open)

    def _left(self) -> Condition:
        return condition(self._planned, (alarm.effect for alarm in self.book.in_force))

    def _explained(self, fault: str, told: dict[str, str]) -> bool:
        """Whether it shows only because of another that shows, or did a moment ago."""
        standing = {alarm.fault for alarm in self.book.open if alarm.standing}
        return any(other in told or other in standing for other in CATALOGUE[fault].hidden_by)

    def _note(self, told: dict[str, str], now_ns: int) -> None:
        for name, words in told.items():
            self._shown_ns[name] = now_ns
            self.book.raise_(name, words, now_ns)

    def _clear(self, told: dict[str, str], now_ns: int) -> None:
        for alarm in self.book.open:
            kind = CATALOGUE[alarm.fault]
            silent_ns = now_ns - self._shown_ns.get(alarm.fault, alarm.raised_ns)
            if alarm.standing and alarm.fault not in told and silent_ns >= kind.gone_after_s * 1e9:
                self.book.clear(alarm.fault, now_ns)


def _pressing(fault: str) -> bool:
    """Whether shots go astray, or the catalogue's time is over, where it is noticed a moment later."""
    return CATALOGUE[fault].effect == "stop" or CATALOGUE[fault].within_s <= QUICK_S


def _told(asked: Sequence[tuple[str, Callable[[int], str]]], now_ns: int) -> dict[str, str]:
    return {fault: words for fault, says in asked if (words := says(now_ns))}
