"""The host's end of a shot process: starts it, talks to it, and shuts its valves should it die."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress

from neosort_hardware.back_off import BackOff
from neosort_hardware.devices import DeviceError
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
    channel_pair,
)
from neosort_hardware.types import EncoderSample, Shot, ShotOutcome
from neosort_hardware.valve_outputs import ShotRig

READY_WITHIN_S = 30.0  # half a second where the machine has nothing else to do
ANSWER_WITHIN_S = 0.25
END_WITHIN_S = 1.0
BEGIN_PRIORITY = 1  # the lowest of real time, while it loads: nothing can be fired before it is there


class ShotProcess:
    """A shot process and its upkeep. Safe from any thread.

    When the process dies, its valves are shut from here and it is started anew, ever more seldom; until then every
    call raises `DeviceError`.
    """

    def __init__(self, rig: ShotRig) -> None:
        """Start it. Raises `DeviceError` when its outputs or encoder cannot be opened."""
        self._rig = rig
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._ticket = 0
        self._channel, self._process, self._status = _start(rig)
        self._dead = ""
        self._keeper = threading.Thread(target=self._keep, name=f"{rig.name} keeper", daemon=True)
        self._keeper.start()

    @property
    def pid(self) -> int:
        """Of the process as it runs now."""
        return self._process.pid

    def schedule(self, shot: Shot) -> ShotOutcome:
        """Hand over a shot; what the process makes of it. Raises `DeviceError`."""
        return self._ask(Schedule(self._next_ticket(), shot))

    def close_all(self) -> None:
        """Every valve shut, every shot forgotten. Raises `DeviceError` when that cannot be had."""
        self._ask(CloseAll(self._next_ticket()))

    def heartbeat(self) -> None:
        """Tell it that the host lives. Raises `DeviceError` when it cannot hear that, or cannot fire."""
        with self._lock:
            self._send(Heartbeat())
            self._read_waiting()
            if self._status.trouble:
                raise DeviceError(self._rig.name, self._status.trouble)

    def tell_belt(self, sample: EncoderSample) -> None:
        """Tell it where the belt is. Raises `DeviceError` when it cannot hear that."""
        with self._lock:
            self._send(BeltTold(sample))

    def status(self) -> ShotStatus:
        """What it last said of itself. Raises `DeviceError` while it is dead."""
        with self._lock:
            self._must_live()
            self._read_waiting()
            return self._status

    def close(self) -> None:
        """End it, valves shut. Idempotent; returns within some seconds, by force where need be."""
        self._closing.set()
        with self._lock:
            self._channel.close()
        self._keeper.join()

    def _next_ticket(self) -> int:
        with self._lock:
            self._ticket += 1
            return self._ticket

    def _ask(self, request: Schedule | CloseAll) -> ShotOutcome:
        with self._lock:
            self._send(request)
            deadline_s = time.monotonic() + ANSWER_WITHIN_S
            while True:
                message = self._receive(max(0.0, deadline_s - time.monotonic()))
                if message is None:
                    raise DeviceError(self._rig.name, f"no answer within {1e3 * ANSWER_WITHIN_S:g} ms")
                if isinstance(message, Answer) and message.ticket == request.ticket:
                    if message.trouble:
                        raise DeviceError(self._rig.name, message.trouble)
                    return message.outcome

    def _send(self, message: object) -> None:
        self._must_live()
        try:
            heard = self._channel.send(message)
        except Gone as error:
            raise self._lost() from error
        if not heard:
            raise DeviceError(self._rig.name, "its process has fallen behind and takes no more messages")

    def _receive(self, timeout_s: float) -> object | None:
        """The next message, with the status kept in mind."""
        try:
            message = self._channel.receive(timeout_s)
        except Gone as error:
            raise self._lost() from error
        if isinstance(message, ShotStatus):
            self._status = message
        return message

    def _read_waiting(self) -> None:
        while self._receive(0.0) is not None:
            pass

    def _must_live(self) -> None:
        if self._closing.is_set():
            raise DeviceError(self._rig.name, "was used after it had been closed")
        if self._dead:
            raise self._lost()

    def _lost(self) -> DeviceError:
        return DeviceError(self._rig.name, self._dead or "its process has ended")

    def _keep(self) -> None:
        """Wait for the process to end; unless that was asked for, shut its valves and start it anew."""
        while True:
            _wait_for_end(self._process, self._closing)
            if self._closing.is_set():
                return
            with self._lock:
                self._dead = f"its process has ended ({_how(self._process.returncode)})"
                self._channel.close()
            back_off = BackOff()
            if not (self._shut_valves(back_off) and self._start_anew(back_off)):
                return

    def _shut_valves(self, back_off: BackOff) -> bool:
        """From here, for nobody else is left to do it. False when told to end first."""
        while True:
            try:
                self._rig.outputs.open_outputs().close()
            except DeviceError as error:
                with self._lock:
                    self._dead = f"{self._dead.partition(';')[0]}; valves may stand open: {error.cause}"
            else:
                with self._lock:
                    self._dead = f"{self._dead.partition(';')[0]}; every valve was shut"
                return True
            if self._pause(back_off):
                return False

    def _start_anew(self, back_off: BackOff) -> bool:
        """False when told to end first."""
        while True:
            if self._pause(back_off):
                return False
            try:
                channel, process, status = _start(self._rig)
            except DeviceError as error:
                with self._lock:
                    self._dead = f"{self._dead.partition(';')[0]}; it cannot be started anew: {error.cause}"
                continue
            with self._lock:
                self._channel, self._process, self._status, self._dead = channel, process, status, ""
                if self._closing.is_set():
                    channel.close()
            return True

    def _pause(self, back_off: BackOff) -> bool:
        """Until the next try; True when told to end meanwhile."""
        now_ns = time.monotonic_ns()
        back_off.failed(now_ns)
        return self._closing.wait((back_off.next_ns - now_ns) * 1e-9)


def _start(rig: ShotRig) -> tuple[Channel, subprocess.Popen[bytes], ShotStatus]:
    """A process that has opened its outputs and its encoder. Raises `DeviceError` when it does not come to that."""
    channel, theirs = channel_pair()
    with theirs:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [sys.executable, "-m", "neosort_hardware.shot_executor", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=environment,
        )
    with suppress(OSError):  # where that is not permitted it begins as slowly as everything else
        os.sched_setscheduler(process.pid, os.SCHED_FIFO, os.sched_param(BEGIN_PRIORITY))
    try:
        return channel, process, _first_status(channel, rig)
    except BaseException:
        channel.close()
        _wait_for_end(process, None)
        raise


def _first_status(channel: Channel, rig: ShotRig) -> ShotStatus:
    try:
        channel.send(rig)
        message = channel.receive(READY_WITHIN_S)
    except Gone as error:
        raise DeviceError(rig.name, "its process ended before it had begun") from error
    if isinstance(message, Failed):
        raise DeviceError(message.device, message.cause)
    if not isinstance(message, ShotStatus):
        raise DeviceError(rig.name, f"its process was not ready within {READY_WITHIN_S:g} s")
    return message


def _wait_for_end(process: subprocess.Popen[bytes], closing: threading.Event | None) -> None:
    """Until the process has ended of itself; once ``closing`` is set (None: at once) it is made to."""
    while closing is not None and not closing.is_set():
        try:
            process.wait(0.05)
            return
        except subprocess.TimeoutExpired:
            continue
    for end in (None, process.terminate, process.kill):
        if end is not None:
            end()
        try:
            process.wait(END_WITHIN_S)
            return
        except subprocess.TimeoutExpired:
            continue


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
