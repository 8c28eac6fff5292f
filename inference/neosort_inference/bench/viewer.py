"""What somebody who looks on costs the loop: decision latency without a page, with one, and with a browser before it.

The real loop in real time on a lap of belt from memory, as on a line; the belt of 2.8 m/s gives ten windows a second,
so the page shows as many views as it ever does. The three ways are taken in turn, so that a busy minute of the machine
falls on all of them.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from neosort_hardware.config import ConfigError
from neosort_inference.bench.counted_by import CountedBy
from neosort_inference.bench.lap import twin_lap
from neosort_inference.bench.line import WANTED, Pass, run_belt
from neosort_inference.bench.record import Record, keep, must_take_json, origin
from neosort_inference.faults.alarm_log import unlogged
from neosort_inference.opening import open_bundle, open_config, open_recipe
from neosort_inference.options import BundleOption, ConfigOption, JsonOption, RecipeOption
from neosort_inference.report import percentiles
from neosort_inference.sorting import SortingPlan
from neosort_inference.ui.server import PageProcess
from neosort_inference.watching import PageWatcher

Way = Literal["no page", "page", "browser"]
LAP_M = 30.0
BROWSER_STARTS_S = 8.0
_ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1280,800")


def viewer(
    *,
    speed: Annotated[float, typer.Option(min=0.5, max=3, help="m/s of the belt.")] = 2.8,
    metres: Annotated[float, typer.Option(min=10, max=10_000, help="Belt of each repeat of each way.")] = 60.0,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="Times that each way is taken.")] = 3,
    chromium: Annotated[str, typer.Option(help="The browser.")] = "chromium",
    config: ConfigOption = None,
    bundle: BundleOption = None,
    recipe: RecipeOption = None,
    json_file: JsonOption = None,
) -> None:
    """What does somebody who looks on cost? Decision latency without a page, with one, with a browser before it.

    In real time, on this machine as busy as it is. Needs Chromium (Debian: chromium).
    """
    browser = shutil.which(chromium)
    if browser is None:
        raise ConfigError(f"--chromium {chromium}: no such program; install the Debian package chromium")
    must_take_json(json_file)
    console, line = Console(), open_config(config, speed)
    plan = SortingPlan(bundle=open_bundle(bundle, line), recipe=open_recipe(recipe), kept=None)
    lap = twin_lap(line, LAP_M, 1)
    ways: tuple[Way, ...] = get_args(Way)
    passes: dict[Way, list[Pass]] = {way: [] for way in ways}
    views: list[float] = []
    with unlogged():
        for way in track(ways * repeats, "belt", console=console):
            with looked_at(way, browser) as page:
                watchers = () if page is None else (PageWatcher(page),)
                passes[way].append(run_belt(lap, plan, speed, metres, CountedBy.REAL, watchers=watchers))
                if page is not None:
                    views.append(page.published / (metres / speed))
    record = figures(passes) | {"views_per_s": float(np.median(views)), "metres": metres, "speed_m_s": speed} | origin()
    _print(record, console)
    keep(record, json_file, console)


@contextmanager
def looked_at(way: Way, browser: str) -> Iterator[PageProcess | None]:
    """The page, where there is one; a browser has had time to draw it."""
    with ExitStack() as stack:
        if way == "no page":
            yield None
            return
        page = PageProcess("127.0.0.1", 0)
        stack.callback(page.stop)
        if way == "browser":
            folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            process = subprocess.Popen(
                [browser, *_ARGUMENTS, f"--user-data-dir={Path(folder) / 'profile'}", page.url],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            time.sleep(BROWSER_STARTS_S)
        yield page


def figures(passes: dict[Way, list[Pass]]) -> Record:
    """Of each way: every decision's latency pooled, and each repeat's p99."""
    return {"ways": {way: _row(some) for way, some in passes.items()}}


def _row(passes: Sequence[Pass]) -> Record:
    each = [percentiles(one.latency_ms, WANTED)["p99"] for one in passes]
    return {
        "decisions": sum(len(one.latency_ms) for one in passes),
        "latency_ms": percentiles([ms for one in passes for ms in one.latency_ms], WANTED),
        "p99_ms_each": each,
        "late": sum(one.late for one in passes),
        "processor_ms_per_window": 1e3 * sum(one.processor_s for one in passes) / sum(one.windows for one in passes),
    }


def _print(record: Record, console: Console) -> None:
    table = Table(
        "", "decisions", "p50", "p99", "p99 of each repeat", "late", "processor a window", title="who looks on"
    )
    for way, row in record["ways"].items():
        latency = row["latency_ms"]
        each = " ".join("—" if ms is None else f"{ms:.1f}" for ms in row["p99_ms_each"])
        table.add_row(
            way, f"{row['decisions']:,}", _ms(latency["p50"]), _ms(latency["p99"]), f"{each} ms", str(row["late"]),
            _ms(row["processor_ms_per_window"]),
        )  # fmt: skip
    console.print(table)
    load = record["load_average"][0]
    console.print(f"{record['views_per_s']:.1f} views a second; load of the machine {load:.1f}", highlight=False)


def _ms(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f} ms"
