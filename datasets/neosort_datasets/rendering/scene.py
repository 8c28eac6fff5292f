"""An item on the belt, ready to be traced: one mesh, one material, one texture atlas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neosort_datasets.modelling.solid import Part, Surface
from neosort_datasets.rendering.extra import Library, mitsuba
from neosort_datasets.rendering.packing import PackedMesh, packed
from neosort_hardware.types import ArrayF32

BELT_REACH_MM = 3000.0  # the belt goes on beyond the dome, so that no light comes from below
BELT_LINEAR = (0.030, 0.030, 0.032)  # dark worn rubber
BELT_ROUGHNESS = 0.75
BELT_FACES = 2


class Scene:
    """``scene`` of Mitsuba; ``material`` its only BSDF; ``textures``: albedo, roughness, metal, bump_mm. The first
    `BELT_FACES` faces are the belt. No dataclass: Dr.Jit would take its fields for loop variables."""

    def __init__(self, scene: Library, material: Library, textures: dict[str, Library]) -> None:
        self.scene = scene
        self.material = material
        self.albedo = textures["albedo"]
        self.roughness = textures["roughness"]
        self.metal = textures["metal"]
        self.bump_mm = textures["bump_mm"]


def scene_of(parts: Sequence[Part]) -> Scene:
    """The parts of an item as they lie on the belt; without any, the empty belt.

    Raises `RenderError` without the extra `render`.
    """
    mi, _ = mitsuba()
    mesh = packed([_belt(), *parts])
    textures = {name: _texture(mi, getattr(mesh, name)) for name in ("albedo", "roughness", "metal", "bump_mm")}
    paint = {
        "type": "principled",
        "base_color": textures["albedo"],
        "roughness": textures["roughness"],
        "metallic": textures["metal"],
        "specular": 0.5,
    }
    material = mi.load_dict({"type": "twosided", "paint": paint})
    shape = _mesh(mi, mesh, material)
    return Scene(mi.load_dict({"type": "scene", "item": shape}), material, textures)


def _belt() -> Part:
    size = (4, 4)
    surface = Surface(
        albedo=np.full((*size, 3), BELT_LINEAR, dtype=np.float32),
        roughness=np.full(size, BELT_ROUGHNESS, dtype=np.float32),
        metal=np.zeros(size, dtype=np.float32),
        bump_mm=np.zeros(size, dtype=np.float32),
        mm_per_px=2 * BELT_REACH_MM / size[0],
    )
    places = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
    corners = np.column_stack([(places * 2 - 1) * BELT_REACH_MM, np.zeros(4)])
    return Part(
        corners_mm=corners,
        normals=np.tile((0.0, 0.0, 1.0), (4, 1)),
        places=places,
        faces=np.array([(0, 1, 2), (0, 2, 3)], dtype=np.int32),
        surface=surface,
    )


def _texture(mi: Library, picture: ArrayF32) -> Library:
    bitmap = mi.Bitmap(np.ascontiguousarray(picture if picture.ndim == 3 else picture[..., None], dtype=np.float32))
    return mi.load_dict({"type": "bitmap", "bitmap": bitmap, "raw": True, "wrap_mode": "clamp", "format": "fp16"})


def _mesh(mi: Library, mesh: PackedMesh, material: Library) -> Library:
    properties = mi.Properties()
    properties["bsdf"] = material
    shape = mi.Mesh(
        "item",
        vertex_count=len(mesh.corners_mm),
        face_count=len(mesh.faces),
        has_vertex_normals=True,
        has_vertex_texcoords=True,
        props=properties,
    )
    buffers = mi.traverse(shape)
    buffers["vertex_positions"] = mesh.corners_mm.ravel()
    buffers["vertex_normals"] = mesh.normals.ravel()
    buffers["vertex_texcoords"] = mesh.places.ravel()
    buffers["faces"] = mesh.faces.ravel().astype(np.uint32)
    buffers.update()
    return shape
