"""The shot process: a small interpreter of its own that does nothing but open and shut valves on time.

`python -m neosort_hardware.shot_executor FD`, started by `ShotProcess`. An interpreter of its own because a thread
beside busy Python threads fires milliseconds late, and started by name so that it carries none of the host's libraries.
"""

from __future__ import annotations

import signal
import socket
import sys
import time

from neosort_hardware.belt_fit import BeltFit
from neosort_hardware.belt_watch import BeltWatch
from neosort_hardware.devices import DeviceError
from neosort_hardware.held_outputs import HeldOutputs
from neosort_hardware.real_time import RealTimeRights, claim_real_time
from neosort_hardware.shot_messages import (
    Answer,
    BeltTold,
    Channel,
    CloseAll,
    Failed,
    Gone,
    Heartbeat,
    Schedule,
    ShotStatus,
)
from neosort_hardware.shot_timer import NO_VALVES, ShotTimer
from neosort_hardware.types import ShotOutcome
from neosort_hardware.valve_outputs import ShotRig

SPIN_NS = 200_000  # a wake-up takes up to about this long; the rest is spent awake, some 1 % of a core at 33 shots/s
TURN_NS = 1_000_000
BEGIN_WITHIN_S = 10.0


class ShotExecutor:
    """Holds the shots, follows the belt, sets the outputs. One thread, which never waits for the host."""

    def __init__(self, channel: Channel, rig: ShotRig, rights: RealTimeRights) -> None:
        """Raises `DeviceError` when outputs or encoder cannot be opened."""
        self._channel = channel
        self._rights = rights
        self._timer = ShotTimer(rig.limits)
        self._heartbeat_ns = round(rig.limits.heartbeat_ms * 1e6)
        self._heard_ns = time.monotonic_ns()
        self._silent = False
        self._told: ShotStatus | None = None
        self._stopped = False
        self._losses = 0
        self._outputs = HeldOutputs(rig.outputs, rig.refresh_ms)
        try:
            self._belt = BeltWatch(rig.encoder, rig.mm_per_count)
        except BaseException:
            self._outputs.close()
            raise

    def run(self) -> None:
        """Until stopped or the host is gone. Every valve is shut on the way out, whatever the way."""
        try:
            while not self._stopped:
                now_ns = time.monotonic_ns()
                self._watch_host(now_ns)
                belt = self._belt.fit(now_ns)
                self._execute(belt, now_ns)
                self._tell_changes(belt)
                edge_ns = self._timer.next_ns(belt)
                if self._waited(edge_ns, now_ns + TURN_NS):
                    self._execute(belt, time.monotonic_ns())  # at once: to look at the belt anew takes a tenth of a ms
        except Gone:
            return
        finally:
            self._outputs.close()
            self._belt.close()

    def stop(self) -> None:
        """End after the turn in hand, valves shut."""
        self._stopped = True

    def _watch_host(self, now_ns: int) -> None:
        """A host that has been silent for too long may be dead, or unable to stop what it has asked for."""
        if not self._silent and now_ns - self._heard_ns > self._heartbeat_ns:
            self._silent = True
            self._timer.close_all()

    def _execute(self, belt: BeltFit | None, now_ns: int) -> None:
        if self._belt.losses != self._losses:
            self._losses = self._belt.losses
            self._timer.lose_belt()
        valves = self._timer.valves(belt, now_ns)
        if not self._outputs.show(valves, now_ns):
            self._timer.close_all()

    def _waited(self, edge_ns: int | None, turn_ns: int) -> bool:
        """Until the next edge or the end of the turn, answering the host meanwhile; true when the edge has come."""
        if edge_ns is None or edge_ns > turn_ns:
            self._listen(turn_ns)
            return False
        if self._listen(edge_ns - SPIN_NS):
            return False
        while time.monotonic_ns() < edge_ns:
            pass
        return True

    def _listen(self, until_ns: int) -> bool:
        """Wait for the host's next message, and do what it says; false when none came in time."""
        message = self._channel.receive(max(0.0, (until_ns - time.monotonic_ns()) * 1e-9))
        if message is not None:
            self._hear(message)
        return message is not None

    def _hear(self, message: object) -> None:
        if isinstance(message, Heartbeat):
            self._heard_ns = time.monotonic_ns()
            self._silent = False
            self._tell(self._status(self._belt.fit(self._heard_ns)))
        elif isinstance(message, Schedule):
            self._channel.send(self._answer(message))
        elif isinstance(message, BeltTold):
            self._belt.take(message.sample)
        elif isinstance(message, CloseAll):
            self._timer.close_all()
            shut = self._outputs.show(NO_VALVES, time.monotonic_ns(), again=True)
            self._channel.send(Answer(message.ticket, ShotOutcome.ACCEPTED, "" if shut else self._outputs.trouble))

    def _answer(self, request: Schedule) -> Answer:
        now_ns = time.monotonic_ns()
        belt = self._belt.fit(now_ns)
        trouble = self._trouble()
        if trouble or self._silent:
            return Answer(request.ticket, ShotOutcome.REFUSED, trouble)
        return Answer(request.ticket, self._timer.schedule(request.shot, belt, now_ns))

    def _trouble(self) -> str:
        return self._outputs.trouble or self._belt.trouble

    def _status(self, belt: BeltFit | None) -> ShotStatus:
        counts = self._timer.counts
        return ShotStatus(
            rights=self._rights,
            belt_known=belt is not None,
            fired=counts.fired,
            late=counts.late,
            missed=counts.missed,
            cut=counts.cut,
            pending=self._timer.pending,
            silent_host=self._silent,
            trouble=self._trouble(),
        )

    def _tell(self, status: ShotStatus) -> None:
        if self._channel.send(status):
            self._told = status

    def _tell_changes(self, belt: BeltFit | None) -> None:
        """The host hears at once of what it must act on, and of the rest when it next gives a sign of life."""
        now = (self._silent, belt is not None, self._trouble())
        if self._told is None or now != (self._told.silent_host, self._told.belt_known, self._told.trouble):
            self._tell(self._status(belt))


def main() -> None:
    """Serve the host at the other end of the socket whose number is the only argument."""
    # Ctrl-C reaches the whole terminal group; the host says when this process ends, and so does its own end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    try:
        rig = channel.receive(BEGIN_WITHIN_S)
    except Gone:
        return
    if not isinstance(rig, ShotRig):
        return
    try:
        executor = ShotExecutor(channel, rig, claim_real_time())
    except DeviceError as error:
        channel.send(Failed(error.device, error.cause))
        return
    signal.signal(signal.SIGTERM, lambda _number, _frame: executor.stop())
    executor.run()


if __name__ == "__main__":
    main()
