"""What people may have the line measure: calibration procedures, one at a time. In the loop's thread."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError, EndOfStream
from neosort_hardware.line import Line
from neosort_inference.asking.channel import Asked
from neosort_inference.asking.desk import Desk
from neosort_inference.asking.orders import (
    BeginProcedure,
    CancelProcedure,
    KeepProcedure,
    RefusedError,
    ShowProcedure,
    StepProcedure,
)
from neosort_inference.asking.orders import Result as Told
from neosort_inference.calibration.procedure import CalibrationError, Result, Value
from neosort_inference.calibration.registry import procedure_named
from neosort_inference.calibration.session import CalibrationSession, Decider
from neosort_inference.calibration.standing import Standing
from neosort_inference.calibration.store import CalibrationStore
from neosort_inference.faults.reached_line import ReachedLine
from neosort_inference.loop import HELD, SortingLoop

LOGGER = logging.getLogger("neosort.calibration")


class Calibrating:
    """Begins, drives and ends procedures at a line that a person has stopped; nothing is sorted meanwhile.

    ``config``: the line with the calibration that it goes by now, which may be another than it was opened with.
    ``store``: where what was found is kept. ``folder``: of pictures and plots, see `Standing`. ``decider``: makes one
    that goes by what the line goes by then.
    """

    def __init__(
        self,
        line: Line,
        *,
        config: Callable[[], LineConfig],
        loop: SortingLoop,
        reached: ReachedLine,
        store: CalibrationStore,
        folder: Path,
        decider: Callable[[], Decider] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._line = line
        self._config = config
        self._loop = loop
        self._reached = reached
        self._store = store
        self._folder = folder
        self._decider = decider
        self._now = now
        self._number = 0
        self._session: CalibrationSession | None = None
        self._standing: Standing | None = None
        self._result: Result | None = None
        self._thread: threading.Thread | None = None
        self._called_for: queue.SimpleQueue[tuple[BeginProcedure, Asked]] = queue.SimpleQueue()

    def serve(self, desk: Desk) -> None:
        """Take these orders from ``desk``."""
        desk.on(BeginProcedure, self._call_for)
        desk.on(StepProcedure, self._step)
        desk.on(ShowProcedure, lambda _order, _asked: self._known().told)
        desk.on(CancelProcedure, self._cancel)
        desk.on(KeepProcedure, self._keep)

    def under_way(self) -> bool:
        """Whether a procedure reads the line's devices now, and nobody else is to. One that is called for begins."""
        if not self._called_for.empty():
            self._begin(*self._called_for.get())
        return self._session is not None

    def turn(self) -> None:
        """One turn of the loop while a procedure is under way. Blocks for some 20 ms."""
        session, standing = self._session, self._standing
        if session is None or standing is None:
            return
        self._loop.stand_by()
        if session.blows and (fault := self._stopped_by_a_fault()) is not None:
            self._leave("failed", fault)
            return
        try:
            guidance = self._reached.waiting(session.step)
            standing.guide(guidance)
        except (CalibrationError, DeviceError) as error:
            self._leave("failed", str(error))
            return
        except EndOfStream:
            raise
        except Exception as error:  # the line's run must not end with a procedure that breaks down
            LOGGER.exception("%s has failed", session.procedure.about.name)
            self._leave("failed", _broken_down(error))
            return
        if guidance.done:
            self._session = None
            self._loop.catch_up()
            standing.end("working")
            # A fit may take seconds, and the loop owes its heartbeat to the valves.
            self._thread = threading.Thread(target=self._work, args=(session, standing), name="fit", daemon=True)
            self._thread.start()

    def _work(self, session: CalibrationSession, standing: Standing) -> None:
        """The thread. Whatever goes wrong here is what the technician is told."""
        try:
            self._result = session.result()
            standing.conclude(self._result)
        except CalibrationError as error:
            standing.end("failed", str(error))
        except Exception as error:
            LOGGER.exception("%s has failed", session.procedure.about.name)
            standing.end("failed", _broken_down(error))

    def _call_for(self, order: BeginProcedure, asked: Asked) -> None:
        """Have it begun as soon as its libraries are there: loading them takes a second that the valves have not."""
        self._must_be_free()
        _values(order.settings)

        def load() -> None:
            try:
                procedure_named(order.procedure)
            except Exception:  # it fails again in the loop's thread, where it is told to whoever asked
                LOGGER.debug("'%s' cannot be loaded", order.procedure, exc_info=True)
            self._called_for.put((order, asked))

        self._thread = threading.Thread(target=load, name="procedure", daemon=True)
        self._thread.start()

    def _begin(self, order: BeginProcedure, asked: Asked) -> None:
        try:
            self._must_be_free()
            procedure = procedure_named(order.procedure)()
            asks = procedure.asks_what_is_decided
            decider = self._decider() if asks and self._decider is not None else None
            values = _values(order.settings)
            self._session = CalibrationSession(self._line, procedure, values, decider, config=self._config())
        except RefusedError as refused:
            asked.refuse(refused.refusal, str(refused))
            return
        except (CalibrationError, DeviceError) as error:
            asked.refuse("not fitting", str(error))
            return
        except Exception as error:
            LOGGER.exception("%s cannot be begun", order.procedure)
            asked.refuse("nobody", _broken_down(error))
            return
        self._loop.occupied = f"a procedure goes on: {procedure.about.title}"
        self._number += 1
        self._result = None
        self._standing = Standing(order.procedure, self._number, asked.by, self._folder)
        self._standing.guide(procedure.guidance())
        asked.answer(self._standing.told)

    def _step(self, order: StepProcedure, _asked: Asked) -> Told:
        if self._session is None:
            raise RefusedError("not there", "no procedure is under way")
        try:
            self._session.act(order.action, _values(order.values))
        except CalibrationError as error:
            raise RefusedError("not fitting", str(error)) from error
        return self._known().told

    def _cancel(self, _order: CancelProcedure, _asked: Asked) -> Told:
        standing = self._known()
        if self._session is not None:
            self._leave("cancelled")
        elif standing.told["state"] == "done":
            standing.end("cancelled")
            self._result = None
        return standing.told

    def _keep(self, order: KeepProcedure, asked: Asked) -> Told:
        standing, result = self._known(), self._result
        if result is None:
            raise RefusedError("not now", f"the procedure is {standing.told['state']}: there is no result to keep")
        if not result.passed:
            raise RefusedError("not fitting", f"{result.procedure} has not passed: nothing of it is kept")
        try:
            record = self._store.make(self._config(), [result], by=asked.by, at=self._now(), note=order.note)
        except CalibrationError as error:
            raise RefusedError("not fitting", str(error)) from error
        standing.keep(record.id)
        return {"record": record.id}

    def _leave(self, state: str, why: str = "") -> None:
        """Nothing of it is kept; the line sees to itself again."""
        session, self._session = self._session, None
        if session is not None:
            session.cancel()
        self._known().end(state, why)
        self._loop.catch_up()

    def _known(self) -> Standing:
        if self._standing is None:
            raise RefusedError("not there", "no procedure has been begun since the run began")
        return self._standing

    def _must_be_free(self) -> None:
        fitting = self._thread is not None and self._thread.name == "fit" and self._thread.is_alive()
        if self._session is not None or fitting:
            raise RefusedError("not now", f"{self._known().told['procedure']} goes on: let it end, or cancel it")
        if self._loop.stopped_by() is None:
            raise RefusedError("not now", "the line sorts: stop it first")
        if (fault := self._stopped_by_a_fault()) is not None:
            raise RefusedError("not now", fault)

    def _stopped_by_a_fault(self) -> str | None:
        """Which, in a sentence; None while none has stopped the line."""
        stop = self._loop.stopped_by()
        return None if stop is None or stop.fault == HELD else f"the line is stopped by a fault: {stop.words}"


def _broken_down(error: Exception) -> str:
    """What a technician is told of an error that nobody has foreseen; the log has the whole of it."""
    return f"it has failed: {type(error).__name__}: {error}"


def _values(given: dict[str, JsonValue]) -> dict[str, Value]:
    """Only plain values mean something to a procedure. Raises `RefusedError`."""
    for name, value in given.items():
        if not isinstance(value, float | int | str | bool):
            raise RefusedError("not fitting", f"{name} = {value!r}: must be a number, a text, or true or false")
    return cast(dict[str, Value], given)
