"""Outcomes made up item by item, for figures that can be worked by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neosort_training.outcomes import Outcomes


@dataclass(frozen=True, kw_only=True)
class It:
    """An item; one with ``p`` 0 was not found."""

    window: int = 0
    kind: str = "disk"
    grams: float = 0.0
    p: float = 0.0
    said_g: float = 1.0
    sigma: float = 1.0
    said: str | None = None
    model: str | None = None
    magnetised: int = -1


def outcomes_of(items, strays=(), *, windows=None, scene=None, overlapping=False) -> Outcomes:
    """``items``: of `It`, bearing where they have grams; ``strays``: (window, P). A found item is a hit of score P."""
    items, strays = sorted(items, key=lambda one: one.window), sorted(strays)
    if windows is None:
        windows = 1 + max([one.window for one in items] + [window for window, _ in strays], default=-1)
    found = [one for one in items if one.p > 0]

    def column(name, dtype=np.float64):
        return np.array([getattr(one, name) for one in items], dtype=dtype)

    p = column("p")
    hits = sorted([(one.window, one.p, True) for one in found] + [(window, value, False) for window, value in strays])
    return Outcomes(
        overlapping=overlapping,
        scene=np.zeros(windows, dtype=np.int64) if scene is None else np.array(scene),
        window=column("window", np.int64),
        item=np.arange(len(items)),
        kind=column("kind", np.str_),
        model=np.array([one.model or f"{one.kind}-01" for one in items], dtype=np.str_),
        said=np.array([(one.said or one.kind) if one.p > 0 else "" for one in items], dtype=np.str_),
        bears=column("grams") > 0,
        magnet_g=column("grams"),
        magnetised=column("magnetised", np.int64),
        p=p,
        iou=np.where(p > 0, 0.9, 0.0),
        score=p,
        said_g=np.where(p > 0, column("said_g"), np.nan),
        said_g_sigma=np.where(p > 0, column("sigma"), np.nan),
        stray_window=np.array([window for window, _ in strays], dtype=np.int64),
        stray_p=np.array([value for _, value in strays], dtype=np.float64),
        stray_score=np.array([value for _, value in strays], dtype=np.float64),
        hit_window=np.array([window for window, _, _ in hits], dtype=np.int64),
        hit_score=np.array([value for _, value, _ in hits], dtype=np.float64),
        hit=np.array([hit for _, _, hit in hits], dtype=bool),
    )


def repeated(items, strays, times):
    """The items and strays of windows that are drawn ``times`` each (window by window), as windows of their own."""
    first = np.concatenate([[0], np.cumsum(times)])
    again = [
        It(**{**vars(one), "window": int(first[one.window] + k)}) for one in items for k in range(times[one.window])
    ]
    return again, [(int(first[window] + k), p) for window, p in strays for k in range(times[window])]
