"""Another bundle, recipe or calibration while the belt runs, on the twin in virtual time: no stretch of belt is left
out, what does not fit is refused and changes nothing, and what fails is left again at once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np
import pytest
from tests.faulty_line import RECIPE, SCENERY, Script
from tests.whole_line import KINDS, FakeBundle, FakeMetadata

from neosort_datasets.window import WindowGrid
from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import simulated_line
from neosort_hardware.twin.world import World
from neosort_inference.asking.channel import Asked
from neosort_inference.asking.orders import Activate, Answer, GoBack, Shadow
from neosort_inference.bundle import BundleError
from neosort_inference.bundle_choice import installed_bundles
from neosort_inference.exchange import exchanging, shadowing
from neosort_inference.faults.fates import fates
from neosort_inference.recipe import Recipe
from neosort_inference.score import match_decisions
from neosort_inference.sorting import Sorting, SortingPlan
from neosort_inference.telemetry import Telemetry

pytestmark = pytest.mark.computes

WIDE = WindowGrid(rows=320, cols=1024)
SLOW_NS = 450_000_000  # of 256 from one window to the next; the valves' controller waits for 500
LAYOUT = {"magnetometer": {"block_ms": 20.0}}


class Bundle(FakeBundle):
    """Knows the truth; a test makes it another one than the one in use."""

    def __init__(
        self, known, name="next", *, breaks_at=0, mute_from=10**9, turned=False, slow_from=10**9, clock=None, **is_
    ):
        super().__init__(known)
        self.metadata = dataclasses.replace(FakeMetadata(), name=name, **is_)
        self._breaks_at, self._mute_from, self._turned = breaks_at, mute_from, turned
        self._slow_from, self._clock = slow_from, clock
        self.runs = 0

    def warm_up(self, runs: int) -> float:
        """As quick as can be."""
        return 1.0

    def run(self, window):
        self.runs += 1
        if self.runs == self._breaks_at:
            raise RuntimeError("no such operator")
        if self.runs >= self._slow_from:
            self._clock.charge(SLOW_NS)
        known, self.items = self.items, [] if self.runs >= self._mute_from else self.items
        found = super().run(window)
        self.items = known
        return dataclasses.replace(found, p_ndfeb=1.0 - found.p_ndfeb) if self._turned else found


@dataclass
class Kept:
    """What a run came to. ``windows``: start and length of each, in order; ``answers``: to what was asked."""

    telemetry: Telemetry
    sorting: Sorting
    windows: list[tuple[float, float]]
    answers: list[Answer]

    def starts(self):
        return [round(start_mm, 3) for start_mm, _ in self.windows]

    def gaps(self):
        """Belt between windows that none of them shows."""
        return [
            later[0] - (earlier[0] + earlier[1])
            for earlier, later in zip(self.windows, self.windows[1:], strict=False)
            if later[0] > earlier[0] + earlier[1]
        ]

    def fired_at(self):
        return [round(d.box.belt_mm, 2) for d in self.telemetry.decisions if d.fired]

    def must_be_like(self, plain):
        """The same windows and shots, as far as this run goes."""
        assert self.starts() == plain.starts()[: len(self.windows)]
        assert self.fired_at() == plain.fired_at()[: len(self.fired_at())]
        assert len(self.windows) > 15

    def must_add_up(self):
        """Every landed item has one fate, and no item is decided on twice."""
        fate = fates(self.telemetry, 4.0)
        assert len(fate) == len({landing.item_id for landing in self.telemetry.landings})
        found = match_decisions(self.telemetry.items, list(self.telemetry.decisions))
        assert max(map(len, found.by_item.values())) == 1


@dataclass
class Playing:
    """Orders given to a run at their times. ``bundles``: by the name of the file that would hold them."""

    bundles: dict = field(default_factory=dict)
    answers: list = field(default_factory=list)

    def ask(self, order):
        def happen(_line, sorting):
            sorting.desk.take(Asked(order=order, by="Ada", reply=self.answers.append))
            sorting.exchanging.wait()

        return happen


class _Windows:
    def __init__(self):
        self.seen = []

    def update(self, snapshot):
        """Nothing."""

    def show(self, view):
        self.seen.append((view.start_mm, view.picture.shape[0] * view.mm_per_px))

    def asked(self):
        return ()


def run_of(monkeypatch):
    """Sort for so many seconds; ``orders``: second → order; ``make``: file name → bundle, given what is known and the
    clock."""

    def run(orders, seconds=8.0, make=None, shadow=None) -> Kept:
        world = World(LineConfig.model_validate(LAYOUT), VirtualClock(computing_ns=lambda: 0), 3, SCENERY)
        playing, windows = Playing(), _Windows()
        with simulated_line(world) as opened:
            known: list = []
            made = {} if make is None else make(known, opened.clock)

            def load(path):
                if path.name not in made:
                    raise BundleError(f"{path}: torn or altered")
                return made[path.name]

            monkeypatch.setattr("neosort_inference.exchange.loading.load_bundle", load)
            monkeypatch.setattr(shadowing, "load_bundle", load)
            script = Script(opened, known, {at_s: playing.ask(order) for at_s, order in orders.items()})
            line = dataclasses.replace(opened, truth=script)
            plan = SortingPlan(
                bundle=Bundle(known, "first"), recipe=RECIPE, seconds=seconds,
                shadow=None if shadow is None else shadow(known),
            )  # fmt: skip
            script.sorting = Sorting(line, plan, (windows,))
            telemetry = script.sorting.run()
        return Kept(telemetry, script.sorting, windows.seen, playing.answers)

    return run


@pytest.fixture(scope="module")
def plain():
    """The same belt with nothing exchanged, for longer than any test needs."""
    with pytest.MonkeyPatch.context() as patched:
        return run_of(patched)({}, 11.0)


@pytest.fixture
def play(monkeypatch):
    """See `run_of`."""
    return run_of(monkeypatch)


def bundle(name="next.onnx"):
    return Activate(what="bundle", file=f"/bundles/{name}", version=name)


def test_a_bundle_is_exchanged_between_windows_and_none_is_lost_nor_decided_otherwise(play, plain):
    changed = play({4.0: bundle()}, 8.0, lambda known, _: {"next.onnx": Bundle(known)})
    (answer,) = changed.answers
    assert answer.refusal is None
    assert 2000.0 < answer.result["from_mm"] < 4500.0
    assert answer.result["checked"]["windows"] > 0
    assert (answer.result["checked"]["found_by_one"], answer.result["checked"]["decided_otherwise"]) == (0.0, 0.0)
    changed.must_be_like(plain)
    assert changed.sorting.plan.bundle.metadata.name == "next"
    assert changed.sorting.dropped_windows == 0
    changed.must_add_up()


def test_before_the_first_window_there_is_no_place_from_which_on(play):
    early = play({0.01: bundle()}, 1.0, lambda known, _: {"next.onnx": Bundle(known)})
    assert early.answers[0].result["from_mm"] is None
    assert early.sorting.plan.bundle.metadata.name == "next"


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda known, clock: {}, "torn or altered"),
        (lambda known, clock: {"next.onnx": Bundle(known, kinds=KINDS[:-1])}, "knows other kinds"),
        (lambda known, clock: {"next.onnx": Bundle(known, mute_from=0)}, "alone"),
        (lambda known, clock: {"next.onnx": Bundle(known, turned=True)}, "would be decided otherwise"),
        (lambda known, clock: {"next.onnx": Bundle(known, breaks_at=1)}, "no such operator"),
    ],
)
def test_a_bundle_that_does_not_fit_is_refused_and_the_line_sorts_on(play, plain, made, why):
    refused = play({5.0: bundle()}, 7.0, made)
    (answer,) = refused.answers
    assert answer.refusal is not None
    assert why in answer.why
    refused.must_be_like(plain)
    assert refused.sorting.plan.bundle.metadata.name == "first"


def test_a_bundle_that_is_too_slow_here_is_refused(play):
    def slow(known, _clock):
        made = Bundle(known)
        made.warm_up = lambda _runs: 300.0  # of 256 ms from one window to the next
        return {"next.onnx": made}

    (answer,) = play({3.0: bundle()}, 5.0, slow).answers
    assert "too slow" in answer.why


def test_a_bundle_that_breaks_down_is_left_at_once_and_its_window_looked_at_by_the_one_before(play, plain):
    made = {}

    def breaking(known, _clock):
        made["next.onnx"] = Bundle(known, breaks_at=15)
        return made

    broken = play({4.0: bundle()}, 8.0, breaking)
    assert made["next.onnx"].runs == 15
    assert broken.answers[0].refusal is None
    assert broken.sorting.plan.bundle.metadata.name == "first"
    broken.must_be_like(plain)


def test_a_bundle_by_which_shots_come_too_late_is_left_again(play):
    def slow(known, clock):
        return {"next.onnx": Bundle(known, slow_from=10, clock=clock)}

    late = play({4.0: bundle()}, 14.0, slow)
    assert late.answers[0].refusal is None
    told = late.sorting.exchanging.went_back
    assert (told.number, told.what, told.version) == (1, "bundle", "next.onnx")
    assert "too late" in told.why
    assert late.sorting.plan.bundle.metadata.name == "first"
    assert 0 < sum(decision.late for decision in late.telemetry.decisions) < 4


def test_a_bundle_that_sees_nothing_any_more_is_left_again(play):
    muted = play({5.0: bundle()}, 13.0, lambda known, _: {"next.onnx": Bundle(known, mute_from=12)})
    assert muted.sorting.plan.bundle.metadata.name == "first"
    assert "output.silent" in muted.telemetry.alarms.raised


def test_a_person_may_go_back_and_forth_and_nobody_where_there_is_no_way_back(play, plain):
    orders = {2.0: GoBack(), 4.0: bundle(), 5.0: GoBack(), 6.0: GoBack()}
    back = play(orders, 7.0, lambda known, _: {"next.onnx": Bundle(known)})
    assert [answer.refusal for answer in back.answers] == ["not there", None, None, None]
    assert back.sorting.plan.bundle.metadata.name == "next", "back from back"
    back.must_be_like(plain)


def test_a_bundle_with_windows_of_another_shape_takes_over_where_the_other_has_got_to(play, plain):
    made = lambda known, _: {"next.onnx": Bundle(known, grid=WIDE)}  # noqa: E731
    wide = play({4.0: bundle()}, 11.0, made)
    (answer,) = wide.answers
    assert answer.refusal is None
    assert {length_mm for _, length_mm in wide.windows} == {512.0, 320.0}
    assert wide.gaps() == []
    first = next(start_mm for start_mm, length_mm in wide.windows if length_mm == 320.0)
    assert first + 150.0 <= answer.result["from_mm"] + 1.0, "every item lies whole in one of them"
    wide.must_add_up()
    back = play({4.0: bundle(), 7.0: GoBack()}, 11.0, made)
    assert [length_mm for _, length_mm in back.windows][-1] == 512.0
    assert back.gaps() == []
    back.must_add_up()
    assert back.fired_at() == plain.fired_at()


def test_a_recipe_is_exchanged_and_decided_by_from_there_on(play, tmp_path):
    strict = tmp_path / "strict.toml"
    strict.write_text('name = "strict"\nmin_p_ndfeb = 1.0\nmin_magnet_g = 900.0\n', encoding="utf-8")
    told = play({4.0: Activate(what="recipe", file=str(strict), version="2")}, 9.0)
    from_mm = told.answers[0].result["from_mm"]
    assert told.fired_at()
    assert all(decision.box.belt_lo_mm < from_mm for decision in told.telemetry.decisions if decision.fired)
    assert told.sorting.plan.recipe.name == "strict"
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("purity = 1\n", encoding="utf-8")
    refused = play({4.0: Activate(what="recipe", file=str(wrong), version="3")}, 5.0)
    assert "purity" in refused.answers[0].why


def calibrated(tmp_path, **changes):
    """A configuration of the line with another calibration, as a technician writes one."""
    lines = "\n".join(f"{name} = {value}" for name, value in changes.items())
    file = tmp_path / "line.toml"
    file.write_text(f"[magnetometer]\nblock_ms = 20.0\n[calibration]\n{lines}\n", encoding="utf-8")
    return Activate(what="calibration", file=str(file), version="c2")


def test_a_calibration_is_exchanged_when_its_own_windows_go_on_whole(play, tmp_path):
    order = calibrated(tmp_path, nozzle_station_mm=1514.0, array_station_mm=513.0, position_sigma_mm=3.0)
    changed = play({4.0: order}, 11.0)
    (answer,) = changed.answers
    assert answer.refusal is None
    assert changed.gaps() == []
    from_mm = answer.result["from_mm"]
    shots = [d for d in changed.telemetry.decisions if d.fired]
    station = {
        d.box.belt_lo_mm > from_mm: round(0.5 * (d.shot.open_mm + d.shot.close_mm) - d.box.belt_mm, 3) for d in shots
    }
    assert station == {False: 1512.0, True: 1514.0}
    changed.must_add_up()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"valve_open_lag_ms": 4.0}, "stop the line to change"),
        ({"nozzle_station_mm": 1600.0}, "moves a place by 88 mm"),
    ],
)
def test_a_calibration_that_devices_hold_or_that_moves_the_belt_far_waits_until_the_line_stops(
    play, tmp_path, changes, why
):
    (answer,) = play({3.0: calibrated(tmp_path, **changes)}, 4.0).answers
    assert why in answer.why


def test_one_exchange_at_a_time_and_whoever_waits_at_the_end_is_answered(play):
    class Slow(Bundle):
        def warm_up(self, _runs):
            return 1.0

    orders = {4.0: bundle(), 4.0001: bundle()}
    twice = play(orders, 6.0, lambda known, _: {"next.onnx": Slow(known, grid=WIDE)})
    assert [answer.refusal for answer in twice.answers] == ["not now", None], "the first is still on its way"
    over = play({5.5: bundle()}, 5.6, lambda known, _: {"next.onnx": Bundle(known, grid=WIDE)})
    assert [answer.why for answer in over.answers] == ["the run is over"]


def test_a_shadow_that_knows_the_same_differs_nowhere_and_touches_nothing(play, plain):
    shadowed = play({}, 8.0, shadow=lambda known: Bundle(known, "shadow"))
    counts = shadowed.sorting.shadowing.counts()
    shadowed.must_be_like(plain)
    assert counts.different == counts.left_out == 0
    assert counts.items["both fire"] == len(shadowed.fired_at())
    assert sum(counts.items.values()) == len(shadowed.telemetry.decisions)
    assert counts.trouble == ""


def test_what_a_shadow_would_decide_otherwise_is_counted_and_told(play, caplog):
    with caplog.at_level("INFO", "neosort.shadow"):
        turned = play({}, 8.0, shadow=lambda known: Bundle(known, "shadow", turned=True))
    counts = turned.sorting.shadowing.counts()
    aimed = sum(decision.aimed for decision in turned.telemetry.decisions)
    assert counts.items["only the line fires"] == aimed
    assert counts.items["only the shadow fires"] > 3
    assert counts.different == len(caplog.records)
    blind = play({}, 8.0, shadow=lambda known: Bundle(known, "shadow", mute_from=0)).sorting.shadowing.counts()
    assert blind.items["only the line fires"] == aimed
    assert blind.items["only the line sees it, and passes it"] == len(turned.telemetry.decisions) - aimed


def test_a_shadow_that_breaks_down_ends_by_itself(play, plain):
    broken = play({}, 6.0, shadow=lambda known: Bundle(known, "shadow", breaks_at=6))
    assert "no such operator" in broken.sorting.shadowing.counts().trouble
    broken.must_be_like(plain)


def test_a_shadow_comes_and_goes_by_order_and_stays_beside_the_line_through_an_exchange(play):
    made = lambda known, _: {"next.onnx": Bundle(known), "wide.onnx": Bundle(known, grid=WIDE)}  # noqa: E731
    shadow, wide = (Shadow(file=f"/bundles/{name}.onnx") for name in ("next", "wide"))
    orders = {2.0: wide, 2.5: shadow, 4.0: bundle(), 6.0: Shadow(file=None)}
    asked = play(orders, 8.0, made)
    assert "reads windows of 320 × 1024 px" in asked.answers[0].why
    assert asked.answers[1].result == {"shadow": "next"}
    assert asked.answers[3].result["items"]["only the line fires"] == 0
    assert asked.sorting.shadowing.counts() is None


def test_the_shipped_bundle_takes_its_own_place_and_what_is_torn_does_not(tmp_path):
    torn = tmp_path / "torn.onnx"
    torn.write_bytes(installed_bundles()[0].read_bytes()[:-2000])
    playing = Playing()
    orders = {3.0: bundle(), 5.0: Activate(what="bundle", file=str(torn), version="torn")}
    orders[3.0] = Activate(what="bundle", file=str(installed_bundles()[0]), version="again")
    world = World(LineConfig.model_validate(LAYOUT), VirtualClock(), 3, SCENERY)
    with simulated_line(world) as opened:
        script = Script(opened, [], {at_s: playing.ask(order) for at_s, order in orders.items()})
        plan = SortingPlan(bundle=exchanging.with_file.__globals__["load_bundle"](installed_bundles()[0]),
                           recipe=Recipe(), seconds=6.0)  # fmt: skip
        script.sorting = Sorting(dataclasses.replace(opened, truth=script), plan)
        script.sorting.run()
    assert [answer.refusal for answer in playing.answers] == [None, "not fitting"]
    assert playing.answers[0].result["checked"]["found_by_one"] == 0.0
    assert "torn" in playing.answers[1].why
    assert np.isfinite(playing.answers[0].result["from_mm"])
