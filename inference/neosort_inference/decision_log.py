"""Every decision of a run as a line of JSON, written while the run goes on: nothing of it stays in memory."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from neosort_datasets.recording_queue import WriteQueue
from neosort_hardware.config import ConfigError
from neosort_hardware.types import Decision

MAX_WAITING = 10_000  # decisions: some minutes of a crowded belt
LINE_BYTES = 500  # about
CLOSE_WITHIN_S = 30.0
DECISIONS_FILE = "decisions.jsonl"


class DecisionLog:
    """Writes decisions into ``path``, in the place of what stood there before. `write` only queues.

    A disk that is slow, full or hung holds up nobody: what it does not take is dropped and counted, and ``trouble``
    says so. Raises `ConfigError` when the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written = 0
        self._refused = self._lost = 0  # by the caller for want of room, by the thread after a failure
        self._failure = ""
        self._queue: WriteQueue[Decision] = WriteQueue(MAX_WAITING, MAX_WAITING * LINE_BYTES)
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written ({error.strerror})") from error
        self._thread = threading.Thread(target=self._work, args=(self._file,), name="decisions", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Decisions that are not in the file."""
        return self._refused + self._lost

    @property
    def trouble(self) -> str:
        """What keeps the file from being whole, in a few words; empty while nothing does."""
        if self._failure:
            return f"writing failed ({self._failure})"
        return f"the disk did not keep up: {self.dropped:,} decisions dropped" if self.dropped else ""

    def write(self, decision: Decision) -> None:
        """Keep a decision."""
        if not self._queue.put(decision, LINE_BYTES):
            self._refused += 1

    def close(self) -> None:
        """Write what waits. May be called twice; returns within half a minute, however the disk does."""
        self._queue.close()
        self._thread.join(CLOSE_WITHIN_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _work(self, file: TextIO) -> None:
        """The thread: writes until told to stop, each line whole and at once; after a failure it only counts."""
        try:
            with file:
                while (decision := self._queue.get()) is not None:
                    file.write(json.dumps(decision_record(decision), ensure_ascii=False) + "\n")
                    self.written += 1
                    if not len(self._queue):
                        file.flush()
        except Exception as error:  # whatever it was: a thread that died in silence would lose the rest
            self._failure = getattr(error, "strerror", None) or str(error)
            self._lost += 1
            while self._queue.get() is not None:
                self._lost += 1


def decision_record(decision: Decision) -> dict[str, Any]:
    """One decision as it stands in decisions.jsonl."""
    box, shot = decision.box, decision.shot
    return {
        "track_id": decision.track_id,
        "belt_mm": round(box.belt_mm, 2),
        "across_mm": round(box.across_mm, 2),
        "box_mm": [round(v, 2) for v in (box.belt_lo_mm, box.belt_hi_mm, box.across_lo_mm, box.across_hi_mm)],
        "kind": decision.kind,
        "p_ndfeb": round(decision.p_ndfeb, 5),
        "magnet_g": round(decision.magnet_g, 4),
        "magnet_g_sigma": round(decision.magnet_g_sigma, 4),
        "verdict": decision.verdict.value,
        "reason": decision.reason,
        "fired": decision.fired,
        "late": decision.late,
        "latency_ms": round(decision.latency_ms, 3),
        "distance_mm": round(decision.distance_mm, 2),
        "nozzles": None if shot is None else [shot.first_nozzle, shot.last_nozzle],
        "diverter": None if shot is None else "heavy" if shot.heavy else "air",
        "open_close_mm": None if shot is None else [round(shot.open_mm, 2), round(shot.close_mm, 2)],
    }
