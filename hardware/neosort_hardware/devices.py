"""The hardware abstraction layer on one page.

Every device: ``close()`` puts it in its safe state, may be called twice, and never raises; ``health()`` never
blocks. Errors are `DeviceError`, which names the device and the cause. Nothing here reads a file or a clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from neosort_hardware.reference_pieces import HeldBoard, Placed, WitnessMark
from neosort_hardware.types import (
    ArrayF64,
    DeviceHealth,
    EncoderSample,
    FieldBlock,
    Frame,
    InterlockState,
    ItemTruth,
    Landing,
    PlantState,
    Shot,
    ShotOutcome,
)

if TYPE_CHECKING:  # the shot process reads this page, and is up twice as soon without what faults are checked with
    from neosort_hardware.faults import Detail, Fault


class DeviceError(Exception):
    """A device failed. The text reads as one sentence: device, what happened, what it means."""

    def __init__(self, device: str, cause: str) -> None:
        super().__init__(f"{device}: {cause}")
        self.device = device
        self.cause = cause


class EndOfStream(Exception):  # noqa: N818 - an end is not an error
    """A device that plays back a finite source has nothing more to give."""


class Device(Protocol):
    """What every device can do."""

    @property
    def name(self) -> str:
        """Short name for messages."""

    def health(self) -> DeviceHealth:
        """State of the device as last known; does not block."""

    def close(self) -> None:
        """Safe state, then let go. Idempotent."""


class Camera(Device, Protocol):
    """Looks down on the belt. Safe state: acquisition stopped."""

    def read(self, timeout_s: float) -> Frame | None:
        """The oldest frame not yet read, in order of capture.

        Blocks until one is there or ``timeout_s`` has passed (then None; 0 polls). Raises `DeviceError` when the
        camera is gone, `EndOfStream` at the end of a playback.
        """


@runtime_checkable
class ExposingCamera(Camera, Protocol):
    """A camera that can be told how long to expose while it runs."""

    def expose_for(self, exposure_us: float) -> None:
        """Expose for so long from one of the next frames on, until it is opened anew.

        Raises `DeviceError` where it does not take that; frames come on as they did.
        """


@runtime_checkable
class LookingCamera(Camera, Protocol):
    """A camera that can be asked for a picture of a belt that stands."""

    def look(self) -> None:
        """Take a picture now, wherever the belt is; it is read as the next frame that was not due by travel.

        Raises `DeviceError` where that cannot be had.
        """


class Magnetometer(Device, Protocol):
    """The array under the belt. Safe state: sampling stopped."""

    def read(self, timeout_s: float) -> FieldBlock | None:
        """All samples since the last read, at least one. Blocking and errors as `Camera.read`."""


class Encoder(Device, Protocol):
    """Counts the belt's travel. Safe state: none needed."""

    def read(self) -> EncoderSample:
        """The belt's position now; does not block. Raises `DeviceError` when the count is not to be had."""


class Diverter(Device, Protocol):
    """The bank of air jets, or of flaps for what is too heavy for air. Safe state: every valve closed, every flap in.

    Holds shots and executes each between its belt positions. It closes every valve by itself when the host has been
    silent for longer than its heartbeat limit, and no valve stays open longer than its longest on-time.
    """

    def schedule(self, shot: Shot) -> ShotOutcome:
        """Hand over a shot. ``LATE``: its opening can no longer be met, and it will not fire. Does not wait for it."""

    def heartbeat(self) -> None:
        """The host is alive. To be called at least every half heartbeat limit."""

    def close_all(self) -> None:
        """Every valve closed and every pending shot forgotten, now."""


class Interlock(Device, Protocol):
    """The safety circuit (emergency stop, guards), read only. Safe state: reads as opened."""

    def read(self) -> InterlockState:
        """The circuit as it is now; does not block."""


class Plant(Device, Protocol):
    """What the plant around the line says, read only: chutes, belt, air. Safe state: none needed."""

    def read(self) -> PlantState:
        """As it is now; does not block. Raises `DeviceError` when it is not to be had."""


class Truth(Protocol):
    """What a simulated line knows and a real one does not."""

    def items(self) -> list[ItemTruth]:
        """Items fed since the last call, in order along the belt."""

    def landings(self) -> list[Landing]:
        """Items that came to rest since the last call."""


class Faults(Protocol):
    """Faults that a simulated line can produce, by name and what it must be told: `faults` has both."""

    def available(self) -> tuple[str, ...]:
        """Names that `inject` takes."""

    def active(self) -> tuple[Fault, ...]:
        """Those that are on."""

    def inject(self, fault: str, **details: Detail) -> None:
        """Switch a fault on: ``inject("magnetometer.dead", channel=3)``.

        Raises `ValueError` naming the known faults for an unknown one, and what is amiss with the details.
        """

    def clear(self, fault: str, **details: Detail) -> None:
        """Switch off those of that name that have these details; without details, all of that name."""


class Hands(Protocol):
    """What a technician's hands do at a simulated line; at a real one a person does it."""

    def empty_belt(self, empty: bool) -> None:
        """Stop the feeder, or let it go on."""

    def lay(self, placed: Placed) -> None:
        """Lay a reference piece on the belt, behind the one laid before, out of the camera's view."""

    def hold(self, held: HeldBoard | None) -> None:
        """Hold a board up to the camera; None: take it away."""

    def put_away(self) -> None:
        """What was to be laid and has not been; what rides, rides on."""

    def run_at(self, speed_m_per_s: float) -> bool:
        """Set the belt's drive to that speed; false where it cannot be."""

    def turn_array(self, turning: bool) -> None:
        """Take the array off and turn it over every axis in the Earth's field, from now on; or mount it again."""

    def witness(self) -> list[WitnessMark]:
        """Marks found on witness strips since the last call, as read with a ruler."""


class TrueConstants(Protocol):
    """Constants of a simulated line that its configuration does not say."""

    def channel_matrices(self) -> ArrayF64:
        """What each channel reads per unit of true field (channels, 3, 3), before any fault."""

    def valve_lags_ms(self) -> ArrayF64:
        """From the command to the jet's beginning, and to its end, of each valve without its front (valves, 2)."""
