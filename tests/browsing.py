"""A line that runs and a browser before its pages: Debian's Chromium, driven by Selenium."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.hardware.waiting import WITHIN_S, eventually

CHROMIUM, DRIVER = "chromium", "chromedriver"
_ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
    "--disable-dev-shm-usage", "--force-device-scale-factor=1",
)  # fmt: skip


# `neosort`, but that virtual time is charged with what it computes itself: other programs' share of a busy machine
# would make every shot late.
_RUN = """
import time
from neosort_hardware.clock import RealClock, VirtualClock
from neosort_inference import cli, commands
commands.clock_of = lambda *, fast: VirtualClock(computing_ns=time.thread_time_ns) if fast else RealClock()
cli.main()
"""


def must_have_a_browser() -> None:
    """Skips the tests of a machine that lacks one, and says what to install."""
    pytest.importorskip("selenium", reason="needs the extra 'dev' (selenium)")
    for program, package in ((CHROMIUM, "chromium"), (DRIVER, "chromium-driver")):
        if shutil.which(program) is None:
            pytest.skip(f"needs the Debian package {package}")


class Line:
    """`neosort run` in a process of its own, on the twin, with its pages."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self._process = process
        self.url = url

    def status(self) -> dict:
        """How it stands; empty before its first window."""
        try:
            answer = httpx.get(f"{self.url}api/v1/status", timeout=WITHIN_S)
        except httpx.TransportError:
            return {}
        return answer.json() if answer.status_code == 200 else {}

    def seen(self, items: int) -> dict:
        """How it stands once it has seen so many items."""
        return eventually(lambda: self._seen(items))

    def _seen(self, items: int) -> dict:
        status = self.status()
        return status if status.get("items_seen", 0) >= items else {}

    def end(self) -> None:
        """As a service manager ends it."""
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate(timeout=WITHIN_S)


@contextmanager
def running(*options: str, state: Path) -> Iterator[Line]:
    """A line with those options; its state lies in that folder."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", _RUN, "run", "--port", "0"]
    with subprocess.Popen(
        [*command, "--state", str(state), *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=environment,
    ) as process:  # fmt: skip
        said = []
        for word in process.stdout:
            said.append(word)
            if found := re.search(r"live page: (\S+)", word):
                break
        else:
            raise AssertionError("".join(said))
        drain = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
        line = Line(process, found[1])
        try:
            yield line
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            drain.wait()


@contextmanager
def browser(width: int = 1280, height: int = 800, *, dark: bool = True) -> Iterator[Browser]:
    """A browser with a window of that size, on a system that prefers that theme."""
    from selenium import webdriver  # noqa: PLC0415
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which(CHROMIUM)
    for argument in _ARGUMENTS:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which(DRIVER)))
    try:
        yield Browser(driver, width, height, dark=dark)
    finally:
        driver.quit()


# Of a page that is left while it still connects; of pictures that a slow browser asks for when they are gone.
_EXPECTED = ("WebSocket is closed before the connection is established", "/api/v1/frame.jpg?", "/api/v1/field.png?")


class Browser:
    """What a technician sees and touches."""

    def __init__(self, driver, width: int, height: int, *, dark: bool) -> None:
        self.driver = driver
        driver.set_script_timeout(WITHIN_S)
        driver.set_page_load_timeout(WITHIN_S)
        self.become(width, height, dark=dark)

    def become(self, width: int, height: int, *, dark: bool) -> None:
        """Another tablet."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        theme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": theme})

    def open(self, url: str) -> None:
        """Go there; back when the page has its connection."""
        self.driver.get(url)
        eventually(lambda: self.js("return window.did_handshake === true"))

    def js(self, script: str, *arguments):
        """What a script comes to."""
        return self.driver.execute_script(script, *arguments)

    def text(self, selector: str) -> str:
        """What stands there."""
        return self.js("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def shows(self, words: str) -> bool:
        """Whether these words are to be read now."""
        return self.js("return document.body.innerText.includes(arguments[0])", words)

    def press(self, words: str) -> None:
        """The button with those words, as soon as it is there."""
        eventually(lambda: self._press(words))

    def _press(self, words: str) -> bool:
        from selenium.common import exceptions  # noqa: PLC0415

        try:
            for button in self.driver.find_elements("xpath", f"//button[contains(normalize-space(.), {words!r})]"):
                if button.is_displayed() and button.is_enabled():
                    button.click()
                    return True
        except (exceptions.StaleElementReferenceException, exceptions.ElementClickInterceptedException):
            pass  # the page was just being drawn anew: it is looked for again
        return False

    def tab(self, times: int) -> None:
        """That key, so often."""
        from selenium.webdriver.common.keys import Keys  # noqa: PLC0415

        self.type(Keys.TAB * times)

    def type(self, keys: str) -> None:
        """Into whatever has the focus."""
        from selenium.webdriver.common.action_chains import ActionChains  # noqa: PLC0415

        ActionChains(self.driver, duration=0).send_keys(keys).perform()

    def write(self, selector: str, words: str) -> None:
        """Into a field, and Enter."""
        from selenium.webdriver.common.keys import Keys  # noqa: PLC0415

        field = eventually(lambda: next(iter(self.driver.find_elements("css selector", selector)), None))
        field.send_keys(words, Keys.ENTER)

    def complaints(self) -> list[str]:
        """What the console has complained of since this was asked last."""
        said = [one["message"] for one in self.driver.get_log("browser") if one["level"] == "SEVERE"]
        return [one for one in said if not any(expected in one for expected in _EXPECTED)]

    def hosts_asked(self) -> set[str]:
        """Whom the browser has asked for anything since this was asked last."""
        sent = (json.loads(one["message"])["message"] for one in self.driver.get_log("performance"))
        urls = [one["params"]["request"]["url"] for one in sent if one["method"] == "Network.requestWillBeSent"]
        return {url.split("/")[2] for url in urls if "://" in url}

    def picture(self, path: Path) -> None:
        """Keep what is shown."""
        self.driver.save_screenshot(str(path))

    def wait(self, seconds: float) -> None:
        """For live data, where a picture is taken; no test waits so."""
        time.sleep(seconds)
