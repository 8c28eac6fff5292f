"""The recipe: which threshold to sort by, and what that costs in recovery, in purity and in what is proven."""

from __future__ import annotations

from typing import Any

from nicegui import ui
from starlette.requests import Request

from neosort_datasets.assembly import Blind
from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.bundle_card import SENSES
from neosort_inference.bundle_metadata import BundleMetadata, GuaranteedThreshold
from neosort_inference.operating_point import operating_point
from neosort_inference.recipe import Recipe
from neosort_inference.trade_off import TradeOff, curve_of, proven_points, thresholds_worth_it, trade_off
from neosort_inference.ui.chart import Ink, axis, chart, line
from neosort_inference.ui.drawing import Drawing
from neosort_inference.ui.markup import card, mark, markup, panel, show, tile
from neosort_inference.ui.shell import RECIPE, Frame, page_frame
from neosort_inference.ui.site import Site
from neosort_inference.ui.versions import Versions, name_of, threshold_of
from neosort_inference.words import kind_title

SLIDER_EVERY_S = 0.05


def recipe_page(site: Site, request: Request) -> None:
    """The page at "/recipe"."""
    with page_frame(site, request, RECIPE, style="recipe.css") as frame:
        metadata = site.bundle()
        if curve_of(metadata) is None:
            with panel("No curve"):
                markup(
                    f"<p>Bundle '{metadata.name}' brings no recovery–purity curve: thresholds cannot be weighed.</p>"
                )
            return
        Weighing(site, metadata, frame)


class Weighing:
    """The threshold under the finger, and everything that follows from it."""

    def __init__(self, site: Site, metadata: BundleMetadata, frame: Frame) -> None:
        self._metadata = metadata
        self._versions = site.services.recipes
        self._person = frame.person
        self._in_use = in_use = self._versions.in_use()
        kept = None if in_use is None or in_use.version is None else self._versions.version(in_use.version)
        self._recipe = site.running.recipe if kept is None else kept.recipe
        self._blind: Blind = "none"
        self._take_senses("none")
        with panel("Recovery against purity", f"of recognition, bundle '{metadata.name}'", "weighing"):
            self._senses_row()
            self._drawing = Drawing("recovery against purity", self._draw, "curve")
            markup('<div class="ends"><span>◀ purer, loses more</span><span>recovers more, less pure ▶</span></div>')
            self._slider = ui.slider(min=0, max=len(self._steps) - 1, value=self._step_of(self._now.p_ndfeb))
            self._slider.props('aria-label="threshold on P(NdFeB)"')
            self._slider.on("update:model-value", self._dragged, throttle=SLIDER_EVERY_S, leading_events=False)
            self._proven_row = ui.element("div").classes("row proven")
        with ui.element("div").classes("costs"):
            with ui.element("div").classes("tiles"):
                names = ("threshold", "recovery", "mass", "purity")
                self._tiles = {name: markup("", f"tile-n {name}") for name in names}
            self._tiles["threshold"].props("aria-live=polite")
            with panel("What is proven", "on the bundle's calibration feed"):
                self._proof = markup("", "proof")
            self._sort_by = ui.button("Sort by this threshold", icon="check", on_click=self._activate, color=None)
            self._sort_by.classes("key").props("unelevated")
            with panel("The recipe besides", self._recipe.name):
                markup(_rest_of(self._recipe))
            with panel("Versions", "newest first; never changed"):
                Versions(site, frame.person)
        self._fill_proven_row()
        self._show()
        frame.on_theme(self._drawing.colour)

    def _senses_row(self) -> None:
        self._buttons: dict[Blind, ui.button] = {}
        with ui.element("div").classes("row").props('role="group" aria-label="senses"'):
            for blind, words in SENSES.items():
                button = ui.button(words, on_click=lambda blind=blind: self._senses(blind), color=None)
                self._buttons[blind] = button.classes("plain").props("unelevated")
        self._buttons[self._blind].classes("chosen")

    def _fill_proven_row(self) -> None:
        self._proven_row.clear()
        with self._proven_row:
            markup('<span class="note">proven purity</span>')
            for point in proven_points(self._metadata, self._blind):
                p_ndfeb = point.p_ndfeb or 0.0
                button = ui.button(
                    f"≥ {100 * point.purity_target:g} %", on_click=lambda p=p_ndfeb: self._choose(p), color=None
                )
                button.classes("plain").props("unelevated")

    def _take_senses(self, blind: Blind) -> None:
        self._blind = blind
        self._steps = thresholds_worth_it(self._metadata, blind)
        at = operating_point(self._recipe, self, blind).p_ndfeb
        now = trade_off(self._metadata, at, blind)
        assert now is not None
        self._now = self._shown = now

    @property
    def metadata(self) -> BundleMetadata:
        """Of the bundle that is weighed."""
        return self._metadata

    def _senses(self, blind: Blind) -> None:
        self._buttons[self._blind].classes(remove="chosen")
        self._buttons[blind].classes("chosen")
        self._take_senses(blind)
        self._slider.props(f"max={len(self._steps) - 1}")
        self._fill_proven_row()
        self._choose(self._now.p_ndfeb)

    def _choose(self, p_ndfeb: float) -> None:
        self._slider.set_value(self._step_of(p_ndfeb))
        self._weigh(p_ndfeb)

    def _dragged(self) -> None:
        self._weigh(self._steps[int(self._slider.value)])

    def _weigh(self, p_ndfeb: float) -> None:
        weighed = trade_off(self._metadata, p_ndfeb, self._blind)
        if weighed is not None and weighed != self._shown:
            self._shown = weighed
            self._show()
            self._drawing.refresh()

    def _step_of(self, p_ndfeb: float) -> int:
        return min(range(len(self._steps)), key=lambda step: abs(self._steps[step] - p_ndfeb))

    def _show(self) -> None:
        at, now = self._shown, self._now
        here = "as the line sorts now" if at.p_ndfeb == now.p_ndfeb else f"the line sorts from {now.p_ndfeb:.3f} on"
        show(self._tiles["threshold"], tile("Fires from P(NdFeB)", f"{at.p_ndfeb:.3f}", here))
        for name, title, got, was in (
            ("recovery", "Recovery of items", at.recovery, now.recovery),
            ("mass", "Recovery of NdFeB mass", at.recovery_mass, now.recovery_mass),
            ("purity", "Purity", at.purity, now.purity),
        ):
            show(self._tiles[name], tile(title, f"{100 * got:.1f}<small>%</small>", _change(got - was)))
        show(self._proof, self._proven_words(at))
        self._sort_by.set_visibility(self._person.may(Role.ENGINEER) and at.p_ndfeb != now.p_ndfeb)

    async def _activate(self) -> None:
        """Keep the recipe with this threshold as a new version, and have the line sort by it."""
        at = self._shown
        proven = None if at.proven is None else at.proven.purity_target
        values = {"purity_target": proven} if proven is not None else {"min_p_ndfeb": round(at.p_ndfeb, 6)}
        rest = self._recipe.model_dump(mode="json", exclude_none=True, exclude={"name", "min_p_ndfeb"})

        def work(actor: Actor) -> str:
            version = self._versions.create(actor, name_of(self._recipe), rest | values)
            self._versions.activate(actor, version.id)
            return version.id

        if (version := await self._person.do(Role.ENGINEER, work)) is not None:
            ui.notify(f"The line sorts by {version} now.", type="positive")
            ui.navigate.reload()

    def _proven_words(self, at: TradeOff) -> str:
        if at.proven is not None:
            sure = f"with {100 * at.proven.confidence:g} % confidence"
            words = mark("ok", f"Purity of {100 * at.proven.purity_target:g} % or better is proven, {sure}.")
        else:
            words = mark("warn", "Nothing is proven for this very threshold.")
            nearest = [p for p in proven_points(self._metadata, self._blind) if (p.p_ndfeb or 0.0) > at.p_ndfeb]
            if nearest:
                words += f"<p>The next purer threshold with a proof: {_proof_of(nearest[0])}.</p>"
            elif not proven_points(self._metadata, self._blind):
                words += "<p>The bundle has no proof for these senses.</p>"
        guarantee = self._metadata.guarantee
        on = "" if guarantee is None else f"{guarantee.scenes:,} scenes, {guarantee.bearing:,} bearing items"
        return f'{words}<p class="note">{on}. A proof speaks of that feed: another feed, another purity.</p>'

    def _draw(self, ink: Ink) -> dict[str, Any]:
        points = [one for p in self._steps if (one := trade_off(self._metadata, p, self._blind)) is not None]
        proven = [one for one in points if one.proven is not None]
        dot = {"type": "scatter", "z": 5}
        least = min(one.purity for one in points)
        return chart(
            ink,
            axis(ink, "recovery of items, %", min=_floor(min(one.recovery for one in points)), max=100)
            | {"nameLocation": "middle", "nameGap": 30},
            [axis(ink, "purity, %", min=_floor(least), max=100)],
            [
                line("curve", ink.accent, [_place(one) for one in points]),
                dot
                | {"name": "proven", "symbol": "diamond", "symbolSize": 17, "itemStyle": {"color": ink.ok},
                   "data": [_place(one) for one in proven]},
                dot
                | {"name": "now", "symbol": "circle", "symbolSize": 20, "data": [_place(self._now)],
                   "itemStyle": {"color": "transparent", "borderColor": ink.soft, "borderWidth": 3}},
                dot
                | {"name": "threshold", "symbol": "pin", "symbolSize": 46, "data": [_place(self._shown)],
                   "itemStyle": {"color": ink.warn}, "z": 6},
            ],
        ) | {"grid": {"left": 54, "right": 26, "top": 40, "bottom": 48}}  # fmt: skip


def _place(at: TradeOff) -> list[float]:
    return [round(100 * at.recovery, 2), round(100 * at.purity, 2)]


def _floor(share: float) -> int:
    return max(0, int(100 * share) // 5 * 5)


def _change(points: float) -> str:
    if abs(points) < 0.0005:
        return "as now"
    return f"{'▲' if points > 0 else '▼'} {100 * abs(points):.1f} points against now"


def _proof_of(point: GuaranteedThreshold) -> str:
    return f"{point.p_ndfeb:.3f}, purity of {100 * point.purity_target:g} % or better"


def _rest_of(recipe: Recipe) -> str:
    return card(
        (
            ("threshold", threshold_of(recipe)),
            ("never fired at", ", ".join(kind_title(kind) for kind in recipe.never_fire) or "nothing"),
            ("that from", f"probability {recipe.never_fire_p:g}"),
            ("least magnet", f"{recipe.min_magnet_g:g} g"),
            ("too heavy for air", f"above {recipe.air_limit_g:g} g"),
            ("shots", f"{recipe.max_shots_per_s:g} /s at most"),
        )
    )
