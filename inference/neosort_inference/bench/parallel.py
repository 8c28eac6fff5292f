"""Jobs side by side, each in a process of its own, with word of how far they are."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, Protocol, TypeVar

from neosort_datasets.worker_processes import one_thread_each

END_WITHIN_S = 5.0
_Result = TypeVar("_Result")
_Result_co = TypeVar("_Result_co", covariant=True)


class Job(Protocol[_Result_co]):
    """Something to do in another process: picklable, and ``name`` says what it is in a few words."""

    @property
    def name(self) -> str:
        """For messages."""

    def run(self, on_progress: Callable[[int], None]) -> _Result_co:
        """Do it; ``on_progress`` takes what has been done since it was last told. Raises `JobError`."""


class JobError(Exception):
    """A job came to no result. The text is one sentence."""


def run_jobs(jobs: Sequence[Job[_Result]], workers: int, on_progress: Callable[[int], None]) -> list[_Result]:
    """The jobs' results in their order, at most ``workers`` at a time. Raises `JobError` for the first that fails.

    Jobs still at work are ended on the way out, whatever the way.
    """
    waiting = deque(enumerate(jobs))
    working: dict[Connection, _Worker[_Result]] = {}
    results: dict[int, _Result] = {}
    try:
        while waiting or working:
            while waiting and len(working) < workers:
                worker = _Worker(*waiting.popleft())
                working[worker.receiver] = worker
            for receiver in [ready for ready in wait(list(working)) if isinstance(ready, Connection)]:
                message = working[receiver].receive()
                if isinstance(message, int):
                    on_progress(message)
                else:
                    worker = working.pop(receiver)
                    results[worker.number] = message.result
                    worker.end()
    finally:
        for worker in working.values():
            worker.end()
    return [results[number] for number in range(len(jobs))]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done(Generic[_Result]):
    result: _Result


class _Worker(Generic[_Result]):
    """A process at work on one job."""

    def __init__(self, number: int, job: Job[_Result]) -> None:
        context = multiprocessing.get_context("spawn")
        self.number = number
        self.receiver, sender = context.Pipe(duplex=False)
        self._process = context.Process(target=_work, args=(job, sender), name=job.name, daemon=True)
        with one_thread_each():
            _start_deaf_to_ctrl_c(self._process)
        sender.close()

    def receive(self) -> _Done[_Result] | int:
        """The result, or how much more has been done. Raises `JobError` when there is not going to be a result."""
        try:
            message: _Done[_Result] | int | str = self.receiver.recv()
        except EOFError as error:
            self._process.join(END_WITHIN_S)
            raise JobError(
                f"{self._process.name}: its process ended without a result (exit code {self._process.exitcode})"
            ) from error
        if isinstance(message, str):
            raise JobError(f"{self._process.name}: {message}")
        return message

    def end(self) -> None:
        """The process is gone afterwards, by force where need be."""
        self.receiver.close()
        self._process.terminate()
        self._process.join(END_WITHIN_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _start_deaf_to_ctrl_c(process: BaseProcess) -> None:
    """Ctrl-C reaches the whole terminal group, but the parent alone says what becomes of the jobs."""
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a child begins with what it inherits
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, heard)


def _work(job: Job[_Result], sender: Connection) -> None:
    """The child process. What a person can mend goes back as a sentence; a defect shows its traceback here."""
    try:
        try:
            result = job.run(sender.send)
        except JobError as error:
            sender.send(str(error))
        else:
            sender.send(_Done(result=result))
    except BrokenPipeError:
        return  # the parent has ended, or wants no result any more
