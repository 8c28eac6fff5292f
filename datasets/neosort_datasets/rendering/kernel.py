"""The path tracer's loop, as Dr.Jit compiles it; imports Mitsuba at its top, so import it where it is used.

Multiple importance sampling over the dome's table and the material (Veach 1997, balance heuristic), pixels filtered by
a box, since the denoiser wants grain that is not shared between neighbours.
"""

from __future__ import annotations

import drjit as dr
import mitsuba as mi
import numpy as np

from neosort_datasets.rendering.dome import GRID_CELLS, RADIUS_MM, TABLE_SLOTS, sampling_table
from neosort_datasets.rendering.extra import Lanes
from neosort_datasets.rendering.scene import BELT_FACES, Scene
from neosort_datasets.rendering.view import CAMERA_MM
from neosort_hardware.types import ArrayF32

START_MM = 600.0  # height at which a camera ray starts: above all items, below the dome
ITEM_VERTICES = 5  # of a path that meets the item first
BELT_VERTICES = 2  # and the belt, dark as it is: its own light, and what items throw on it
# More light than this from one later vertex of one path is a firefly: on an item, and on the belt, which sends 0.03.
ITEM_CLAMP_LINEAR = 6.0
BELT_CLAMP_LINEAR = 0.08
FAINTEST_SHARE = 0.003  # a path that carries less than this of its light is given up
STEEPEST_RELIEF = 3.0
DULLNESS = 0.7  # how much darker rough metal is shown to the denoiser, which would wipe out brushing otherwise
GOLDEN = (0.7548776662466927, 0.5698402909980532)  # the plane's low-discrepancy sequence R2 (Roberts 2018)


class Dome:
    """`dome.dome` and its table on the device. No dataclass: Dr.Jit would take its fields for loop variables."""

    def __init__(self, radiance: ArrayF32) -> None:
        """``radiance``: (cells, cells, 3) as `dome.dome` gives it."""
        table, density = sampling_table(radiance)
        padded = np.dstack([radiance, np.zeros_like(radiance[..., :1])])
        self.radiance = mi.Float(padded.ravel())
        self.table = mi.UInt32(table.astype(np.uint32))
        self.density = mi.Float(density)

    def from_cell(self, cell: Lanes) -> tuple[Lanes, Lanes]:
        """What a cell sends from each arc, and with what density (1/sr at the middle) it is drawn."""
        light = dr.gather(mi.Vector4f, self.radiance, cell)
        return mi.Color3f(light.x, light.y, light.z), dr.gather(mi.Float, self.density, cell)

    def towards(self, place: Lanes, direction: Lanes) -> tuple[Lanes, Lanes]:
        """Light that arrives at ``place`` from ``direction`` per arc, and the density (1/sr there) of drawing it."""
        along = dr.dot(place, direction)
        distance = dr.sqrt(along * along + RADIUS_MM * RADIUS_MM - dr.dot(place, place)) - along
        far = (place + distance * direction) / RADIUS_MM
        lit = far.z > 0
        shrink = 0.5 * GRID_CELLS * dr.rsqrt(1.0 + dr.maximum(far.z, 0.0))
        column = dr.clip(mi.Int32(far.x * shrink + 0.5 * GRID_CELLS), 0, GRID_CELLS - 1)
        row = dr.clip(mi.Int32(far.y * shrink + 0.5 * GRID_CELLS), 0, GRID_CELLS - 1)
        light, density = self.from_cell(mi.UInt32(row * GRID_CELLS + column))
        return dr.select(lit, light, 0.0), dr.select(lit, density * _spread(distance, direction, far), 0.0)

    def drawn(self, place: Lanes, random: Lanes) -> tuple[Lanes, Lanes, Lanes]:
        """A direction to light, what arrives from it per arc, and the density (1/sr) with which it was drawn."""
        slot = dr.minimum(mi.UInt32(random.next_float32() * TABLE_SLOTS), TABLE_SLOTS - 1)
        cell = dr.gather(mi.UInt32, self.table, slot)
        row = cell // GRID_CELLS
        u = (mi.Float(cell - row * GRID_CELLS) + random.next_float32()) * (2 / GRID_CELLS) - 1
        v = (mi.Float(row) + random.next_float32()) * (2 / GRID_CELLS) - 1
        z = dr.maximum(1 - u * u - v * v, 0.0)
        stretch = dr.sqrt(1 + z)
        far = mi.Vector3f(u * stretch, v * stretch, z)
        way = RADIUS_MM * far - place
        distance = dr.norm(way)
        direction = way / distance
        light, density = self.from_cell(cell)
        return direction, light, density * _spread(distance, direction, far)


def _spread(distance: Lanes, direction: Lanes, far: Lanes) -> Lanes:
    """Solid angle of a piece of the dome at its middle over that at a place inside it."""
    return dr.square(distance / RADIUS_MM) / dr.maximum(dr.dot(direction, far), 1e-3)


def _with_relief(scene: Scene, hit: Lanes, active: Lanes) -> Lanes:
    """The shading normal tilted by the slope of the bump picture; as it is where the picture is not laid along the
    surface (walls of what was painted from above)."""
    slope = scene.bump_mm.eval_1_grad(hit, active)
    normal = hit.sh_frame.n
    across_u, across_v = dr.cross(hit.dp_dv, normal), dr.cross(normal, hit.dp_du)
    area = dr.dot(normal, dr.cross(hit.dp_du, hit.dp_dv))
    laid = dr.abs(area) > 0.05 * dr.norm(hit.dp_du) * dr.norm(hit.dp_dv)
    tilt = (slope.x * across_u + slope.y * across_v) / area
    tilt *= dr.minimum(1.0, STEEPEST_RELIEF / dr.norm(tilt))
    return dr.select(laid & (dr.squared_norm(tilt) > 0), dr.normalize(normal - tilt), normal)


def _camera_ray(x: Lanes, y: Lanes) -> Lanes:
    """The ray from the lens to a place on the belt (mm)."""
    way = dr.normalize(mi.Vector3f(x, y, -CAMERA_MM))
    return mi.Ray3f(mi.Point3f(0, 0, CAMERA_MM) + way * ((START_MM - CAMERA_MM) / way.z), way)


def _met(scene: Scene, ray: Lanes, active: Lanes) -> Lanes:
    """Where a ray ends, relief and all."""
    hit = scene.scene.ray_intersect(ray, mi.RayFlags.All, False, active)
    hit.sh_frame = mi.Frame3f(_with_relief(scene, hit, active & hit.is_valid()))
    hit.wi = hit.to_local(-ray.d)
    return hit


def _lamps(scene: Scene, light: Dome, hit: Lanes, random: Lanes, active: Lanes) -> tuple[Lanes, Lanes]:
    """One draw of the dome's light: by colour what the material sends on of it, by arc what arrives."""
    direction, sent, density = light.drawn(mi.Vector3f(hit.p), random)
    clear = active & ~scene.scene.ray_test(hit.spawn_ray(direction), False, active)
    value, other = scene.material.eval_pdf(mi.BSDFContext(), hit, hit.to_local(direction), clear)
    return value * dr.select(clear & (density > 0), dr.rcp(density + other), 0.0), sent


def _features(scene: Scene, hit: Lanes, seen: Lanes) -> tuple[Lanes, Lanes]:
    """What the denoiser goes by: colour, darkened where metal is rough, and normal; 0 where not ``seen``."""
    dull = scene.roughness.eval_1(hit, seen) * scene.metal.eval_1(hit, seen)
    colour = scene.albedo.eval(hit, seen) * (1 - DULLNESS * dull)
    return dr.select(seen, colour, 0.0), dr.select(seen, mi.Vector3f(hit.sh_frame.n), 0.0)


def _grey(colour: Lanes) -> Lanes:
    """Dr.Jit's own mean would write the picture's size into the compiled code, and compile for each size anew."""
    return (colour.x + colour.y + colour.z) / 3


def _one_path(scene: Scene, light: Dome, ray: Lanes, random: Lanes) -> list[Lanes]:
    """Light by colour under each arc (3), whether the belt is seen, the seen height, albedo, normal, ``random``."""
    first, second, third = mi.Color3f(0), mi.Color3f(0), mi.Color3f(0)
    albedo, normal, height = mi.Color3f(0), mi.Vector3f(0), mi.Float(0)
    share, density = mi.Color3f(1), mi.Float(0)
    bare, active, depth = mi.Bool(False), mi.Bool(True), mi.UInt32(0)
    while active:
        hit = _met(scene, ray, active)
        seen = active & (depth == 0) & hit.is_valid()
        bare |= seen & (hit.prim_index < BELT_FACES)
        colour, upright = _features(scene, hit, seen)
        albedo += colour
        normal += upright
        height += dr.select(seen, hit.p.z, 0.0)

        arriving, other = light.towards(mi.Vector3f(ray.o), ray.d)
        escaped = active & ~hit.is_valid() & (depth > 0)
        out = share * dr.select(escaped, density / dr.maximum(density + other, 1e-9), 0.0)
        active &= hit.is_valid() & (depth < dr.select(bare, mi.UInt32(BELT_VERTICES), mi.UInt32(ITEM_VERTICES)))
        value, sent = _lamps(scene, light, hit, random, active)
        lit = share * value
        limit = dr.select(depth == 0, 1e3, dr.select(bare, BELT_CLAMP_LINEAR, ITEM_CLAMP_LINEAR))
        first += dr.minimum(out * arriving.x + lit * sent.x, limit)
        second += dr.minimum(out * arriving.y + lit * sent.y, limit)
        third += dr.minimum(out * arriving.z + lit * sent.z, limit)

        choice, way = random.next_float32(), mi.Point2f(random.next_float32(), random.next_float32())
        bounce, value = scene.material.sample(mi.BSDFContext(), hit, choice, way, active)
        share *= value
        density = bounce.pdf
        ray = hit.spawn_ray(hit.to_world(bounce.wo))
        active &= (dr.max(share) > FAINTEST_SHARE) & (density > 0)
        depth += 1
    return [first, second, third, bare, height, albedo, normal, random]


_traced_path = dr.syntax(_one_path)


def _summed(  # noqa: PLR0917 (Dr.Jit's compiler takes no arguments by name)
    scene: Scene, light: Dome, x: Lanes, y: Lanes, scale: Lanes, samples: Lanes, random: Lanes
) -> list[Lanes]:
    """`summed`, before Dr.Jit has made its loop one that it can compile."""
    phase = mi.Point2f(random.next_float32(), random.next_float32())
    first, second, third, belt = mi.Color3f(0), mi.Color3f(0), mi.Color3f(0), mi.Color3f(0)
    albedo, normal, cover, height = mi.Color3f(0), mi.Vector3f(0), mi.Float(0), mi.Float(0)
    index = mi.UInt32(0)
    while index < samples:
        step = phase + mi.Float(index) * mi.Point2f(*GOLDEN)
        inside = step - dr.floor(step)
        ray = _camera_ray((x + inside.x) * scale, (y + inside.y) * scale)
        one, two, three, bare, up, colour, upright, random = _traced_path(scene, light, ray, random)
        item = dr.select(bare, 0.0, 1.0)
        first += item * one
        second += item * two
        third += item * three
        belt += (1 - item) * mi.Color3f(_grey(one), _grey(two), _grey(three))
        cover += item
        height += item * up
        albedo += colour
        normal += upright
        index += 1
    return [*first, *second, *third, *belt, cover, height, *albedo, *normal]


summed = dr.syntax(_summed)
"""(scene, dome, x, y, scale, samples, random) → sums over ``samples`` paths for each pixel with lower left corner
(x, y), px; ``scale`` in mm per px. Twenty planes: light from the item by arc and colour (9), from the belt by arc (3),
the item's coverage, height (mm), albedo (3), normal (3)."""
