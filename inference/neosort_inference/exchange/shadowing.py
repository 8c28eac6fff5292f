"""Who holds the shadow of a run: begins it, hands it windows, keeps it beside whatever way the line goes."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

from neosort_datasets.window import BeltWindow
from neosort_hardware.config import ConfigError
from neosort_hardware.types import Decision
from neosort_inference.asking.channel import Asked
from neosort_inference.asking.desk import Desk
from neosort_inference.asking.orders import RefusedError, Result
from neosort_inference.asking.orders import Shadow as ShadowOrder
from neosort_inference.bundle import Bundle, BundleError, load_bundle
from neosort_inference.detector import Detector
from neosort_inference.exchange.checks import UnfitError, must_fit
from neosort_inference.exchange.shadow import Shadow, ShadowCounts
from neosort_inference.exchange.way import Means, WayMaker
from neosort_inference.exchange.ways import Ways

PATIENCE_S = 60.0


class Shadowing:
    """``waits``: in virtual time the loop waits for the shadow, a belt does not. ``log``: where each item that is
    decided otherwise becomes a line of JSON, behind those that stand there."""

    def __init__(self, maker: WayMaker, ways: Ways, *, waits: bool, log: Path | None = None) -> None:
        self._maker, self._ways, self._log = maker, ways, log
        self._patience_s = PATIENCE_S if waits else 0.0
        self._bundle: Bundle | None = None
        self._shadow: Shadow | None = None
        self._loaded: list[tuple[Asked, Bundle | None, str]] = []
        self._loading: threading.Thread | None = None

    def serve(self, desk: Desk) -> None:
        """Take the order from ``desk``."""
        desk.on(ShadowOrder, self._asked)

    def begin(self, bundle: Bundle) -> None:
        """Let that bundle look on from the next window on, in the place of another. Raises `ConfigError` where
        it does not fit the line."""
        now = self._ways.now
        means = Means(bundle=bundle, recipe=now.means.recipe, config=now.means.config)
        judges = self._maker.judges(means)
        name, ours, theirs = bundle.metadata.name, now.means.bundle.metadata.grid, bundle.metadata.grid
        if theirs != ours:
            shape = f"{theirs.rows} × {theirs.cols} px, the line runs on {ours.rows} × {ours.cols}"
            raise UnfitError(f"bundle '{name}' reads windows of {shape}")
        must_fit(now.means, means)
        self.end()
        self._bundle = bundle
        self._shadow = Shadow(
            name,
            Detector(bundle, means.recipe.score_from(bundle)),
            judges,
            now.hop_mm,
            patience_s=self._patience_s,
            on_difference=self._write,
        )

    def see(self, window: BeltWindow, decisions: Sequence[Decision], *, overloaded: bool) -> None:
        """A window that the line has decided on. A machine that does not keep up gives its shadow nothing."""
        if self._shadow is None:
            return
        if overloaded:
            self._shadow.leave_out(window)
        else:
            self._shadow.see(window, decisions, self._ways.blind)

    def changed(self) -> None:
        """The line goes another way: the shadow begins anew beside it, or ends where it no longer fits."""
        bundle = self._bundle
        if bundle is not None:
            try:
                self.begin(bundle)
            except ConfigError:
                self.end()

    def turn(self) -> None:
        """Once a turn of the loop: take what has been loaded."""
        if self._loading is None or self._loading.is_alive():
            return
        self._loading = None
        asked, bundle, why = self._loaded.pop()
        if bundle is None:
            asked.refuse("not fitting", why)
            return
        try:
            self.begin(bundle)
        except ConfigError as error:
            asked.refuse("not fitting", str(error))
        else:
            asked.answer({"shadow": bundle.metadata.name})

    def counts(self) -> ShadowCounts | None:
        """How it stands; None without one."""
        return None if self._shadow is None else self._shadow.counts()

    def end(self) -> ShadowCounts | None:
        """No shadow any more, without waiting for it; how it stood."""
        shadow, self._shadow, self._bundle = self._shadow, None, None
        if shadow is None:
            return None
        shadow.stop()
        return shadow.counts()

    def close(self) -> None:
        """The run is over: what waits is still looked at, and `counts` stay."""
        if self._loading is not None:
            self._loading.join()
            self._loading = None
            self._loaded.pop()[0].refuse("not now", "the run is over")
        if self._shadow is not None:
            self._shadow.close()

    def _asked(self, order: ShadowOrder, asked: Asked) -> Result | None:
        if order.file is None:
            ended = self.end()
            return {"shadow": None, "items": None if ended is None else dict(ended.items)}
        if self._loading is not None:
            raise RefusedError("not now", "another shadow is being loaded")
        self._loading = threading.Thread(target=self._load, args=(Path(order.file), asked), name="shadow", daemon=True)
        self._loading.start()
        return None

    def _load(self, file: Path, asked: Asked) -> None:
        try:
            bundle = load_bundle(file)
            bundle.warm_up(1)
        except BundleError as error:
            self._loaded.append((asked, None, str(error)))
        except Exception as error:  # the runtime's exceptions share no base of their own
            self._loaded.append((asked, None, f"it has broken down: {type(error).__name__}: {error}"))
        else:
            self._loaded.append((asked, bundle, ""))

    def _write(self, told: dict[str, object]) -> None:
        """In the shadow's thread: a slow disk holds up nobody else."""
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as log:
                log.write(json.dumps(told, ensure_ascii=False) + "\n")
