"""How far something long is, where nobody looks at a screen and where somebody does."""

from __future__ import annotations

import io

from rich.console import Console

from neosort_datasets.progress import shown


def test_a_log_gets_a_line_a_minute_with_the_time_left() -> None:
    said, now = io.StringIO(), [0.0]
    with shown(Console(file=said), "items", 600, now_s=lambda: now[0]) as done:
        for seconds in range(10, 190, 10):
            now[0] = float(seconds)
            done(10)
    lines = said.getvalue().splitlines()
    assert lines == [
        "60 of 600 items, some 9 min left",
        "120 of 600 items, some 8 min left",
        "180 of 600 items, some 7 min left",
    ]


def test_a_screen_gets_a_bar() -> None:
    said = io.StringIO()
    with shown(Console(file=said, force_terminal=True, width=100), "lots", 5) as done:
        done(5)
    assert "5/5" in said.getvalue()
