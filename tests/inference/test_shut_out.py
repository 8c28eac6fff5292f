"""Streams and pages that are open when whoever opened them is shut out, as the page's process serves them."""

from __future__ import annotations

import itertools
import json
from contextlib import contextmanager, suppress

import httpx
import pytest
from tests.hardware.waiting import WITHIN_S
from tests.inference.api_client import PASSWORD
from tests.inference.open_page import OpenPage, Someone, logged_in
from tests.inference.served_page import ada, page, serving
from tests.inference.test_page import view
from websockets.exceptions import ConnectionClosed, InvalidStatus

__all__ = ["ada", "page", "serving"]
NEW = "staple correct horse"
NUMBERS = itertools.count(1000)


@contextmanager
def somebody_new(admin, name: str):
    admin.ask("POST", "accounts", json={"name": name, "role": "operator", "password": PASSWORD})
    yield logged_in(admin.url, name)


def with_token(person: Someone) -> tuple[Someone, str]:
    made = person.ask("POST", "tokens", json={"label": "script", "role": "viewer"}).json()
    return Someone(person.url, person.name, {"Authorization": f"Bearer {made['secret']}"}), made["id"]


WAYS = {
    "logs out": lambda one, admin: one.ask("DELETE", "session"),
    "revoked": lambda one, admin: admin.ask("DELETE", f"accounts/{one.name}"),
    "other password": lambda one, admin: admin.ask("PUT", f"accounts/{one.name}/password", json={"new": NEW}),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_open_stream_of_somebody_shut_out_ends_and_nobody_elses(page, ada, way):
    with (
        somebody_new(ada, way.replace(" ", "-")) as someone,
        someone.socket("api/v1/live") as line,
        ada.socket("api/v1/live") as other,
        httpx.stream("GET", page.url + "api/v1/stream.mjpeg", headers=someone.headers, timeout=WITHIN_S) as pictures,
    ):
        parts = pictures.iter_bytes()
        assert b"image/jpeg" in next(parts)
        line.recv(WITHIN_S)
        WAYS[way](someone, ada)
        for _ in parts:  # comes to its end
            pass
        assert closed(line) == 1008
        must_go_on(page, other)


def test_a_revoked_token_ends_its_stream_and_no_other(page, ada):
    with somebody_new(ada, "scripted") as someone:
        script, id_ = with_token(someone)
        with script.socket("api/v1/live") as line, someone.socket("api/v1/live") as browser:
            someone.ask("DELETE", f"tokens/{id_}")
            assert closed(line) == 1008
            must_go_on(page, browser)


def must_go_on(page, stream) -> None:
    number = next(NUMBERS)
    page.publish(view(state="finished", items_seen=number))
    while json.loads(stream.recv(WITHIN_S))["status"]["items_seen"] != number:
        pass


def closed(line) -> int:
    """The code that the stream is closed with."""
    with suppress(ConnectionClosed):
        while True:
            line.recv(WITHIN_S)
    return line.protocol.close_code


def test_an_open_page_of_somebody_shut_out_goes_to_log_in_and_is_shown_nothing_more(ada):
    with somebody_new(ada, "at-the-page") as someone:
        opened = OpenPage(someone, "health")
        with opened.connected():
            opened.hears('"update"')
            ada.ask("DELETE", f"accounts/{someone.name}")
            opened.hears('"path":"/login"')
        with pytest.raises(InvalidStatus), opened.connected():
            pass


def test_an_open_page_of_somebody_whose_role_is_another_is_drawn_anew(ada):
    with somebody_new(ada, "promoted") as someone:
        opened = OpenPage(someone, "health")
        with opened.connected():
            opened.hears('"update"')
            ada.ask("PUT", f"accounts/{someone.name}/role", json={"role": "viewer"})
            opened.hears("history.go(0)")
