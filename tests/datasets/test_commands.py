"""The commands of `neosort-data` from end to end, as a person types them."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from tests.datasets.data_sets import coco
from tests.datasets.data_sets import picture_file as save
from tests.datasets.test_synthesis import PLAN, make, quick_windows
from tests.datasets.window_stores import item, window, writer
from typer.testing import CliRunner

from neosort_datasets import cli, commands_synth
from neosort_datasets.interchange.exporting import WRITERS
from neosort_datasets.manifest import MANIFEST
from neosort_datasets.picture_store import PictureStore
from neosort_datasets.store import WindowStore
from neosort_datasets.synthesis import parts_done


def said(monkeypatch, capsys, *arguments, code=0):
    """What the command says, spaces evened out; its exit code is ``code``."""
    monkeypatch.setattr(sys, "argv", ["neosort-data", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert (left.value.code or 0) == code
    heard = capsys.readouterr()
    return " ".join((heard.out + heard.err).split())


@pytest.fixture
def picture_set(tmp_path):
    """Three pictures in COCO, one with a box that reaches out, one missing."""
    for number, name in enumerate(("a", "b", "c")):
        save(tmp_path / "set" / f"{name}.jpg", seed=number)
    images = [(number, f"{name}.jpg", 80, 60) for number, name in enumerate(("a", "b", "c", "gone"))]
    boxes = [(number, number, 1, [60 + 10 * number, 5, 15, 15]) for number in range(3)]
    return coco(tmp_path / "set", images, boxes)


def test_import_tells_what_it_took_and_what_was_wrong(monkeypatch, capsys, tmp_path, picture_set):
    heard = said(monkeypatch, capsys, "import", picture_set, tmp_path / "store", "--licence", "MIT")
    for text in ("│ pictures │ 3 │", "│ boxes │ 2 │", "picture named but not there │ 1 │ left out", "gone.jpg"):
        assert text in heard
    for text in ("box that reaches out of its picture │ 1 │ clipped", "box wholly outside its picture │ 1 │ left out"):
        assert text in heard
    assert "origin: set; licence: MIT (3)" in heard


def test_import_export_verify_split_stats_view(monkeypatch, capsys, tmp_path, picture_set):
    store = tmp_path / "store"
    said(monkeypatch, capsys, "import", picture_set, store)
    for name in WRITERS:
        assert "│ pictures │ 3 │" in said(monkeypatch, capsys, "export", store, tmp_path / name, "--format", name)
    heard = said(monkeypatch, capsys, "verify", store)
    assert "3 pictures, all as written and all in order" in heard
    assert "unknown" not in heard
    heard = said(monkeypatch, capsys, "split", store, tmp_path / "train=2", tmp_path / "test=1")
    assert "│ train │ 2 │ 66.7% │ 66.7% │ 2 │" in heard
    assert "3 pictures, 2 boxes" in said(monkeypatch, capsys, "stats", store, "--html", tmp_path / "page.html")
    said(monkeypatch, capsys, "view", store, "--out", tmp_path / "sheet.png", "--first", 1, "--count", 2)
    assert {"page.html", "sheet.png", "train", "test", *WRITERS} <= {path.name for path in tmp_path.iterdir()}


def test_verify_has_one_line_a_problem_and_exit_code_one(monkeypatch, capsys, tmp_path):
    writer(tmp_path / "store").append([window(1, items=[item(kind="toaster"), item(2, mass_g=0.0, magnet_g=0.0)])])
    (tmp_path / "store" / "shard-00000" / "labels.json").touch()
    runner = CliRunner()
    result = runner.invoke(cli.app, ["verify", str(tmp_path / "store")])
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 2
    assert "kind 'toaster'" in result.output


def test_verify_names_classes_that_nobody_mapped(monkeypatch, capsys, tmp_path, picture_set):
    for_map = picture_set / "_annotations.coco.json"
    for_map.write_text(for_map.read_text().replace("phone", "3"))
    said(monkeypatch, capsys, "import", picture_set, tmp_path / "store")
    assert "imported without a class map: '3'" in said(monkeypatch, capsys, "verify", tmp_path / "store")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("import", "{set}", "{new}", "--format", "tfrecord"), "must be one of auto, coco, yolo, voc, cvat, labelme"),
        (("import", "{new}", "{new}"), "not a folder with a data set"),
        (("import", "{set}", "{new}", "--class-map", "{new}"), "cannot be read"),
        (("import", "{set}", "{windows}"), "names no readable batch of pictures"),
        (("export", "{windows}", "{set}", "--format", "coco"), "is there already and not empty"),
        (("export", "{new}", "{new}", "--format", "coco"), "manifest.jsonl: cannot be read"),
        (("split", "{windows}", "{new}"), "must be FOLDER=WEIGHT"),
        (("split", "{windows}", "{new}=1"), "at least two shares"),
        (("view", "{windows}", "--out", "{new}.png", "--first", "1"), "the store holds 0 to 0"),
        (("synth", "{windows}", "--windows", "1"), "cannot be gone on with"),
        (("synth", "{new}", "--belt-speed", "2.8"), "--belt-speed goes with --scenes line"),
        (("synth", "{new}", "--scenes", "line", "--belt-speed", "9"), "--belt-speed: speed_m_per_s = 9.0"),
    ],
)
def test_refusals_are_one_sentence_and_leave_nothing(request, tmp_path, picture_set, arguments, why):
    monkeypatch, capsys = request.getfixturevalue("monkeypatch"), request.getfixturevalue("capsys")
    writer(tmp_path / "windows").append([window(1)])
    places = {"set": picture_set, "windows": tmp_path / "windows", "new": tmp_path / "new"}
    heard = said(monkeypatch, capsys, *(argument.format(**places) for argument in arguments), code=2)
    assert heard.startswith("neosort-data: ")
    assert why in heard
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set", "windows"]


def test_synth_goes_on_and_says_so(monkeypatch, capsys, tmp_path):
    made = []

    def stopping(part):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(part)
        return quick_windows(part)

    arguments = ("synth", tmp_path / "store", "--windows", 400, "--workers", 1)
    maker = commands_synth.synthesise
    monkeypatch.setattr(commands_synth, "synthesise", lambda *a, **k: maker(*a, **k, make=stopping))
    assert "the same command goes on from here" in said(monkeypatch, capsys, *arguments, code=130)
    monkeypatch.setattr(commands_synth, "synthesise", lambda *a, **k: maker(*a, **k, make=quick_windows))
    assert "160 windows are there and as written" in said(monkeypatch, capsys, *arguments)
    assert len(WindowStore(tmp_path / "store").entries) == 5


SLOWLY = """
import sys, time
from pathlib import Path
from tests.datasets.test_synthesis import PLAN, make, quick_windows

def maker(part):
    time.sleep(0.2)
    return quick_windows(part)

make(Path(sys.argv[1]), maker=maker)
"""


def test_a_killed_synth_leaves_a_store_that_is_whole_and_goes_on(tmp_path):
    """Ended without a warning while it is at it, as a power cut would."""
    store = tmp_path / "store"
    process = subprocess.Popen([sys.executable, "-c", SLOWLY, str(store)])
    until = time.monotonic() + 60
    while not (store / MANIFEST).exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    process.wait()
    done, _ = parts_done(store, PLAN)
    assert 1 <= done < len(PLAN.parts())
    make(store, skip=done)
    whole = WindowStore(store)
    assert [entry.seed for entry in whole.entries] == [part.seed for part in PLAN.parts()]
    assert whole.verify() == []


def test_an_import_killed_leaves_nothing_or_whole_batches(tmp_path, picture_set):
    """Between the batch and its line in the manifest: the batch is not the store's, and is told."""
    CliRunner().invoke(cli.app, ["import", str(picture_set), str(tmp_path / "store")])
    manifest = tmp_path / "store" / MANIFEST
    line = manifest.read_text()
    manifest.write_text(line + line.replace("batch-00000", "batch-00001")[:50])
    store = PictureStore(tmp_path / "store")
    assert (len(store), len(store.verify())) == (3, 1)
