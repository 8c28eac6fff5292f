"""An encoder that does not tell the truth: against what a belt can do, and what the field shows of passing items."""

from __future__ import annotations

from collections import deque

import numpy as np

from neosort_hardware.types import ArrayF32, ArrayF64, EncoderSample, FieldBlock

LOOK_NS = 20_000_000  # one mean a mains cycle: the mains' field cancels
SPAN = 25  # means, half a second
PASSING_UT = 6.0  # a: more than drift, valves and steel that passes at a distance do within half a second
STANDS_MM = 2.0
AGAIN = 2
FASTEST_MM_PER_NS = 4.0e-6
SLACK_MM = 2.0  # a: counts and stamps are not read at the very same moment
JUMP_MM = 20.0
BACK_MM = 30.0  # a: a belt rolls back less when it stops
TOLD_NS = 1_000_000_000
NOISY_MOVES = 5  # in a second, each one that no belt makes


class EncoderStopped:
    """The count stands while the field of passing items rises and falls. Without items nobody can tell."""

    fault = "encoder.stopped"

    def __init__(self) -> None:
        self._means: deque[ArrayF64] = deque(maxlen=SPAN)
        self._samples: list[ArrayF32] = []
        self._belt_mm = 0.0
        self._next_ns = 0
        self._passings = 0
        self._above = False

    def see_travel(self, sample: EncoderSample) -> None:
        """The encoder, once a turn. Of a belt that runs nothing is kept, so that it costs nothing."""
        if abs(sample.belt_mm - self._belt_mm) > STANDS_MM:
            self._belt_mm = sample.belt_mm
            self._passings, self._above = 0, False
            self._means.clear()
            self._samples.clear()
            self._next_ns = sample.sampled_ns + LOOK_NS

    def see_block(self, block: FieldBlock) -> None:
        self._samples.append(block.field_ut)
        now_ns = int(block.sampled_ns[-1])
        if now_ns < self._next_ns:
            return
        self._means.append(np.concatenate(self._samples).mean(axis=0, dtype=np.float64))
        self._samples.clear()
        self._next_ns = now_ns + LOOK_NS
        self._judge()

    def says(self, now_ns: int) -> str:
        return "fields pass over the array and the count stands" if self._passings >= AGAIN else ""

    def _judge(self) -> None:
        """Count how often the field has moved away from where it was half a second ago, and come to rest again."""
        if len(self._means) < 2:
            return
        moved = np.abs(self._means[-1] - self._means[0])
        above = bool(np.nanmax(moved, initial=0.0) > PASSING_UT)
        self._passings += above and not self._above
        self._above = above


class Erratic:
    """Moves that no belt makes: too far for the time that has passed, or back.

    A large one is a jump: places named before it are no longer where they were. Small ones, again and again, are noise.
    """

    def __init__(self) -> None:
        self.jumped = Moves("encoder.jumped")
        self.noisy = Moves("encoder.noisy", NOISY_MOVES)
        self.reversed = Reversed()
        self.symptoms = (self.jumped, self.noisy, self.reversed)
        self._last: EncoderSample | None = None

    def see_travel(self, sample: EncoderSample) -> None:
        """The encoder, once a turn."""
        last, self._last = self._last, sample
        if last is None:
            return
        moved_mm = sample.belt_mm - last.belt_mm
        most_mm = FASTEST_MM_PER_NS * max(0, sample.sampled_ns - last.sampled_ns) + SLACK_MM
        if abs(moved_mm) > most_mm + JUMP_MM:
            self.jumped.add(moved_mm, sample.sampled_ns)
            self.reversed.begin(sample.belt_mm)
        elif not -SLACK_MM <= moved_mm <= most_mm:
            self.noisy.add(moved_mm, sample.sampled_ns)
        self.reversed.see(sample.belt_mm)


class Moves:
    """Impossible moves of the last second, told from so many on."""

    def __init__(self, fault: str, most: int = 1) -> None:
        self.fault = fault
        self._most = most
        self._moves: deque[tuple[int, float]] = deque(maxlen=64)

    def add(self, moved_mm: float, at_ns: int) -> None:
        """One more."""
        self._moves.append((at_ns, moved_mm))

    def says(self, now_ns: int) -> str:
        while self._moves and now_ns - self._moves[0][0] > TOLD_NS:
            self._moves.popleft()
        if len(self._moves) < self._most:
            return ""
        largest_mm = max((moved_mm for _, moved_mm in self._moves), key=abs)
        times = "once" if len(self._moves) == 1 else f"{len(self._moves)} times in a second"
        return f"the count moved by {largest_mm:+.0f} mm, {times}, as no belt does"


class Reversed:
    """The count goes down, and on."""

    fault = "encoder.reversed"

    def __init__(self) -> None:
        self._furthest_mm = float("-inf")
        self._belt_mm = 0.0

    def begin(self, belt_mm: float) -> None:
        """The count begins anew from there."""
        self._furthest_mm = belt_mm

    def see(self, belt_mm: float) -> None:
        """The count now. When it rises again it has its direction back, wherever it stands."""
        if belt_mm > self._belt_mm:
            rising = belt_mm
            self._furthest_mm = max(rising, self._furthest_mm) if self._back_mm(rising) < BACK_MM else rising
        self._belt_mm = belt_mm

    def says(self, now_ns: int) -> str:
        back_mm = self._back_mm(self._belt_mm)
        return f"the count has gone back by {back_mm:,.0f} mm" if back_mm > BACK_MM else ""

    def _back_mm(self, belt_mm: float) -> float:
        return self._furthest_mm - belt_mm
