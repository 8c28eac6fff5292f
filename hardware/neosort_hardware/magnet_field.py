"""Exact magnetic flux density of cuboids and cylinders, and of a dipole: NumPy alone.

All fields in µT, all lengths in mm, moments in A·m², points and fields as (n, 3) float64. Every function is finite and
silent for any finite point. The singular set is the edges of a cuboid and the two rims of a cylinder, where the true
field diverges logarithmically: there a finite value is returned that means nothing. On a face the value is that of B's
continuous component, and the mean of both sides for the others. A dipole's own centre reads 0.
"""

from __future__ import annotations

import math

import numpy as np

from neosort_hardware.types import ArrayF64

Vector3 = tuple[float, float, float]
MU0_T_M_PER_A = 1.25663706e-6
# µ0/4π in µT·mm³ per A·m²: 1e-7 T·m³/(A·m²) × 1e6 µT/T × 1e9 mm³/m³.
DIPOLE_UT_MM3_PER_AM2 = 1e8
_TINY = 1e-300


def cuboid_field_ut(size_mm: Vector3, polarisation_t: Vector3, points_mm: ArrayF64) -> ArrayF64:
    """Field of a uniformly polarised cuboid centred at the origin, edges along the axes; (n, 3) → (n, 3).

    µ0·H_i = (1/4π) Σ_j J_j ∂i∂j ∫dV'/|r−r'|, integrated in closed form (Aharoni 1998; Yang, Robinson & Ernst 1990);
    B = µ0·H + J inside.
    """
    half = 0.5 * np.asarray(size_mm, dtype=np.float64)
    polarisation = np.asarray(polarisation_t, dtype=np.float64)
    # corner[axis][s]: distance from face s (0: −, 1: +) along the axis, with sign of its term.
    corner = [(points_mm[:, axis] + half[axis], points_mm[:, axis] - half[axis]) for axis in range(3)]
    squares = [(low * low, high * high) for low, high in corner]
    radius = [
        [[np.sqrt(squares[0][i] + squares[1][j] + squares[2][k]) for k in (0, 1)] for j in (0, 1)] for i in (0, 1)
    ]
    tensor = np.zeros((3, 3, len(points_mm)))
    for axis in range(3):
        tensor[axis, axis] = _diagonal_term(axis, corner, radius)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        tensor[first, second] = tensor[second, first] = _mixed_term(first, second, corner, radius)
    field_t = np.einsum("ijn,j->ni", tensor, polarisation) / (4.0 * math.pi)
    inside = np.prod(0.5 * (np.sign(half - np.abs(points_mm)) + 1.0), axis=1)
    return np.asarray(1e6 * (field_t + inside[:, None] * polarisation))


_Corners = list[tuple[ArrayF64, ArrayF64]]
_Radii = list[list[list[ArrayF64]]]


def _diagonal_term(axis: int, corner: _Corners, radius: _Radii) -> ArrayF64:
    """−Σ ± atan(v·w / (u·r)) over the eight corners, u along ``axis``; 0 rather than ±π/2 on the plane u = 0."""
    second, third = (axis + 1) % 3, (axis + 2) % 3
    total = np.zeros_like(corner[0][0])
    index = [0, 0, 0]
    for index[axis] in (0, 1):
        along = corner[axis][index[axis]]
        side, magnitude = np.sign(along), np.abs(along)
        for index[second] in (0, 1):
            for index[third] in (0, 1):
                r = radius[index[0]][index[1]][index[2]]
                product = corner[second][index[second]] * corner[third][index[third]]
                sign = -1.0 if sum(index) % 2 else 1.0
                total -= sign * side * np.arctan2(product, magnitude * r)
    return total


def _mixed_term(first: int, second: int, corner: _Corners, radius: _Radii) -> ArrayF64:
    """Σ ± [asinh(w/ρ)] between the ends of the four edges along the third axis; no cancellation on their lines."""
    third = 3 - first - second
    low, high = corner[third][1], corner[third][0]  # low < high: the ends' signed distances
    total = np.zeros_like(low)
    index = [0, 0, 0]
    for index[first] in (0, 1):
        for index[second] in (0, 1):
            index[third] = 1
            r_low = radius[index[0]][index[1]][index[2]]
            index[third] = 0
            r_high = radius[index[0]][index[1]][index[2]]
            edge_square = corner[first][index[first]] ** 2 + corner[second][index[second]] ** 2
            sign = -1.0 if (index[first] + index[second]) % 2 else 1.0
            total += sign * _edge_log(low, high, r_low, r_high, edge_square)
    return total


def _edge_log(low: ArrayF64, high: ArrayF64, r_low: ArrayF64, r_high: ArrayF64, edge_square: ArrayF64) -> ArrayF64:
    """asinh(high/ρ) − asinh(low/ρ), r² = ρ² + w², mirrored so that high ≥ |low| and no difference of equals appears."""
    mirror = low + high < 0
    near = np.where(mirror, -high, low)
    far = np.where(mirror, -low, high)
    r_near = np.where(mirror, r_high, r_low)
    r_far = np.where(mirror, r_low, r_high)
    beside = near >= 0
    top = (far + r_far) * np.where(beside, 1.0, r_near - near)
    bottom = np.where(beside, near + r_near, edge_square)
    return np.asarray(np.log(np.maximum(top, _TINY) / np.maximum(bottom, _TINY)))


def cel(kc: ArrayF64, p: ArrayF64, c: ArrayF64, s: ArrayF64) -> ArrayF64:
    """Bulirsch's complete elliptic integral ∫₀^{π/2} (c·cos² + s·sin²) / ((cos² + p·sin²)·√(cos² + kc²·sin²)) dφ.

    Element by element, for kc > 0 and p > 0. Bulirsch 1969, in the form of Derby & Olbert, Am. J. Phys. 78 (2010) 229.
    """
    k, em = np.abs(kc), np.ones_like(kc)
    pp = np.sqrt(p)
    cc, ss = c, s / pp
    kk = k
    while True:
        f, g = cc, kk / pp
        cc = cc + ss / pp
        ss = 2.0 * (ss + f * g)
        pp = pp + g
        g, em = em, k + em
        # Quadratic convergence: 1e-8 here is full precision in the result. Elements that are done only rescale.
        if not np.any(np.abs(g - k) > 1e-8 * g):
            return np.asarray(0.5 * math.pi * (ss + cc * em) / (em * (em + pp)))
        k = 2.0 * np.sqrt(kk)
        kk = k * em


def cylinder_field_ut(diameter_mm: float, height_mm: float, polarisation_t: float, points_mm: ArrayF64) -> ArrayF64:
    """Field of an axially polarised cylinder centred at the origin, its axis along z; (n, 3) → (n, 3).

    Derby & Olbert, Am. J. Phys. 78 (2010) 229, equations 4 to 8.
    """
    a = 0.5 * diameter_mm
    rho = np.hypot(points_mm[:, 0], points_mm[:, 1])
    gamma = (a - rho) / (a + rho)
    # On the mantle's radius γ = 0 and the integral tends to K(k) ± what both ends have alike: take the mean, K(k).
    on_mantle = gamma == 0.0
    p = np.where(on_mantle, 1.0, gamma * gamma)
    s = np.where(on_mantle, 1.0, gamma)
    one = np.ones_like(rho)
    radial, axial = np.zeros_like(rho), np.zeros_like(rho)
    for sign in (1.0, -1.0):
        z = points_mm[:, 2] + sign * 0.5 * height_mm
        outer = np.sqrt(z * z + (rho + a) ** 2)
        kc = np.maximum(np.sqrt(z * z + (a - rho) ** 2) / outer, 1e-100)
        radial += sign * a / outer * cel(kc, one, one, -one)
        axial += sign * z / outer * cel(kc, np.maximum(p, 1e-200), one, s)
    scale_ut = 1e6 * polarisation_t / math.pi
    radial_per_mm = scale_ut * radial / np.where(rho > 0, rho, 1.0)
    field_z = scale_ut * a / (a + rho) * axial
    return np.column_stack([radial_per_mm * points_mm[:, 0], radial_per_mm * points_mm[:, 1], field_z])


def dipole_field_ut(moment_am2: ArrayF64 | Vector3, points_mm: ArrayF64) -> ArrayF64:
    """Field of a point dipole (A·m²) at the origin; (n, 3) → (n, 3). B = µ0/4π · (3 r (m·r) / r⁵ − m / r³)."""
    moment = np.asarray(moment_am2, dtype=np.float64)
    square = np.einsum("ni,ni->n", points_mm, points_mm)
    inverse_square = np.where(square > 0, 1.0 / np.maximum(square, 1e-12), 0.0)
    inverse_cube = inverse_square * np.sqrt(inverse_square)
    along = 3.0 * (points_mm @ moment) * inverse_square
    return np.asarray(
        DIPOLE_UT_MM3_PER_AM2 * inverse_cube[:, None] * (along[:, None] * points_mm - moment),
    )


def yaw_rotation(yaw_rad: float) -> ArrayF64:
    """(3, 3) matrix of a turn about z: x·cos − y·sin, x·sin + y·cos."""
    cos, sin = math.cos(yaw_rad), math.sin(yaw_rad)
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
