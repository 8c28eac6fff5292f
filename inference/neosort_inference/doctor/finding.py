"""One line of a check-up: what was looked at, how it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How it is. Only a fault keeps a line from sorting as it should."""

    OK = "OK"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``said``: what was found, with its numbers. ``do``: the next thing to do, empty where nothing need be done."""

    name: str
    grade: Grade
    said: str
    do: str = ""


def well(name: str, said: str) -> Finding:
    """Nothing need be done."""
    return Finding(name=name, grade=Grade.OK, said=said)


def warning(name: str, said: str, do: str) -> Finding:
    """The line sorts, but not for ever or not as well as it could."""
    return Finding(name=name, grade=Grade.WARNING, said=said, do=do)


def fault(name: str, said: str, do: str) -> Finding:
    """The line does not sort as it should."""
    return Finding(name=name, grade=Grade.FAULT, said=said, do=do)
