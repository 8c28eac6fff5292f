"""The pages in a real browser, on the twin: what a technician sees, touches, and brings about."""

from __future__ import annotations

import httpx
import pytest
from tests.browsing import browser, must_have_a_browser, running
from tests.hardware.waiting import WITHIN_S, eventually
from tests.keyboard import faults_for_eyes, faults_for_keys, focus_among, focused, nameless

from neosort_inference.ui.shell import PLACES

ITEMS = 30
MISSET_TOML = 'name = "mis-set"\n[twin.truth]\nmm_per_count = 0.55\n'  # the line takes it for 0.5: another wheel
LARGE_PX = 48
SHOWN_THEME = "return document.documentElement.dataset.theme"
ASKED_NAME = "return document.activeElement.matches('.q-dialog input')"
# What is to be touched and is smaller than that, by name; of a field its frame counts.
_SMALL = """
return [...document.querySelectorAll("button, a, input, .q-slider__thumb")]
    .filter((one) => one.checkVisibility() && !one.matches(".skip"))
    .map((one) => [one.innerText || one.className, (one.closest(".q-field__control") ?? one).getBoundingClientRect()])
    .filter(([, box]) => Math.min(box.height, box.width) < arguments[0] - 0.5)
    .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)
"""


@pytest.fixture(scope="module")
def chromium():
    must_have_a_browser()
    with browser() as one:
        yield one


@pytest.fixture(scope="module")
def line(tmp_path_factory, chromium):
    with running("--belt-speed", "0.5", state=tmp_path_factory.mktemp("state")) as one:
        one.seen(1)
        yield one


@pytest.fixture
def page(line, chromium):
    """The browser as on a new device, on the lightest page that there is."""
    chromium.become(1280, 800, dark=True)
    chromium.driver.get(line.url + "login")
    chromium.js("localStorage.clear()")
    chromium.complaints()
    return chromium


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_every_page_fits_a_tablet_is_worked_by_keys_alone_and_asks_nobody_but_its_own_host(line, page, place):
    page.hosts_asked()
    page.open(line.url.rstrip("/") + place.path)
    eventually(lambda: page.text(".facts b").endswith("m/s"))
    assert page.text("h1") == place.name
    assert page.text(".rail [aria-current]").endswith(place.name)
    for width, height, dark in ((1280, 800, True), (1024, 768, False)):
        page.become(width, height, dark=dark)
        eventually(lambda dark=dark: page.js(SHOWN_THEME) == ("dark" if dark else "light"))
        assert page.js(_SMALL, LARGE_PX) == []
        assert page.js("return document.documentElement.scrollWidth") <= width
        must_be_for_all(page)
    assert page.hosts_asked() == {line.url.split("/")[2]}
    assert page.complaints() == []


def must_be_for_all(page):
    """To be read, worked by keys, and told to whoever does not see it."""
    assert faults_for_eyes(page) == []
    assert faults_for_keys(page) == []
    assert nameless(page) == []


def test_the_belt_runs_with_the_field_beside_it_at_the_same_place(line, page):
    page.open(line.url)
    eventually(lambda: page.js("return document.querySelectorAll('#belt-picture .box').length"))
    heights = page.js("return ['picture', 'field'].map((one) => document.getElementById('belt-' + one).clientHeight)")
    assert heights[0] == heights[1]
    moved = "return ['picture', 'field'].map((one) => document.querySelector(`#belt-${one} .layer`).style.transform)"
    first, beside = page.js(moved)
    assert first == beside
    eventually(lambda: page.js(moved)[0] != first)


def test_the_theme_follows_the_system_until_somebody_chooses(line, page):
    page.open(line.url + "models")
    assert page.js(SHOWN_THEME) == "dark"
    page.become(1280, 800, dark=False)
    eventually(lambda: page.js(SHOWN_THEME) == "light")
    dark_ground = "return getComputedStyle(document.body).backgroundColor"
    light = page.js(dark_ground)
    page.press("as system")
    page.press("light")
    eventually(lambda: page.js(SHOWN_THEME) == "dark")
    page.open(line.url + "health")
    assert page.js(SHOWN_THEME) == "dark"
    assert page.js(dark_ground) != light


def test_dragging_the_threshold_shows_what_it_costs(line, page):
    from selenium.webdriver.common.action_chains import ActionChains  # noqa: PLC0415
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415

    page.open(line.url + "recipe")

    def figures() -> list[str]:
        return [page.text(f".tile-n.{name} .number") for name in ("threshold", "recovery", "mass", "purity")]

    eventually(lambda: page.text(".tile-n.recovery .under") == "as now")
    assert "is proven" in page.text(".proof")
    now = figures()
    thumb = page.driver.find_element("css selector", ".q-slider__thumb")
    ActionChains(page.driver).drag_and_drop_by_offset(thumb, -150, 0).perform()
    eventually(lambda: figures()[0] != now[0])
    eventually(lambda: "points against now" in page.text(".tile-n.recovery .under"))
    stricter = figures()
    assert float(stricter[0]) > float(now[0])
    assert _percent(stricter[1]) < _percent(now[1])
    assert _percent(stricter[3]) >= _percent(now[3])
    page.js("document.querySelector('.weighing .q-slider [tabindex]').focus()")
    ActionChains(page.driver).send_keys(Keys.ARROW_RIGHT).perform()
    eventually(lambda: float(figures()[0]) < float(stricter[0]))
    page.press("≥ 80 %")
    eventually(lambda: "Purity of 80 % or better is proven" in page.text(".proof"))


def _percent(words: str) -> float:
    return float(words.replace("%", "").strip())


def test_a_person_stops_the_line_under_a_name_and_starts_it_again_by_keys_alone(line, page):
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415

    def comes_to(words: str) -> None:
        while words not in focused(page):
            page.tab(1)

    page.open(line.url + "models")
    comes_to("Stop")
    page.type(Keys.SPACE)
    eventually(lambda: page.js(ASKED_NAME))
    assert all(focus_among(page, ".q-dialog", 5))
    page.type(Keys.ESCAPE)
    eventually(lambda: "Stop" in focused(page))
    page.type(Keys.ENTER)
    eventually(lambda: page.js(ASKED_NAME))
    page.type("Ada" + Keys.ENTER)
    eventually(lambda: page.shows("stopped by Ada"))
    eventually(lambda: line.status()["stopped_by"] == "stopped by Ada")
    eventually(lambda: "Start" in focused(page))  # which has taken the place of the other
    page.open(line.url + "health")  # another page of the same device knows her
    eventually(lambda: page.js("return document.querySelector('.top .key')?.checkVisibility()"))
    comes_to("Start")
    page.type(Keys.ENTER)
    eventually(lambda: line.status()["state"] == "sorting")
    assert page.shows("Ada")


def test_a_lot_is_weighed_closed_and_given_away(line, page):
    page.js("localStorage.setItem('name', 'Ada')")
    page.open(line.url + "lots")
    eventually(lambda: page.shows("Ada"))
    page.press("Open a lot")
    eventually(lambda: page.shows("· Ada ·"))  # until then the first lot of the list is the one that was closed for it
    page.press("What is in it")
    page.write("input[aria-label='mass, kg']", "412.5")
    page.press("Enter it")
    eventually(lambda: page.shows("412.50 kg"))
    page.press("Close")
    eventually(lambda: page.shows("NdFeB in the product"))
    assert page.shows("signed by this line’s ledger")
    assert page.js(_SMALL, LARGE_PX) == []
    assert page.js("return document.documentElement.scrollWidth") <= 1280
    must_be_for_all(page)
    report = page.driver.find_element("link text", "Report").get_attribute("href")
    answer = httpx.get(report, timeout=WITHIN_S)
    assert "412.50 kg" in answer.text
    assert page.complaints() == []


def test_a_technician_calibrates_a_mis_set_line_and_recovery_comes_back(chromium, tmp_path):
    config = tmp_path / "line.toml"
    config.write_text(MISSET_TOML, encoding="utf-8")
    options = ("--fast", "--config", str(config), "--seed", "3")
    with running(*options, state=tmp_path / "state") as line:
        before = line.seen(ITEMS)["recovery"]
        chromium.driver.get(line.url + "login")
        chromium.js("localStorage.setItem('name', 'Ada')")
        chromium.open(line.url + "calibrate/encoder-scale")
        must_be_for_all(chromium)
        chromium.press("Stop the line and begin")
        eventually(lambda: chromium.shows("Passed"))
        must_be_for_all(chromium)
        chromium.press("Apply")
        eventually(lambda: chromium.shows("in force"))
        line.end()
    with running(*options, state=tmp_path / "state") as line:
        after = line.seen(ITEMS)["recovery"]
    assert after > before + 0.2
