"""The sprite builder: packing, the dome, layers, the atlas it writes, and what it need not draw again."""

from __future__ import annotations

import math
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from neosort_datasets.cli import app
from neosort_datasets.modelling.shapes import box
from neosort_datasets.modelling.solid import Part, Surface
from neosort_datasets.rendering import build, dome, extra, layers
from neosort_datasets.rendering.atlas_writer import FinishedSprite, add_to_atlas, present, replace_in_atlas, write_atlas
from neosort_datasets.rendering.extra import RenderError
from neosort_datasets.rendering.kept import KeptSprites, RenderSettings, fingerprint
from neosort_datasets.rendering.packing import ATLAS_SIZES_PX, GUTTER_PX, packed, shelved
from neosort_datasets.rendering.sheet import contact_sheet, laid_out
from neosort_datasets.rendering.trace import Traced
from neosort_datasets.rendering.view import MARGIN_MM, view_of
from neosort_datasets.rendering.worklist import tasks, tasks_of
from neosort_hardware.twin.atlas import Atlas
from neosort_hardware.twin.catalogue import model_named

WITHOUT_GRAIN = RenderSettings(samples=4, fineness=1)


def surface(height: int, width: int, albedo: float = 0.5, roughness: float = 0.4) -> Surface:
    return Surface(
        albedo=np.full((height, width, 3), albedo, dtype=np.float32),
        roughness=np.full((height, width), roughness, dtype=np.float32),
        metal=np.zeros((height, width), dtype=np.float32),
        bump_mm=np.zeros((height, width), dtype=np.float32),
        mm_per_px=0.25,
    )


def slab(albedo: float = 0.5, size_mm: tuple[float, float, float] = (40.0, 20.0, 10.0)) -> Part:
    return box(size_mm, (0.0, 0.0, 0.5 * size_mm[2]), surface(8, 8, albedo))


def traced(arcs: tuple[float, float, float] = (1, 1, 1), belt: float = 1.0, size: int = 64, block: int = 32) -> Traced:
    """A square block of light (0.1, 0.2, 0.3) under each arc times ``arcs``, on a belt that keeps ``belt`` of it."""
    covered = np.zeros((size, size), dtype=np.float32)
    edge = (size - block) // 2
    covered[edge : size - edge, edge : size - edge] = 1.0
    light = np.array(arcs, dtype=np.float32)[:, None] * np.array((0.1, 0.2, 0.3), dtype=np.float32)
    features = np.full((size, size, 3), 0.5, dtype=np.float32)
    return Traced(
        item=covered[..., None, None] * light,
        belt=np.repeat((1 - covered)[..., None] * np.float32(0.01 * belt), 3, axis=2),
        coverage=covered,
        height_mm=12.0 * covered,
        albedo=features,
        normal=features,
    )


def layers_of(shown: Traced, fineness: int = 1) -> layers.SpriteLayers:
    height, width = (edge // fineness for edge in shown.coverage.shape)
    empty = np.full((height, width, 3), 0.01, dtype=np.float32)
    return layers.sprite_layers(shown, empty, lambda light, albedo, normal: light, fineness)


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(1, 90)), min_size=1, max_size=40))
def test_shelved_surfaces_lie_apart_and_inside(sizes: list[tuple[int, int]]) -> None:
    places = shelved(sizes, 256, 256)
    if places is None:
        assert sum((w + 2 * GUTTER_PX) * (h + 2 * GUTTER_PX) for w, h in sizes) > 0.25 * 256 * 256
        return
    taken = np.zeros((256, 256), dtype=np.int32)
    for (width, height), place in zip(sizes, places, strict=True):
        assert (place.width, place.height) == (width, height)
        assert min(place.column, place.row) >= GUTTER_PX
        assert max(place.column + width, place.row + height) <= 256 - GUTTER_PX
        taken[place.row - GUTTER_PX : place.row + height + GUTTER_PX,
              place.column - GUTTER_PX : place.column + width + GUTTER_PX] += 1  # fmt: skip
    assert taken.max() == 1


def test_what_is_wider_than_the_sheet_does_not_fit() -> None:
    assert shelved([(300, 4)], 256, 256) is None


def test_packed_places_show_what_they_showed_before() -> None:
    shades = surface(10, 20)
    shades.albedo[:] = np.linspace(0, 1, 10, dtype=np.float32)[:, None, None]  # row 0, dark, is v = 1
    quad = Part(
        corners_mm=np.zeros((4, 3)),
        normals=np.tile((0.0, 0.0, 1.0), (4, 1)),
        places=np.array([(0.5, 0.95), (0.5, 0.05), (0.1, 0.55), (0.9, 0.55)]),
        faces=np.array([(0, 1, 2), (1, 3, 2)], dtype=np.int32),
        surface=shades,
    )
    mesh = packed([slab(0.9), quad])
    height, width = mesh.roughness.shape
    columns, rows = (mesh.places[-4:] * (width, height)).astype(int).T
    np.testing.assert_allclose(mesh.albedo[rows, columns, 0], [0, 1, 4 / 9, 4 / 9], atol=1e-6)
    assert mesh.faces.max() == len(mesh.corners_mm) - 1


def test_a_surface_that_parts_share_is_packed_once() -> None:
    shared = surface(500, 500)
    mesh = packed([box((10, 10, 10), (0, 0, 5), shared) for _ in range(6)])
    assert mesh.roughness.shape == ATLAS_SIZES_PX[0][::-1]


def test_surfaces_beyond_the_largest_atlas_are_scaled_down() -> None:
    mesh = packed([box((10, 10, 10), (0, 0, 5), surface(1500, 1500, albedo)) for albedo in (0.2, 0.4, 0.8)])
    assert mesh.roughness.shape == ATLAS_SIZES_PX[-1][::-1]
    assert {round(float(a), 2) for a in np.unique(mesh.albedo[..., 0])} == {0.0, 0.2, 0.4, 0.8}


def test_nothing_cannot_be_packed() -> None:
    with pytest.raises(ValueError, match="without parts"):
        packed([])


def test_a_white_surface_reads_225_under_the_dome() -> None:
    _, _, z = dome.cell_directions()
    irradiance = (dome.dome(1.0).sum(axis=2) * z).sum() * dome.CELL_SR
    shown = layers.encoded(np.array([dome.WHITE_ALBEDO * irradiance / math.pi], dtype=np.float32))
    assert shown[0] == pytest.approx(225, abs=1)


def test_the_three_arcs_light_the_belt_alike_and_each_from_its_side() -> None:
    x, y, z = dome.cell_directions()
    radiance = dome.dome()
    shares = (radiance * z[..., None]).sum(axis=(0, 1))
    assert shares.max() / shares.min() < 1.12
    for arc, azimuth in enumerate(dome.ARC_AZIMUTHS_RAD):
        towards = (radiance[..., arc] * (x * math.cos(azimuth) + y * math.sin(azimuth))).sum()
        assert towards > 0.3 * radiance[..., arc].sum()


def test_light_is_drawn_where_it_comes_from() -> None:
    radiance = dome.dome()
    table, density = dome.sampling_table(radiance)
    assert len(table) == dome.TABLE_SLOTS
    assert float(density.sum()) * dome.CELL_SR == pytest.approx(1.0, abs=1e-4)
    drawn = np.bincount(table, minlength=density.size) / dome.TABLE_SLOTS
    np.testing.assert_allclose(drawn, density * dome.CELL_SR, atol=1e-7)
    bright = radiance.sum(axis=2).ravel()
    assert np.all((drawn > 0) == (bright > 0))
    assert np.corrcoef(drawn, bright)[0, 1] > 0.99


def test_a_view_has_room_for_the_item_and_its_shadow() -> None:
    low, tall = view_of([slab(size_mm=(40, 20, 4))], 2.0), view_of([slab(size_mm=(40, 20, 80))], 2.0)
    assert low.width_px % 4 == low.height_px % 4 == 0
    assert low.width_px >= 2 * (40 + 2 * MARGIN_MM)
    assert tall.width_px > low.width_px + 2 * 2 * 30
    assert low.finer(2).width_px == 2 * low.width_px


@pytest.mark.parametrize("arc", [0, 1, 2])
def test_one_arc_alone_points_to_its_azimuth(arc: int) -> None:
    lit = np.zeros(3, dtype=np.float32)
    lit[arc] = 2.0
    total, x, y = layers.harmonics(lit)
    assert total == pytest.approx(2.0)
    assert math.hypot(x, y) == pytest.approx(0.827, abs=1e-3)
    assert math.cos(math.atan2(y, x) - dome.ARC_AZIMUTHS_RAD[arc]) == pytest.approx(1.0)


@settings(max_examples=25, deadline=None)
@given(
    arcs=st.tuples(*[st.floats(0.2, 1.0)] * 3),
    strength=st.floats(0.0, 0.9),
    azimuth=st.floats(0, 2 * math.pi),
)
def test_relighting_is_what_the_arcs_would_have_given(
    arcs: tuple[float, float, float], strength: float, azimuth: float
) -> None:
    sprite = layers_of(traced(arcs))
    shown = layers.relit(sprite, strength, azimuth, np.zeros(3, dtype=np.float32))[32, 32]
    gains = [1 + strength * layers.MEAN_COS * math.cos(phi - azimuth) for phi in dome.ARC_AZIMUTHS_RAD]
    expected = sum(arc * gain for arc, gain in zip(arcs, gains, strict=True)) * np.array((0.1, 0.2, 0.3))
    np.testing.assert_allclose(shown, expected, rtol=0.03, atol=0.004)


def test_layers_have_the_contracts_shapes_and_values() -> None:
    sprite = layers_of(traced(belt=0.5))
    assert (sprite.colour.shape, sprite.light.shape, sprite.shade.shape) == ((64, 64, 4), (3, 32, 32), (3, 16, 16))
    assert set(np.unique(sprite.colour[..., 3])) == {0, 255}
    assert sprite.tallest_mm == pytest.approx(12.0)
    assert (sprite.light[2, 16, 16], sprite.light[2, 0, 0]) == (255, 0)
    np.testing.assert_allclose(sprite.light[:2], 128, atol=1)
    assert sprite.shade[0, 8, 8] == pytest.approx(128, abs=2)  # under the item it goes on smoothly
    assert np.all(sprite.shade[0, 0] == 255)  # at the border it has run out
    assert np.all(sprite.shade[0, :, -1] == 255)


def test_an_edge_has_the_items_colour_not_the_belts() -> None:
    whole = traced()
    half = np.where(whole.coverage > 0, np.float32(1), np.float32(0))
    half[16, 16:48] = 0.5
    item = whole.item / np.maximum(whole.coverage, 1)[..., None, None] * half[..., None, None]
    shown = Traced(
        item=item, belt=whole.belt, coverage=half, height_mm=whole.height_mm * half,
        albedo=whole.albedo, normal=whole.normal,
    )  # fmt: skip
    colour = layers_of(shown).colour
    assert colour[16, 30, 3] == 128
    np.testing.assert_allclose(colour[16, 30, :3], colour[32, 32, :3], atol=1)
    np.testing.assert_allclose(colour[2, 2, :3], colour[32, 32, :3], atol=1)  # bled outwards under alpha 0


def test_what_was_traced_finer_gives_the_same_sprite() -> None:
    coarse, fine = layers_of(traced()), layers_of(traced(size=128, block=64), fineness=2)
    for one, other in zip((coarse.colour, coarse.light), (fine.colour, fine.light), strict=True):
        np.testing.assert_allclose(one, other, atol=1)


def test_filled_keeps_what_is_known_and_stays_between_it() -> None:
    rng = np.random.default_rng(3)
    values = rng.uniform(2.0, 3.0, (37, 23, 2)).astype(np.float32)
    weight = (rng.random((37, 23)) < 0.2).astype(np.float32)
    spread = layers.filled(values, weight)
    np.testing.assert_array_equal(spread[weight > 0], values[weight > 0])
    assert spread.min() >= 1.99
    assert spread.max() <= 3.01


def test_display_curve_and_back() -> None:
    shown = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(layers.encoded(layers.decoded(shown)), shown)


def finished(key: str, look: str, shown: Traced | None = None) -> FinishedSprite:
    return FinishedSprite(key=key, look=look, layers=layers_of(shown or traced()), body_px=(16, 16, 48, 48))


def test_the_twin_reads_what_is_written(tmp_path: Path) -> None:
    first, second = finished("hdd35-07/lid", "hdd35"), finished("bolt-01/top", "bolt", traced((0.2, 0.5, 1.0), 0.6))
    size = write_atlas(tmp_path, [first, second], px_per_mm=2.0, built_with={"samples": 4})
    assert size == sum(path.stat().st_size for path in tmp_path.iterdir())
    atlas = Atlas(tmp_path)
    assert sorted(atlas.index.packs) == ["bolt", "hdd35"]
    for sprite in (first, second):
        read = atlas.sprite(sprite.key)
        assert read.tallest_mm == pytest.approx(sprite.layers.tallest_mm, abs=0.01)
        np.testing.assert_array_equal(read.colour[..., 3], sprite.layers.colour[..., 3])
        inside = sprite.layers.colour[..., 3] == 255
        assert np.abs(read.colour[inside].astype(int) - sprite.layers.colour[inside]).mean() < 3
        assert np.abs(read.light.astype(int) - sprite.layers.light).mean() < 4
        assert np.abs(read.shade.astype(int) - sprite.layers.shade).mean() < 4


def test_the_same_sprites_give_the_same_bytes_and_old_packs_go(tmp_path: Path) -> None:
    both = [finished("b-01/top", "b"), finished("a-01/top", "a")]
    write_atlas(tmp_path, both, px_per_mm=2.0, built_with={})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_atlas(tmp_path, both[::-1], px_per_mm=2.0, built_with={})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    write_atlas(tmp_path, both[:1], px_per_mm=2.0, built_with={})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.zip", "index.json"]


def test_what_is_added_leaves_the_packs_there_are_as_they_are(tmp_path: Path) -> None:
    write_atlas(tmp_path, [finished("a-01/top", "a")], px_per_mm=2.0, built_with={"samples": 12, "fineness": 1})
    before = (tmp_path / "a.zip").read_bytes()
    size = add_to_atlas(tmp_path, [finished("a-02/top", "a"), finished("b-01/top", "b")])
    add_to_atlas(tmp_path, [finished("a-03/top", "a")])
    assert (tmp_path / "a.zip").read_bytes() == before
    assert size < sum(path.stat().st_size for path in tmp_path.iterdir())
    atlas = Atlas(tmp_path)
    assert sorted(atlas.index.packs) == ["a", "a-2", "a-3", "b"]
    assert [atlas.sprite(key).tallest_mm for key in ("a-01/top", "a-02/top", "a-03/top", "b-01/top")]
    assert present(tmp_path) == (
        RenderSettings(px_per_mm=2.0, fineness=1, samples=12),
        {"a-01/top", "a-02/top", "a-03/top", "b-01/top"},
    )


def test_a_look_that_is_drawn_again_takes_the_place_of_all_its_packs(tmp_path: Path) -> None:
    write_atlas(tmp_path, [finished("a-01/top", "a"), finished("b-01/top", "b")], px_per_mm=2.0, built_with={})
    add_to_atlas(tmp_path, [finished("a-02/top", "a")])
    before = (tmp_path / "b.zip").read_bytes()
    with pytest.raises(RenderError, match=r"1 sprites that were not drawn would be lost, the first a-01/top"):
        replace_in_atlas(tmp_path, [finished("a-02/top", "a")])
    again = traced((0.2, 0.5, 1.0), 0.6)
    size = replace_in_atlas(tmp_path, [finished("a-01/top", "a", again), finished("a-02/top", "a", again)])
    assert size == sum(path.stat().st_size for path in tmp_path.iterdir())
    assert (tmp_path / "b.zip").read_bytes() == before
    atlas = Atlas(tmp_path)
    assert sorted(atlas.index.packs) == ["a", "b"]
    for key in ("a-01/top", "a-02/top"):
        assert np.abs(atlas.sprite(key).light.astype(int) - layers_of(again).light).mean() < 4


def test_nothing_is_added_where_there_is_no_atlas(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"index\.json: no atlas to add to"):
        add_to_atlas(tmp_path, [])
    (tmp_path / "index.json").write_text('{"version": 7}')
    with pytest.raises(RenderError, match="version 7, this program adds to version 1"):
        present(tmp_path)


def test_a_kept_sprite_comes_back_and_a_torn_one_does_not(tmp_path: Path) -> None:
    kept, sprite = KeptSprites(tmp_path / "new"), layers_of(traced())
    assert kept.layers("hdd35-07/lid") is None
    kept.keep("hdd35-07/lid", sprite, "abc")
    assert kept.fingerprint("hdd35-07/lid") == "abc"
    back = kept.layers("hdd35-07/lid")
    assert back is not None
    np.testing.assert_array_equal(back.colour, sprite.colour)
    (path,) = (tmp_path / "new").iterdir()
    path.write_bytes(path.read_bytes()[:200])
    assert kept.layers("hdd35-07/lid") is None
    assert kept.fingerprint("hdd35-07/lid") == ""
    path.write_bytes(b"")
    assert kept.fingerprint("hdd35-07/lid") == ""


def test_a_fingerprint_follows_from_all_that_is_seen() -> None:
    marks = [
        fingerprint([slab()], 1, WITHOUT_GRAIN),
        fingerprint([slab()], 2, WITHOUT_GRAIN),
        fingerprint([slab()], 1, RenderSettings(samples=5, fineness=1)),
        fingerprint([slab(0.51)], 1, WITHOUT_GRAIN),
        fingerprint([slab().moved((0.0, 0.0, 0.1))], 1, WITHOUT_GRAIN),
        fingerprint([slab(), slab()], 1, WITHOUT_GRAIN),
    ]
    assert len(set(marks)) == len(marks)
    assert fingerprint([slab()], 1, WITHOUT_GRAIN) == marks[0]


def test_what_is_finished_is_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [slab()]
    draws: list[RenderSettings] = []

    def drawn(tracer: object, parts: object, chosen: RenderSettings, turn: int) -> layers.SpriteLayers:
        draws.append(chosen)
        return layers_of(traced())

    monkeypatch.setattr(build, "drawn", drawn)
    monkeypatch.setattr(build, "lying_parts", lambda task: tuple(parts))
    monkeypatch.setattr(build, "_tracer", lambda samples: None)
    (task,) = tasks_of("hdd35-01", "lid")
    assert build.make(task, tmp_path, WITHOUT_GRAIN).drawn
    assert not build.make(task, tmp_path, WITHOUT_GRAIN).drawn
    assert len(draws) == 1
    parts[0] = slab(0.7)
    assert build.make(task, tmp_path, WITHOUT_GRAIN).drawn
    assert build.make(task, tmp_path, RenderSettings(samples=8)).drawn
    (sprite,) = build.finished_sprites([task], tmp_path, WITHOUT_GRAIN)
    assert (sprite.key, sprite.look) == ("hdd35-01/lid", "hdd35")
    assert sprite.body_px[0] == 64 - sprite.body_px[2]
    picture = contact_sheet("hdd35", tmp_path)
    assert picture.shape[1] == 1600
    assert picture.shape[0] > 64


def test_a_model_that_cannot_be_drawn_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(task: object) -> tuple[Part, ...]:
        raise ZeroDivisionError("no radius")

    monkeypatch.setattr(build, "lying_parts", broken)
    (task,) = tasks_of("hdd35-01", "lid")
    outcome = build.make(task, tmp_path, WITHOUT_GRAIN)
    assert outcome.problem == "hdd35-01/lid: ZeroDivisionError: no radius"
    assert not outcome.drawn
    assert list(build.finished_sprites([task], tmp_path, WITHOUT_GRAIN)) == []


def test_a_sheet_goes_on_in_the_next_row() -> None:
    assert laid_out([np.zeros((50, 700, 3), dtype=np.uint8)] * 3).shape == (100, 1600, 3)
    assert laid_out([np.zeros((50, 1700, 3), dtype=np.uint8)]).shape == (50, 1700, 3)


def test_a_sheet_of_nothing_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"none of the \d+ sprites of 'hdd35' is finished"):
        contact_sheet("hdd35", tmp_path)


def test_every_picture_of_every_model_is_drawn_once() -> None:
    worklist = tasks()
    keys = [task.key for task in worklist]
    assert len(set(keys)) == len(keys)
    model = model_named("hdd35-01")
    assert {f"{model.look_of}/{pose.sprite}" for pose in model.poses} <= set(keys)
    assert {task.model.look for task in tasks(("bolt", "fan"))} == {"bolt", "fan"}


def test_unknown_names_are_answered_with_what_there_is() -> None:
    with pytest.raises(RenderError, match=r"no model has the look 'hdd'; looks are .*hdd25, hdd35"):
        tasks(("hdd",))
    with pytest.raises(RenderError, match=r"no model 'disk-1' in the catalogue"):
        tasks_of("disk-1")
    with pytest.raises(RenderError, match=r"hdd35-01 has no pose 'top'; it has lid"):
        tasks_of("hdd35-01", "top")


@pytest.mark.parametrize("absent", ["shapely", "drjit", "pyoidn"])
def test_without_the_extra_its_name_is_told(absent: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(extra, "mitsuba", extra.mitsuba if absent == "drjit" else lambda: None)
    monkeypatch.setenv("DRJIT_LIBLLVM_PATH", "libLLVM.so.19")
    monkeypatch.setitem(sys.modules, absent, None)
    answer = CliRunner().invoke(app, ["sprites", "preview", "hdd35-01", "--out", str(tmp_path / "a.png")])
    assert isinstance(answer.exception, RenderError)
    assert str(answer.exception).endswith("is not installed; it comes with: pip install 'neosort[render]'")


def test_llvm_19_is_found_or_its_package_named(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="libllvm19"):
        extra.llvm_library(tmp_path)
    library = tmp_path / "usr" / "lib" / "x86_64-linux-gnu" / "libLLVM.so.19.1"
    library.parent.mkdir(parents=True)
    (library.parent / "libLLVM.so.15").touch()
    library.touch()
    assert extra.llvm_library(tmp_path) == library


def test_a_white_block_is_traced_as_the_contract_says() -> None:
    if not (find_spec("mitsuba") and find_spec("pyoidn")):
        pytest.skip("tracing needs the extra: pip install 'neosort[render]'")
    from neosort_datasets.rendering.stage import drawn  # noqa: PLC0415 (needs the extra)
    from neosort_datasets.rendering.trace import Tracer  # noqa: PLC0415

    matt = surface(8, 8, dome.WHITE_ALBEDO, roughness=1.0)
    block = box((40.0, 20.0, 10.0), (0.0, 0.0, 5.0), matt, bevel_mm=3.0)
    sprite = drawn(Tracer(16), [block], RenderSettings(px_per_mm=1.0, fineness=2), 0)
    height, width = sprite.colour.shape[:2]
    row, column = height // 2, width // 2
    assert sprite.colour[row, column, 3] == 255
    assert sprite.colour[row, column, 1] == pytest.approx(228, abs=8)  # its gloss comes on top of 225
    assert sprite.light[2, row // 2, column // 2] == 255
    assert sprite.tallest_mm == pytest.approx(10.0, abs=0.3)
    np.testing.assert_allclose(sprite.light[:2, row // 2, column // 2], 128, atol=10)
    across = sprite.light[1, :, column // 2][sprite.light[2, :, column // 2] > 0].astype(int)
    assert across[0] > 128 + 25  # the bevel of highest y is lit from +y, the other from -y
    assert across[-1] < 128 - 25
    beside, far = sprite.shade[0, row // 4, (width + 48) // 8], sprite.shade[0, row // 4, 0]
    assert beside < far - 8
    assert far > 245
    covered = (sprite.colour[..., 3] / 255).sum()
    assert covered == pytest.approx(40 * 20 * (1300 / 1290) ** 2, rel=0.02)
