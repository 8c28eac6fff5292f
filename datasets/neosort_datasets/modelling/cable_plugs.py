"""Plugs at the ends of cables: made along +x from the cable's end at the origin, then turned and set down."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neosort_datasets.modelling.forms import plain
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    BLACK_PLASTIC,
    BLUE_PLASTIC,
    BRASS,
    GOLD,
    GREY_PLASTIC,
    INK,
    NICKEL,
    RED_PLASTIC,
    WHITE_PLASTIC,
    YELLOW_PLASTIC,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import box, lathe
from neosort_datasets.modelling.solid import Part, Surface, turn
from neosort_hardware.twin.parts import Z_ALONG_X

Rng = np.random.Generator
PlugMaker = Callable[[float, Surface, Rng], list[Part]]


def plugged(
    kind: str,
    place_mm: tuple[float, float],
    heading_rad: float,
    cable_mm: float,
    room_mm: float,
    jacket: Paint,
    rng: Rng,
) -> list[Part]:
    """A plug whose tail is the cable's end at ``place_mm``; lies on the belt, no higher than ``room_mm``."""
    surface = _moulded(varied(rougher(jacket, 0.5), rng, 6), rng)
    parts = [_relief(cable_mm, surface), *PLUGS[kind](room_mm, surface, rng)]
    low = min(float(part.corners_mm[:, 2].min()) for part in parts)
    lifted = max(0.0, -low)
    return [part.turned(turn("z", heading_rad)).moved((*place_mm, lifted)) for part in parts]


def _moulded(paint: Paint, rng: Rng) -> Surface:
    canvas = Canvas(20.0, 14.0, paint, rng, px_per_mm=4.0)
    canvas.mottle(0.08, 4.0)
    for x in (4.0, 6.0, 8.0):
        canvas.line([(x, 3.0), (x, 11.0)], 0.7, tinted(paint, 0.85), raised_mm=0.3)
    canvas.scratches(5, length_mm=8.0, strength=0.3)
    canvas.dust(rng.uniform(0.1, 0.5))
    return canvas.surface()


def _relief(cable_mm: float, surface: Surface) -> Part:
    """The ribbed sleeve against kinks."""
    profile = [(cable_mm * 1.02, -3.0)]
    for step in range(5):
        z, wide = -3.0 + 1.6 * step, cable_mm * (1.1 + 0.14 * step)
        profile += [(wide, z + 0.3), (wide, z + 1.0), (0.86 * wide, z + 1.1), (0.86 * wide, z + 1.6)]
    return lathe(profile, surface, segments=16).turned(Z_ALONG_X)


def _body(surface: Surface, start: float, long: float, wide: float, high: float, radius: float = 1.5) -> Part:
    return box(
        (long, wide, high), (start + 0.5 * long, 0.0, 0.0), surface, bevel_mm=min(1.0, 0.2 * high), radius_mm=radius
    )


def _pin(paint: Paint, rng: Rng, start: float, long: float, y: float, radius: float) -> Part:
    profile = [(radius, 0.0), (radius, long - radius), (0.7 * radius, long - 0.3 * radius), (0.01, long)]
    return lathe(profile, plain(paint, rng), segments=14).turned(Z_ALONG_X).moved((start, y, 0.0))


def _mains(room: float, surface: Surface, rng: Rng) -> list[Part]:
    """Two round pins, brass or nickel, their roots sleeved."""
    high = min(room - 0.5, rng.uniform(10.0, 14.0))
    wide = max(22.0, 1.6 * high) if rng.random() < 0.5 else 26.0
    pin = BRASS if rng.random() < 0.5 else NICKEL
    parts = [_body(surface, 2.0, 5.0, 0.6 * wide, 0.8 * high), _body(surface, 6.0, 13.0, wide, high, 4.0)]
    for y in (-6.5, 6.5):
        parts += [
            _pin(pin, rng, 19.0, 15.0, y, min(2.2, 0.3 * high)),
            _pin(BLACK_PLASTIC, rng, 19.0, 6.0, y, min(2.3, 0.31 * high)),
        ]
    return parts


def _blades(room: float, surface: Surface, rng: Rng) -> list[Part]:
    """Two flat blades."""
    high = min(room - 0.5, rng.uniform(9.0, 14.0))
    metal = plain(BRASS if rng.random() < 0.4 else NICKEL, rng)
    blades = [box((16.0, 1.5, min(6.4, 0.8 * high)), (26.0, y, 0.0), metal, bevel_mm=0.3) for y in (-6.3, 6.3)]
    return [_body(surface, 1.0, 17.5, 22.0, high, 4.0), *blades]


def _appliance(room: float, surface: Surface, rng: Rng) -> list[Part]:
    """A socket for appliances, its three openings dark."""
    high = min(room - 0.3, 15.0)
    mouth = plain(tinted(INK, 0.5), rng)
    parts = [_body(surface, 1.0, 6.0, 14.0, 0.8 * high), _body(surface, 6.0, 21.0, 23.0, high, 2.5)]
    return parts + [box((0.8, 2.0, 0.4 * high), (27.0, y, 0.0), mouth) for y in (-6.5, 0.0, 6.5)]


def _usb_a(room: float, surface: Surface, rng: Rng) -> list[Part]:
    high = min(room - 0.3, 7.5)
    tongue = plain((BLUE_PLASTIC, WHITE_PLASTIC, BLACK_PLASTIC)[int(rng.integers(3))], rng)
    return [
        _body(surface, 1.0, 18.0, 15.0, high),
        box((12.0, 12.0, 0.55 * high), (24.5, 0.0, 0.0), _shell(rng), bevel_mm=0.3),
        box((0.5, 11.0, 0.22 * high), (30.5, 0.0, 0.06 * high), tongue, bevel_mm=0.1),
    ]


def _usb_small(room: float, surface: Surface, rng: Rng) -> list[Part]:
    high = min(room - 0.3, 6.0)
    metal = box(
        (6.5, 7.5, 0.42 * high), (22.0, 0.0, 0.0), plain(rougher(NICKEL, 0.3), rng), bevel_mm=0.8, radius_mm=0.8
    )
    return [_body(surface, 1.0, 18.0, 10.5, high), metal]


def _video(room: float, surface: Surface, rng: Rng) -> list[Part]:
    """A wide shell with two thumb screws, or none."""
    high = min(room - 0.3, 13.0)
    parts = [
        _body(surface, 1.0, 22.0, 31.0, high, 3.0),
        box((7.0, 19.0, 0.6 * high), (26.0, 0, 0), _shell(rng), bevel_mm=0.8),
    ]
    if rng.random() < 0.7:
        parts += [_pin(GREY_PLASTIC, rng, 16.0, 9.0, y, min(2.8, 0.3 * high)) for y in (-13.5, 13.5)]
    return parts


def _network(room: float, surface: Surface, rng: Rng) -> list[Part]:
    """A clear plug with gold contacts, in a boot."""
    high = min(room - 0.3, 8.0)
    canvas = Canvas(14.0, 11.7, Paint((176, 180, 178), 0.15), rng, px_per_mm=6.0)
    for lane in range(8):
        paint = (Paint((214, 120, 40), 0.5), WHITE_PLASTIC, Paint((50, 120, 60), 0.5), Paint((40, 80, 160), 0.5))[
            lane % 4
        ]
        canvas.rect(0.0, 1.7 + 1.05 * lane, 8.0, 2.3 + 1.05 * lane, tinted(paint, 0.9))
        canvas.rect(9.0, 1.6 + 1.05 * lane, 13.6, 2.3 + 1.05 * lane, GOLD, raised_mm=0.2)
    clear = canvas.surface()
    latch = box((12.0, 4.0, 1.0), (16.0, 0.0, 0.42 * high), plain(Paint((196, 200, 198), 0.15), rng), bevel_mm=0.3)
    return [
        _body(surface, 0.0, 12.0, 11.0, high),
        box((14.0, 11.7, 0.8 * high), (18.0, 0, 0), clear, bevel_mm=0.3),
        latch,
    ]


def _phono(room: float, surface: Surface, rng: Rng) -> list[Part]:
    """A phono plug, its sleeve in the channel's colour."""
    radius = min(0.5 * room - 0.2, 5.0)
    colour = plain((RED_PLASTIC, WHITE_PLASTIC, YELLOW_PLASTIC, BLACK_PLASTIC)[int(rng.integers(4))], rng)
    sleeve = [
        (0.5 * radius, 0.0),
        (0.8 * radius, 3.0),
        (0.9 * radius, 14.0),
        (0.85 * radius, 15.0),
        (0.6 * radius, 15.0),
    ]
    ring = [(0.9 * radius, 14.6), (radius, 15.0), (radius, 21.0), (0.8 * radius, 21.2)]
    metal = plain(NICKEL if rng.random() < 0.5 else GOLD, rng)
    turned = [lathe(sleeve, colour, segments=24).turned(Z_ALONG_X), lathe(ring, metal, segments=24).turned(Z_ALONG_X)]
    return [*turned, _pin(NICKEL, rng, 15.0, 13.0, 0.0, 0.32 * radius)]


def _barrel(room: float, surface: Surface, rng: Rng) -> list[Part]:
    """The plug of a power adapter: metal barrel, yellow or black insert."""
    radius = min(0.5 * room - 0.2, 4.6)
    body = [(0.6 * radius, 0.0), (radius, 2.0), (radius, 16.0), (0.8 * radius, 17.0), (0.6 * radius, 17.0)]
    tip = YELLOW_PLASTIC if rng.random() < 0.5 else tinted(INK, 0.8)
    return [
        lathe(body, surface, segments=24).turned(Z_ALONG_X),
        _pin(NICKEL, rng, 16.5, 9.5, 0.0, 0.55 * radius),
        _pin(tip, rng, 25.6, 0.8, 0.0, 0.5 * radius),
    ]


def _header(room: float, surface: Surface, rng: Rng) -> list[Part]:
    """A nylon housing as inside of cabinets."""
    high = min(room - 0.3, rng.uniform(4.0, 9.0))
    nylon = plain((WHITE_PLASTIC, BLACK_PLASTIC, WHITE_PLASTIC)[int(rng.integers(3))], rng)
    return [box((12.0, rng.uniform(9.0, 24.0), high), (7.0, 0.0, 0.0), nylon, bevel_mm=0.4)]


def _shell(rng: Rng) -> Surface:
    tin = rougher(NICKEL, 0.28)
    canvas = Canvas(12.0, 12.0, tin, rng, px_per_mm=4.0)
    for y in (2.6, 7.4):
        canvas.rect(4.6, y, 7.0, y + 2.0, tinted(INK, 0.7), raised_mm=-0.3)
    canvas.scratches(4, length_mm=6.0, strength=0.4)
    return canvas.surface()


PLUGS: dict[str, PlugMaker] = {
    "mains": _mains,
    "blades": _blades,
    "appliance": _appliance,
    "usb_a": _usb_a,
    "usb_small": _usb_small,
    "video": _video,
    "network": _network,
    "phono": _phono,
    "barrel": _barrel,
    "header": _header,
}
