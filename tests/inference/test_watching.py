"""What the page is told while the line has no new window to show."""

from dataclasses import replace

import numpy as np

from neosort_inference.faults.alarms import AlarmBook
from neosort_inference.telemetry import Telemetry, WindowView
from neosort_inference.ui.server import PageError
from neosort_inference.watching import PageWatcher


class Page:
    """In place of the page's process."""

    def __init__(self) -> None:
        self.views, self.alive, self.served_again, self.refuses = [], True, 0, False

    def serve_again(self) -> None:
        if self.refuses:
            raise PageError("the page cannot be served on here:80")
        self.served_again += 1
        self.alive = True

    def publish(self, view: WindowView) -> None:
        self.views.append(view)


SNAPSHOT = Telemetry(started_ns=0).snapshot(10_000_000_000, 10_000.0, 1.0)
VIEW = WindowView(
    picture=np.zeros((2, 2, 3), np.uint8),
    field_ut=np.zeros((3, 1, 1), np.float32),
    field_mask=np.zeros((2, 1, 1), np.float32),
    start_mm=0.0,
    mm_per_px=1.0,
    across_start_mm=0.0,
    decisions=(),
    snapshot=SNAPSHOT,
)


def alarms():
    book = AlarmBook()
    book.raise_("interlock.opened", "guard 2", 1)
    return book.open


def test_a_fault_is_shown_though_no_window_comes():
    page = Page()
    watcher = PageWatcher(page)
    watcher.show(VIEW)
    watcher.update(replace(SNAPSHOT, elapsed_s=10.2, alarms=alarms()))
    assert [view.snapshot.alarms for view in page.views] == [(), alarms()]
    assert page.views[1].picture is VIEW.picture


def test_a_line_without_news_is_shown_again_once_a_second():
    page = Page()
    watcher = PageWatcher(page)
    watcher.show(VIEW)
    for tenth in range(1, 31):
        watcher.update(replace(SNAPSHOT, elapsed_s=10.0 + 0.1001 * tenth))
    assert len(page.views) == 4


def test_before_the_first_window_nothing_is_shown_but_alarms():
    page = Page()
    watcher = PageWatcher(page)
    watcher.update(replace(SNAPSHOT, state="finished"))
    assert page.views == []
    watcher.update(replace(SNAPSHOT, alarms=alarms()))
    assert [view.snapshot.alarms for view in page.views] == [alarms()]


def test_a_page_that_has_died_is_served_anew_and_shows_the_last_window():
    page, now_s = Page(), [0.0]
    watcher = PageWatcher(page, lambda: now_s[0])
    watcher.show(VIEW)
    page.alive = False
    watcher.update(SNAPSHOT)
    assert (page.served_again, len(page.views)) == (1, 2)
    page.alive, page.refuses = False, True
    for now_s[0] in (1.0, 9.0, 10.5, 12.0):  # tried again, and not in every turn
        watcher.update(SNAPSHOT)
    page.refuses = False
    now_s[0] = 20.0
    watcher.update(SNAPSHOT)
    assert page.served_again == 1
    now_s[0] = 20.6
    watcher.update(SNAPSHOT)
    assert page.served_again == 2
