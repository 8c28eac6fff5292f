"""Small pieces of markup that the pages share. Whatever comes from a line or a person is escaped in here."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

from nicegui import ui

NONE_YET = "—"
Tone = Literal["ok", "warn", "bad", "quiet"]


def markup(content: str, classes: str = "", tag: str = "div") -> ui.html:
    """Markup of our own making; whatever comes from a line or a person is escaped before it gets here."""
    element = ui.html(content, sanitize=False, tag=tag)
    return element.classes(classes) if classes else element


def show(element: ui.html, content: str) -> None:
    """Put ``content`` there. What has not changed need not travel to every screen again."""
    if element.content != content:
        element.set_content(content)


@contextmanager
def panel(title: str, about: str = "", classes: str = "") -> Iterator[ui.element]:
    """A panel with a heading, and what belongs in it inside its body. ``about``: one line beside the heading."""
    with ui.element("section").classes(f"panel {classes}"):
        markup(f"<h2>{html.escape(title)} <small>{html.escape(about)}</small></h2>")
        with ui.element("div").classes("body") as body:
            yield body


def mark(tone: Tone, words: str) -> str:
    """A word on how something stands; each tone has a shape of its own beside its colour."""
    return f'<span class="mark {tone}">{html.escape(words)}</span>'


def tile(name: str, number: str, under: str) -> str:
    """The inside of a tile: a large number, what it is, and a line about it. ``number`` may hold markup."""
    return (
        f'<div class="name">{html.escape(name)}</div><div class="number">{number}</div>'
        f'<div class="under">{html.escape(under)}</div>'
    )


def table(head: Iterable[str], rows: Iterable[str]) -> str:
    """A table from the markup of its cells' headings and of its rows."""
    return f'<table class="grid"><thead><tr>{"".join(head)}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def card(facts: Iterable[tuple[str, str]]) -> str:
    """Facts, each under its name; both as plain text."""
    rows = (f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in facts)
    return f'<dl class="card">{"".join(rows)}</dl>'


def when(stamp: str) -> str:
    """A moment in UTC, as people write it."""
    return f"{stamp[:19].replace('T', ' ')} UTC" if stamp else ""


def percent(share: float | None) -> str:
    """A share as a large number."""
    return NONE_YET if share is None else f"{100 * share:.1f}<small>%</small>"


def milliseconds(value_ms: float | None) -> str:
    """A latency as a large number."""
    return NONE_YET if value_ms is None else f"{value_ms:.0f}<small>ms</small>"
