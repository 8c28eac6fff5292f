"""The line as it comes, over a web socket, as a real server serves it to a real client."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from contextlib import contextmanager

import pytest
import uvicorn
from tests.hardware.waiting import WITHIN_S, eventually
from tests.inference.api_client import Site
from tests.inference.test_page import ROWS, decision, decoded, view
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from neosort_inference.access.role import Role


@contextmanager
def served(site):
    """The application on a port of its own; the address of its web socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(site.app, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        try:
            eventually(lambda: server.started)
            yield f"ws://127.0.0.1:{listener.getsockname()[1]}/api/v1/live"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("state"), simulated=True)
    made.account("ada", Role.VIEWER)
    return made


@pytest.fixture(scope="module")
def address(site):
    with served(site) as found:
        yield found


def bearer(site, *scopes) -> dict[str, str]:
    return {"Authorization": site.by_token(Role.VIEWER, *scopes).headers["Authorization"]}


def connected(address, headers, **more):
    return connect(address, additional_headers=headers, open_timeout=WITHIN_S, compression=None, **more)


def test_every_view_comes_with_its_picture(site, address):
    with connected(f"{address}?picture=overlay", bearer(site)) as line:
        first = json.loads(line.recv(WITHIN_S))
        assert first["status"]["state"] == "sorting"
        assert "counts" not in first["status"]
        assert first["view"]["boxes"] == []
        assert decoded(line.recv(WITHIN_S)).shape[0] == 2 * ROWS
        line.send("what is said to it means nothing")
        site.feed.put(view(decision(7), items_seen=99))
        second = json.loads(line.recv(WITHIN_S))
        assert second["status"]["items_seen"] == 99
        assert second["view"]["boxes"][0]["track_id"] == 7
        assert second["view"]["number"] > first["view"]["number"]


@pytest.mark.parametrize("picture", ["plain", "field"])
def test_other_pictures_may_be_asked_for(site, address, picture):
    with connected(f"{address}?picture={picture}", bearer(site)) as line:
        line.recv(WITHIN_S)
        assert decoded(line.recv(WITHIN_S)).shape[2] == 3


@pytest.mark.parametrize("how", ["nobody", "foreign page", "another part", "no such picture"])
def test_who_may_not_see_is_not_connected(site, address, how):
    headers, more = bearer(site), {}
    match how:
        case "nobody":
            headers = {}
        case "foreign page":
            more["origin"] = "https://evil.example"
        case "another part":
            headers = bearer(site, "events")
        case _:
            address += "?picture=x-ray"
    with pytest.raises((InvalidStatus, ConnectionClosed)), connected(address, headers, **more) as line:
        line.recv(WITHIN_S)
