"""Motors of another make in the housing of one that has a picture: same looks, other magnets. To learn from alone.

Who learns from a few hundred motors can tell each by its face and what lies in it by heart; a motor that he has never
seen then tells him nothing. So each housing of the training split comes with other magnets as well: of more poles or
fewer, stronger or weaker ones. A can with brushes comes with ferrite and with NdFeB, as such cans are sold, and only
the field tells which. A motor without brushes stays one of NdFeB: ferrite ones are not built.

Such a model's number is its housing's plus a thousand for each of its makes: motor_nd-2045 is the second other make of
motor_nd-45. The last make, `OTHER_KIND`, is in a housing of the other kind: motor_nd-9045 has that of
motor_ferrite-45. Ranges are those of `kinds_bearing` and `kinds_alike`. Lengths in mm, masses in g.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from neosort_hardware.twin import kinds_alike as alike
from neosort_hardware.twin import kinds_bearing as bearing
from neosort_hardware.twin import parts
from neosort_hardware.twin.bodies import ItemModel, Magnet, Vector3
from neosort_hardware.twin.kinds import Rng, between, motor_across_mm, motor_magnets_g

MAKES = (1, 2, 3)
OTHER_KIND = 9
OTHER = {"motor_nd": "motor_ferrite", "motor_ferrite": "motor_nd"}
_PER_MAKE = 1000

ModelNamed = Callable[[str], ItemModel]


def is_rewound(name: str) -> bool:
    """Whether it is the name of a motor in another one's housing."""
    kind, _, number = name.rpartition("-")
    return kind in OTHER and number.isdigit() and int(number) > _PER_MAKE


def rewound_names(names: Iterable[str], model_named: ModelNamed) -> tuple[str, ...]:
    """Every other make of the motors among ``names``."""
    motors = [model_named(name) for name in names if name.rpartition("-")[0] in OTHER]
    return tuple(name for motor in motors for name in _makes_of(motor))


def rewound(name: str, rng: Rng, model_named: ModelNamed) -> ItemModel:
    """The motor of that name. Raises `KeyError` for one whose housing does not come in that make."""
    kind, _, number = name.rpartition("-")
    make, of = divmod(int(number), _PER_MAKE)
    housing = model_named(f"{OTHER[kind] if make == OTHER_KIND else kind}-{of:02d}")
    if name not in _makes_of(housing):
        raise KeyError(f"no model '{name}' in the catalogue: {housing.name} does not come in that make")
    size = (housing.length_mm, housing.width_mm, housing.height_mm)
    magnets = _nd_ring(housing, size, rng) if kind == "motor_nd" else _ferrite_ring(housing, size, rng)
    inside_g = sum(magnet.mass_g for magnet in magnets) + sum(steel.mass_g for steel in housing.steel)
    return replace(housing, name=name, kind=kind, magnets=magnets, mass_g=max(housing.mass_g, inside_g))


def has_brushes(motor: ItemModel) -> bool:
    """Whether it is a can for two poles: of ferrite, or of NdFeB whose moments do not cancel."""
    return motor.look == "can_motor" and not parts.moments_cancel(motor.magnets)


def _nd_ring(housing: ItemModel, size_mm: Vector3, rng: Rng) -> tuple[Magnet, ...]:
    across = housing.width_mm / (bearing.SERVO_WIDTH if housing.look == "servo" else 1.0)
    least_g, most_g = bearing.ND_MOTOR_G
    grams = motor_magnets_g(across, bearing.ND_MOTOR_WALLS_MM, between(rng, *bearing.ND_MOTOR_ROOM))
    more = [poles for poles in bearing.ND_MOTOR_POLES if poles > 2 or housing.look != "can_motor"]
    poles = 2 if has_brushes(housing) else int(rng.choice(more))
    share = between(rng, *bearing.ND_MOTOR_SHARE)
    return bearing.nd_motor_ring(housing.look, size_mm, min(max(grams, least_g), most_g), poles, share)


def _ferrite_ring(housing: ItemModel, size_mm: Vector3, rng: Rng) -> tuple[Magnet, ...]:
    if housing.look == "fan":
        return alike.fan_ring(size_mm, between(rng, *alike.FAN_FILLED), between(rng, *alike.FAN_SHARE))
    least_g, most_g = alike.FERRITE_MOTOR_G
    room = between(rng, *alike.FERRITE_MOTOR_ROOM)
    grams = motor_magnets_g(housing.width_mm, alike.FERRITE_MOTOR_WALLS_MM, room)
    share = between(rng, *alike.FERRITE_MOTOR_SHARE)
    return alike.ferrite_motor_ring(size_mm, min(max(grams, least_g), most_g), share)


def _makes_of(housing: ItemModel) -> list[str]:
    number = int(housing.name.rpartition("-")[2])
    names = [f"{housing.kind}-{_PER_MAKE * make + number}" for make in MAKES]
    if has_brushes(housing) and _is_made_for(OTHER[housing.kind], housing.width_mm):
        names.append(f"{OTHER[housing.kind]}-{_PER_MAKE * OTHER_KIND + number}")
    return names


def _is_made_for(kind: str, across_mm: float) -> bool:
    """Whether can motors of that kind come so thick."""
    if kind == "motor_nd":
        grams, room, walls_mm = bearing.ND_MOTOR_G, bearing.ND_MOTOR_ROOM, bearing.ND_MOTOR_WALLS_MM
    else:
        grams, room, walls_mm = alike.FERRITE_MOTOR_G, alike.FERRITE_MOTOR_ROOM, alike.FERRITE_MOTOR_WALLS_MM
    least_mm, most_mm = (motor_across_mm(g, walls_mm, r) for g, r in zip(grams, room, strict=True))
    return least_mm <= across_mm <= most_mm
