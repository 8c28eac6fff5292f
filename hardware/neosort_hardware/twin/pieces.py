"""Reference pieces in the simulated world: how boards and sheets look, and what a reference magnet's field is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from neosort_hardware.config import PictureConfig
from neosort_hardware.reference_board import drawn_board
from neosort_hardware.reference_pieces import HeldBoard, Placed, ReferenceMagnet, ReferencePiece
from neosort_hardware.twin.lens import distorted
from neosort_hardware.twin.magnetics import yaw_rotation
from neosort_hardware.twin.sources import Dipoles
from neosort_hardware.types import ArrayF32, ArrayF64, ImageU8

SURFACE_PX_PER_MM = 4.0
INK = 0.04  # share of the light that black print throws back (a)
_NODES = (4, 12, 4)  # radial, around, along the axis: the field errs by less than 1e-4 from 40 mm on


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidPiece:
    """A piece on the belt, its middle at ``belt_mm``."""

    placed: Placed
    belt_mm: float

    @property
    def from_mm(self) -> float:
        """Where along the belt it may begin, however it is turned."""
        piece = self.placed.piece
        return self.belt_mm - 0.5 * math.hypot(piece.length_mm, piece.width_mm)


@lru_cache(maxsize=8)
def surface_of(piece: ReferencePiece) -> ArrayF32:
    """(rows along, cols across) share of white light, `SURFACE_PX_PER_MM`; its board in the middle."""
    rows, cols = (max(1, round(edge * SURFACE_PX_PER_MM)) for edge in (piece.length_mm, piece.width_mm))
    surface = np.full((rows, cols), piece.grey, np.float32)
    if piece.board is not None:
        print_ = drawn_board(piece.board, SURFACE_PX_PER_MM).astype(np.float32) / 255
        top, left = (rows - print_.shape[0]) // 2, (cols - print_.shape[1]) // 2
        surface[top : top + print_.shape[0], left : left + print_.shape[1]] = INK + (piece.grey - INK) * print_
    return surface


def cloud_of(placed: Placed) -> Dipoles:
    """A placed piece's magnet as dipoles at the nodes of a quadrature over its body; axes of the belt."""
    magnet = placed.piece.magnet
    if magnet is None:
        return Dipoles.none()
    turn = yaw_rotation(math.radians(placed.yaw_deg)) @ turn_onto(magnet.axis)
    nodes_mm, weights = _cylinder_nodes(magnet)
    place_mm = nodes_mm @ turn.T
    place_mm[:, 2] += magnet.centre_above_mm
    axis = turn @ np.array([0.0, 0.0, 1.0])
    return Dipoles(place_mm=place_mm, moment_am2=magnet.moment_am2 * weights[:, None] * axis)


def turn_onto(axis: tuple[float, float, float]) -> ArrayF64:
    """(3, 3) a turn that brings z onto ``axis``."""
    to = np.asarray(axis, dtype=np.float64) / np.linalg.norm(axis)
    turn, _ = cv2.Rodrigues(_rotation_vector(to))
    return np.asarray(turn, np.float64)


def _rotation_vector(to: ArrayF64) -> ArrayF64:
    about = np.cross([0.0, 0.0, 1.0], to)
    length = float(np.linalg.norm(about))
    if length < 1e-12:
        return np.array([0.0 if to[2] > 0 else math.pi, 0.0, 0.0])
    return np.asarray(about / length * math.atan2(length, to[2]))


def _cylinder_nodes(magnet: ReferenceMagnet) -> tuple[ArrayF64, ArrayF64]:
    """Points (n, 3) of the body in its own frame, and their shares (n,)."""
    radial, radial_weight = np.polynomial.legendre.leggauss(_NODES[0])
    axial, axial_weight = np.polynomial.legendre.leggauss(_NODES[2])
    radius = 0.5 * magnet.diameter_mm * np.sqrt(0.5 * (radial + 1.0))  # even in area
    around = 2.0 * math.pi * np.arange(_NODES[1]) / _NODES[1]
    r, phi, z = np.meshgrid(radius, around, 0.5 * magnet.height_mm * axial, indexing="ij")
    weight = np.einsum("i,k->ik", 0.5 * radial_weight, 0.5 * axial_weight)[:, None, :] / _NODES[1]
    weights = np.broadcast_to(weight, r.shape).ravel()
    return np.column_stack([(r * np.cos(phi)).ravel(), (r * np.sin(phi)).ravel(), z.ravel()]), weights


def hold_up(picture: ImageU8, held: HeldBoard, settings: PictureConfig, rng: np.random.Generator) -> None:
    """Draw a board held up to the camera over a picture, as its lens shows it."""
    height, width = picture.shape[:2]
    print_ = drawn_board(held.board, SURFACE_PX_PER_MM)
    margin = round(held.board.square_mm * 0.5 * SURFACE_PX_PER_MM)
    sheet = cv2.copyMakeBorder(print_, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=255)
    turn, _ = cv2.Rodrigues(np.asarray(held.turn))
    camera = np.array([[settings.focal_px, 0, 0.5 * width], [0, settings.focal_px, 0.5 * height], [0, 0, 1.0]])
    plane = camera @ np.column_stack([turn[:, 0], turn[:, 1], held.place_mm])
    step, offset = 1 / SURFACE_PX_PER_MM, (0.5 - margin) / SURFACE_PX_PER_MM
    to_pixel = plane @ np.array([[step, 0, offset], [0, step, offset], [0, 0, 1.0]])
    finer = 2
    u, v = np.meshgrid(*((np.arange(finer * n, dtype=np.float32) + 0.5) / finer for n in (width, height)))
    seen_u, seen_v = distorted(u, v, (width, height), settings.distortion)
    back = np.linalg.inv(to_pixel)
    x, y, w = (row[0] * seen_u + row[1] * seen_v + row[2] for row in back)
    maps = (np.asarray(x / w, np.float32), np.asarray(y / w, np.float32))
    shades = _smaller(cv2.remap(sheet.astype(np.float32), *maps, cv2.INTER_LINEAR), width, height)
    share = _smaller(cv2.remap(np.ones(sheet.shape, np.float32), *maps, cv2.INTER_LINEAR), width, height)
    blur = max(settings.defocus_px, 0.3)
    shades, share = (np.asarray(cv2.GaussianBlur(one, (0, 0), blur), np.float32) for one in (shades, share))
    level = 35.0 + 175.0 / 255.0 * shades / np.maximum(share, 1e-3)
    noise = rng.normal(0.0, settings.noise, level.shape)
    drawn = picture * (1 - share[..., None]) + (level + noise)[..., None] * share[..., None]
    picture[:] = np.clip(np.rint(drawn), 0, 255).astype(np.uint8)


def _smaller(fine: np.ndarray, width: int, height: int) -> ArrayF32:
    return np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), np.float32)
