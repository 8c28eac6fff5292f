"""Items that the bundle was not sure of: shown to people, and what they say of them kept to learn from.

A window waits in ``waiting/N/`` until every uncertain item in it has been told; the others keep what the line decided.
Then it goes into a store of labelled windows, ``stores/ROWSxCOLS``, as `neosort-train` reads it, and leaves the queue.
An item that nobody can name takes its window out: what is not known cannot be learnt from.
"""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from neosort_datasets.store import WindowStoreWriter
from neosort_datasets.window import BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.section import ConfigError
from neosort_hardware.types import Box, Decision, ItemTruth
from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.api.pictures import encode_jpeg
from neosort_inference.asking.orders import RefusedError
from neosort_inference.faults.jets import KIND_MASS_G
from neosort_inference.files import write_whole
from neosort_inference.services.uncertain import Candidate, Picker, uncertain
from neosort_inference.telemetry import WindowView

MOST_WAITING = 100  # windows, some 100 MB; the oldest makes room
BEARS_FROM = 0.5
AROUND_MM = 40.0
LIGHTEST_G = 20.0  # of a kind whose mass nobody has put down


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a waiting window. ``id``: window and number. ``asked``: it waits for a person. ``said``: what one has
    said already."""

    id: str
    at: str
    kind: str
    p_ndfeb: float
    magnet_g: float
    magnet_g_sigma: float
    verdict: str
    box: Box
    asked: bool
    said: str = ""
    bears_ndfeb: bool = False


class Review:
    """The queue and the store of one line, in ``folder``. Listens to the feed."""

    def __init__(self, folder: Path, line: str) -> None:
        self._folder = folder
        self._line = line
        self._lock = threading.Lock()
        self._picker = Picker(self._take)

    def see(self, view: WindowView) -> None:
        """The next view of the line."""
        self._picker.see(view)

    def waiting(self) -> tuple[Item, ...]:
        """Items that a person is asked about, the oldest first."""
        with self._lock:
            return tuple(item for items in self._windows().values() for item in items if item.asked and not item.said)

    def item(self, id_: str) -> Item:
        """That one. Raises `RefusedError` where it does not wait any more."""
        with self._lock:
            return self._find(id_)[1]

    def picture(self, id_: str) -> bytes:
        """A JPEG of it and what lies around. Raises as `item`."""
        with self._lock:
            number, item = self._find(id_)
            window = self._window(number)
        box, grid = item.box.grown(along_mm=AROUND_MM, across_mm=AROUND_MM), window.grid
        top, bottom = (
            max(0, round((edge_mm - window.start_mm) / grid.mm_per_px)) for edge_mm in (box.belt_lo_mm, box.belt_hi_mm)
        )
        left, right = (
            max(0, round((edge_mm - grid.across_start_mm) / grid.mm_per_px))
            for edge_mm in (box.across_lo_mm, box.across_hi_mm)
        )
        return encode_jpeg(np.ascontiguousarray(window.picture[top:bottom, left:right]))

    def confirm(self, actor: Actor, id_: str) -> None:
        """It is what the line took it for."""
        item = self.item(id_)
        self._say(actor, replace(item, said="confirmed", bears_ndfeb=item.p_ndfeb >= BEARS_FROM))

    def correct(self, actor: Actor, id_: str, *, kind: str, bears_ndfeb: bool, magnet_g: float) -> None:
        """It is something else. ``magnet_g``: grams of NdFeB in it, as far as is known."""
        told = {"kind": kind, "bears_ndfeb": bears_ndfeb, "magnet_g": magnet_g if bears_ndfeb else 0.0}
        self._say(actor, replace(self.item(id_), said="corrected", **told))  # type: ignore[arg-type]

    def discard(self, actor: Actor, id_: str) -> None:
        """Nobody can tell: its window is not learnt from."""
        actor.must(Role.OPERATOR)
        with self._lock:
            number, item = self._find(id_)
            shutil.rmtree(self._waiting / number)
        actor.note("review.discard", id_, old=_noted(item))

    def _say(self, actor: Actor, said: Item) -> None:
        actor.must(Role.OPERATOR)
        with self._lock:
            number, before = self._find(said.id)
            items = [said if one.id == said.id else one for one in self._windows()[number]]
            if all(one.said or not one.asked for one in items):
                self._learn(number, items)
                shutil.rmtree(self._waiting / number)
            else:
                self._write_items(number, items)
        actor.note(f"review.{said.said.removesuffix('ed')}", said.id, old=_noted(before), new=_noted(said))

    @property
    def _waiting(self) -> Path:
        return self._folder / "waiting"

    def _take(self, candidate: Candidate) -> None:
        """A window with an uncertain item, whole."""
        with self._lock:
            there = [int(path.name) for path in self._waiting.glob("[0-9]*")]
            for oldest in sorted(there)[: len(there) - MOST_WAITING + 1]:
                shutil.rmtree(self._waiting / f"{oldest:06d}", ignore_errors=True)
            number = f"{max(there, default=0) + 1:06d}"
            view = candidate.view
            path = self._waiting / number
            path.mkdir(parents=True)
            np.savez_compressed(
                path / "window.npz", picture=view.picture, field_ut=view.field_ut, field_mask=view.field_mask,
                place=np.array([view.start_mm, view.mm_per_px, view.across_start_mm]),
            )  # fmt: skip
            at = datetime.now(UTC).isoformat(timespec="seconds")
            self._write_items(number, [_item(f"{number}-{n}", at, one) for n, one in enumerate(candidate.decisions)])

    def _write_items(self, number: str, items: list[Item]) -> None:
        write_whole(self._waiting / number / "items.json", json.dumps([asdict(item) for item in items]).encode())

    def _windows(self) -> dict[str, list[Item]]:
        return {path.parent.name: _items(path) for path in sorted(self._waiting.glob("*/items.json"))}

    def _find(self, id_: str) -> tuple[str, Item]:
        for number, items in self._windows().items():
            for item in items:
                if item.id == id_ and item.asked and not item.said:
                    return number, item
        raise RefusedError("not there", f"no item '{id_}' waits for review")

    def _window(self, number: str) -> BeltWindow:
        with np.load(self._waiting / number / "window.npz") as held:
            picture, field_ut, field_mask, place = (held[n] for n in ("picture", "field_ut", "field_mask", "place"))
        rows, cols = picture.shape[:2]
        start_mm, mm_per_px, across_start_mm = map(float, place)
        grid = WindowGrid(
            rows=rows, cols=cols, mm_per_px=mm_per_px, across_start_mm=across_start_mm,
            cell_px=rows // field_ut.shape[1],
        )  # fmt: skip
        return BeltWindow(
            grid=grid, start_mm=start_mm, picture=picture, field_ut=field_ut, field_mask=field_mask,
            last_input_ns=0, sequence=int(number),
        )  # fmt: skip

    def _learn(self, number: str, items: list[Item]) -> None:
        window = self._window(number)
        grid = window.grid
        path = self._folder / "stores" / f"{grid.rows}x{grid.cols}"
        writer = WindowStoreWriter(
            path, grid, split="train", seed=0, origin=f"line '{self._line}', told by people who looked at the pictures"
        )
        writer.append([LabelledWindow(window=window, items=tuple(_truth(n, one) for n, one in enumerate(items)))])


def _item(id_: str, at: str, decision: Decision) -> Item:
    return Item(
        id=id_,
        at=at,
        kind=decision.kind,
        p_ndfeb=decision.p_ndfeb,
        magnet_g=decision.magnet_g,
        magnet_g_sigma=decision.magnet_g_sigma,
        verdict=decision.verdict.value,
        box=decision.box,
        asked=uncertain(decision),
        bears_ndfeb=decision.p_ndfeb >= BEARS_FROM,
    )


def _items(path: Path) -> list[Item]:
    try:
        told: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return [Item(**one | {"box": Box(**one["box"])}) for one in told]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); take its folder away") from error


def _truth(number: int, item: Item) -> ItemTruth:
    magnet_g = item.magnet_g if item.bears_ndfeb else 0.0
    return ItemTruth(
        item_id=number,
        model=f"reviewed:{item.id}",
        kind=item.kind,
        bears_ndfeb=item.bears_ndfeb,
        magnet_g=magnet_g,
        mass_g=max(KIND_MASS_G.get(item.kind, LIGHTEST_G), magnet_g),
        box=item.box,
        visible_fraction=1.0,
    )


def _noted(item: Item) -> dict[str, Any]:
    return {"kind": item.kind, "bears_ndfeb": item.bears_ndfeb, "magnet_g": round(item.magnet_g, 3)}
