"""Takes the pictures of the pages that stand in `docs/`: `python -m docs.screenshots`, from the repository's root.

A simulated line runs in real time meanwhile, and a calibration is made on it. Needs the extra `dev` and the Debian
packages chromium and chromium-driver.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image
from tests.browsing import Browser, browser, running
from tests.hardware.waiting import eventually

FOLDER = Path(__file__).parent
LIVE_S = 15.0
COLOURS = 255
MISSET = 'name = "demo"\n[twin.truth]\nmm_per_count = 0.503\n'


def main() -> None:
    """All of them."""
    with tempfile.TemporaryDirectory() as folder, browser() as one:
        config = Path(folder) / "line.toml"
        config.write_text(MISSET, encoding="utf-8")
        with running("--config", str(config), state=Path(folder) / "state") as line:
            line.seen(1)
            one.open(line.url)
            one.js("localStorage.setItem('name', 'Ada')")
            one.open(line.url)
            one.wait(LIVE_S)
            take(one, "page")
            for name, dark in (("recipe", True), ("models", False), ("health", True), ("calibrate", False)):
                one.become(1280, 800, dark=dark)
                one.open(line.url + name)
                one.wait(3)
                take(one, f"page-{name}")
            one.become(1280, 800, dark=True)
            one.open(line.url + "calibrate/encoder-scale")
            one.press("Stop the line and begin")
            eventually(lambda: one.js("return document.querySelector('.live img')?.naturalWidth > 0"))
            one.wait(1)
            take(one, "page-measure")
            eventually(lambda: one.shows("Passed"))
            one.wait(1)
            take(one, "page-result")
            one.press("Discard")
            one.press("Start")
            one.become(1024, 768, dark=False)
            one.open(line.url)
            one.wait(LIVE_S)
            take(one, "page-tablet")
            one.open(line.url + "lots")
            one.press("What is in it")
            one.wait(3)
            take(one, "page-lots")


def take(one: Browser, name: str) -> None:
    """One picture, in as few colours as do."""
    if one.shows("Acknowledge all"):  # what a machine that had just started was too busy for
        one.press("Acknowledge all")
        one.wait(2)
    if one.js("return document.querySelector('#belt-picture') !== null"):
        eventually(lambda: one.js("return document.querySelectorAll('#belt-picture .there').length >= 4"))
    path = FOLDER / f"{name}.png"
    one.picture(path)
    Image.open(path).convert("RGB").quantize(COLOURS, kmeans=2, dither=Image.Dither.FLOYDSTEINBERG).save(
        path, optimize=True
    )
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
