"""What a driver is told of the line that it is opened for, and what the drivers of one line share."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from neosort_hardware.belt import LineGeometry
from neosort_hardware.clock import Clock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import Encoder

_Shared = TypeVar("_Shared")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The line around a device. ``encoder`` is opened first, None until then; ``seed``: of what is simulated."""

    config: LineConfig
    geometry: LineGeometry
    clock: Clock
    seed: int = 0
    encoder: Encoder | None = None
    _shared: dict[Hashable, object] = field(default_factory=dict)

    def shared(self, kind: type[_Shared], key: Hashable, make: Callable[[], _Shared]) -> _Shared:
        """What several slots of one line have in common: one link per port, one simulated world.

        Made by the first that asks. What holds a resource must count its users and let go with the last of them.
        """
        thing = self._shared.setdefault((kind, key), None)
        if not isinstance(thing, kind):
            thing = self._shared[kind, key] = make()
        return thing
