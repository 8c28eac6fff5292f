"""The web page and its interface: pictures, channel between processes, and the page as it is served."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import httpx
import numpy as np
import pytest
from tests.hardware.waiting import WITHIN_S, eventually

from neosort_hardware.types import Box, Decision, Shot, Verdict
from neosort_inference.access.accounts import Accounts
from neosort_inference.access.database import Database
from neosort_inference.access.role import Role
from neosort_inference.access.serving import Serving
from neosort_inference.api.app import create_app
from neosort_inference.api.feed import ViewFeed
from neosort_inference.api.pictures import (
    FIELD_HI_UT,
    VERDICT_RGB,
    box_px,
    field_heat_map,
    label_of,
    scale_colours,
    scale_position,
    with_overlay,
)
from neosort_inference.asking.channel import UnheardError
from neosort_inference.asking.orders import Acknowledge
from neosort_inference.faults.alarms import AlarmBook
from neosort_inference.faults.modes import Mode
from neosort_inference.state import State
from neosort_inference.telemetry import Snapshot, WindowView
from neosort_inference.ui import channel
from neosort_inference.ui.channel import ViewReader, open_channel
from neosort_inference.ui.server import PageError, PageProcess

ROWS, COLS = 256, 320


def snapshot(**changes) -> Snapshot:
    values = {
        "elapsed_s": 12.0,
        "belt_mm": 12_000.0,
        "speed_m_per_s": 1.0,
        "items_seen": 12,
        "items_per_s": 3.0,
        "bearing_seen": 4,
        "shots": 3,
        "recovery": None,
        "purity": None,
        "late": 1,
        "refused": 0,
        "latency_p50_ms": 38.0,
        "latency_p99_ms": 61.0,
        "windows": 48,
        "senses": Mode.BOTH,
        "mode": Mode.BOTH,
        "alarms": (),
        "faults": (),
        "state": "sorting",
    }
    return Snapshot(**(values | changes))


def decision(track_id=1, *, verdict=Verdict.FIRED, reason="", kind="hdd35", at_mm=1000.0) -> Decision:
    return Decision(
        track_id=track_id,
        box=Box(belt_lo_mm=at_mm, belt_hi_mm=at_mm + 80, across_lo_mm=100.0, across_hi_mm=180.0),
        kind=kind,
        p_ndfeb=0.9,
        magnet_g=20.1,
        magnet_g_sigma=3.0,
        verdict=verdict,
        reason=reason,
        latency_ms=38.0,
        distance_mm=90.0,
        decided_ns=track_id,
        shot=Shot(shot_id=1, track_id=track_id, first_nozzle=1, last_nozzle=2, open_mm=0, close_mm=1)
        if verdict is Verdict.FIRED
        else None,
    )


def view(*decisions: Decision, brightness=40, start_mm=900.0, **changes) -> WindowView:
    mask = np.zeros((2, ROWS // 16, COLS // 16), np.float32)
    mask[0] = 1
    return WindowView(
        picture=np.full((ROWS, COLS, 3), brightness, np.uint8),
        field_ut=np.zeros((3, ROWS // 16, COLS // 16), np.float32),
        field_mask=mask,
        start_mm=start_mm,
        mm_per_px=1.0,
        across_start_mm=-20.0,
        decisions=decisions,
        snapshot=snapshot(**changes),
    )


class Client:
    """Asks an application without a network."""

    def __init__(self, app) -> None:
        self._transport = httpx.ASGITransport(app=app)

    def get(self, path: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://line") as client:
                return await client.get(path)

        return asyncio.run(ask())

    def post(self, path: str, **request) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://line") as client:
                return await client.post(path, **request)

        return asyncio.run(ask())


def client_of(*views: WindowView) -> Client:
    feed = ViewFeed()
    for one in views:
        feed.put(one)
    return Client(create_app(feed))


def decoded(body: bytes):
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


# Pictures


def test_a_box_stands_where_its_item_lies():
    assert box_px(view(start_mm=900.0), decision(at_mm=1000.0).box) == (120.0, 100.0, 200.0, 180.0)
    finer = replace(view(start_mm=900.0), mm_per_px=0.5)
    assert box_px(finer, decision(at_mm=1000.0).box) == (240.0, 200.0, 400.0, 360.0)


@pytest.mark.parametrize(
    ("verdict", "label"),
    [
        (Verdict.FIRED, "3.5″ hard disk  20.1 g"),
        (Verdict.LATE, "3.5″ hard disk  late"),
        (Verdict.REFUSED, "3.5″ hard disk  refused"),
        (Verdict.FORBIDDEN, "3.5″ hard disk  forbidden"),
        (Verdict.PASSED, "3.5″ hard disk"),
    ],
)
def test_the_overlay_has_the_verdicts_colour(verdict, label):
    one = decision(verdict=verdict)
    picture = with_overlay(view(one))
    assert picture.shape == (2 * ROWS, 2 * COLS, 3)
    assert tuple(picture[2 * 140, 2 * 120]) == VERDICT_RGB[verdict]  # left edge
    assert tuple(picture[2 * 140, 2 * 160]) == (40, 40, 40)  # inside
    assert label_of(one) == label


def test_boxes_beyond_the_edges_do_not_break_the_overlay():
    outside = [decision(n, at_mm=mm) for n, mm in enumerate((500.0, 850.0, 1140.0, 2000.0))]
    assert with_overlay(view(*outside)).shape == (2 * ROWS, 2 * COLS, 3)


def test_the_heat_map_reads_on_its_scale_and_shows_what_is_not_known():
    one = view()
    one.field_ut[2, 4:8, 4:8] = 100.0
    one.field_ut[2, 10:12, 10:12] = FIELD_HI_UT
    one.field_mask[0, :, -3:] = 0.0
    picture = field_heat_map(one)
    assert picture.shape == (ROWS // 2, COLS // 2, 3)
    colours = [tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in scale_colours(256)]
    shown = np.array(picture[8 * 6, 8 * 6], dtype=int)
    nearest = int(np.argmin([np.abs(shown - np.array(colour)).sum() for colour in colours]))
    assert nearest / 255 == pytest.approx(scale_position(100.0), abs=0.02)
    assert tuple(picture[8 * 11, 8 * 11]) == colours[-1]
    unknown = picture[:, -3 * 8 :].reshape(-1, 3)
    assert len(np.unique(unknown, axis=0)) == 2  # the two greys of the hatching, and no heat
    assert np.ptp(unknown.astype(int), axis=1).max() < 20


def test_an_unknown_cell_does_not_darken_its_known_neighbour():
    one = view()
    one.field_ut[2] = 100.0
    one.field_mask[0, :, 10:] = 0.0
    one.field_ut[:, :, 10:] = 0.0
    picture = field_heat_map(one)
    assert np.abs(picture[50, 8 * 10 - 1].astype(int) - picture[50, 8 * 5].astype(int)).max() <= 3


def test_a_saturated_cell_is_framed():
    plain, saturated = view(), view()
    saturated.field_mask[1, 5, 5] = 0.5
    assert (field_heat_map(plain) != field_heat_map(saturated)).any()


# The interface


def test_before_the_first_window_everything_but_health_says_so():
    client = client_of()
    assert client.get("/healthz").text == "ok"
    for path in ("status", "view", "frame.jpg", "field.png", "stream.mjpeg"):
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code == 503
        assert "not shown a window" in answer.json()["detail"]


def test_status_is_the_snapshot_with_nulls_where_nothing_is_known():
    status = client_of(view(faults=("valve 7",))).get("/api/v1/status").json()
    assert (status["items_seen"], status["shots"], status["faults"]) == (12, 3, ["valve 7"])
    assert status["recovery"] is None
    assert status["senses"] == "camera + field"


def test_pictures_are_of_the_newest_window_or_of_the_one_asked_for():
    client = client_of(view(brightness=40), view(brightness=200))
    assert decoded(client.get("/api/v1/frame.jpg").content).mean() == pytest.approx(200, abs=3)
    assert decoded(client.get("/api/v1/frame.jpg?n=1&overlay=false").content).mean() == pytest.approx(40, abs=3)
    assert client.get("/api/v1/frame.jpg?n=99").status_code == 404
    assert client.get("/api/v1/frame.jpg?n=first").status_code == 422
    assert decoded(client.get("/api/v1/field.png").content).shape == (ROWS // 2, COLS // 2, 3)


def test_the_view_lays_boxes_out_in_millimetres():
    client = client_of(view(decision(7)))
    laid = client.get("/api/v1/view").json()
    assert client.get("/api/v1/view?after=1").status_code == 204
    assert client.get("/api/v1/view?after=0").json() == laid
    assert (laid["number"], laid["start_mm"], laid["length_mm"], laid["width_mm"]) == (1, 900.0, ROWS, COLS)
    assert laid["boxes"][0] == {
        "track_id": 7, "belt_lo_mm": 1000.0, "belt_hi_mm": 1080.0, "across_lo_mm": 100.0, "across_hi_mm": 180.0,
        "verdict": "fired", "label": "3.5″ hard disk  20.1 g",
    }  # fmt: skip


def test_the_interface_describes_itself():
    paths = client_of().get("/api/v1/openapi.json").json()["paths"]
    assert set(paths) >= {"/api/v1/status", "/api/v1/frame.jpg", "/api/v1/field.png", "/healthz"}


def test_the_feed_lists_a_decision_once_and_keeps_two_minutes():
    feed = ViewFeed()
    for step in range(300):
        feed.put(view(decision(step), decision(step + 1), elapsed_s=float(step)))
    listed = [d.track_id for d in feed.last_decisions()]
    assert listed == list(range(300, 260, -1))
    assert [s.elapsed_s for s in feed.history()] == [float(s) for s in range(179, 300)]
    assert feed.numbered(284) is None
    assert feed.numbered(285) is not None


# The channel between the processes


def test_the_channel_hands_over_the_newest_and_counts_what_it_skipped():
    writer, receiver, shared = open_channel(multiprocessing.get_context("spawn"))
    reader = ViewReader(receiver, shared)
    for shade in (10, 20, 30, 40):
        assert writer.write(view(decision(), brightness=shade))
    got = reader.read()
    assert (got.picture == 40).all()
    assert got.decisions == (decision(),)
    assert got.snapshot == snapshot()
    assert reader.skipped == 3
    writer.write(view(brightness=50))
    writer.close()
    assert (reader.read().picture == 50).all()
    with pytest.raises(EOFError):
        reader.read()
    receiver.close()


def test_a_writer_that_nobody_reads_neither_waits_nor_fails():
    writer, receiver, shared = open_channel(multiprocessing.get_context("spawn"))
    one = view()
    assert all(writer.write(one) for _ in range(8000))  # more than a pipe holds: it would stand still here for ever
    reader = ViewReader(receiver, shared)
    writer.write(view(brightness=99))
    receiver.close()
    assert not writer.write(one)
    assert reader.skipped == 0


def test_a_reader_that_fell_far_behind_shows_the_next_view_whole():
    writer, receiver, shared = open_channel(multiprocessing.get_context("spawn"))
    reader = ViewReader(receiver, shared)
    for _ in range(8000):
        writer.write(view(brightness=1))
    got: list[WindowView] = []
    thread = threading.Thread(target=lambda: got.append(reader.read()), daemon=True)
    thread.start()

    def came() -> bool:
        writer.write(view(brightness=77))
        return not thread.is_alive()

    eventually(came)
    assert (got[0].picture == 77).all()
    writer.close()
    receiver.close()


def test_a_picture_too_large_for_a_slot_comes_thinned(monkeypatch):
    monkeypatch.setattr(channel, "SLOT_BYTES", 128 * 1024)
    writer, receiver, shared = open_channel(multiprocessing.get_context("spawn"))
    writer.write(view(brightness=60))
    got = ViewReader(receiver, shared).read()
    assert got.picture.shape == (ROWS // 2, COLS // 2, 3)
    assert got.mm_per_px == 2.0
    writer.close()
    receiver.close()


# The page as served


@pytest.fixture(scope="module")
def page():
    process = PageProcess("127.0.0.1", 0)
    yield process
    process.stop()


def wait_for(url: str) -> httpx.Response:
    """The answer once the page is up and has something to show."""

    def asked() -> httpx.Response | None:
        try:
            answer = httpx.get(url, timeout=WITHIN_S)
        except httpx.TransportError:
            return None
        return answer if answer.status_code == 200 else None

    return eventually(asked)


def test_the_page_is_served_with_all_it_needs_from_the_same_host(page):
    answer = wait_for(page.url)
    assert answer.status_code == 200
    for word in ("belt-picture", "belt-field", "Recovery", "Last decisions", "waiting for the line", "Acknowledge all"):
        assert word in answer.text
    addresses = re.findall(r"(?:src|href)=\"([^\"]+)\"|import\(?[\"']([^\"']+)[\"']", answer.text)
    assert addresses
    for address in (first or second for first, second in addresses):
        assert not re.match(r"(https?:)?//", address), address


def test_published_views_arrive_and_a_flood_is_thinned(page):
    published, withheld = page.published, page.withheld
    for shade in range(100):
        page.publish(view(brightness=shade))
    assert page.published - published <= 2
    assert page.withheld - withheld >= 98
    page.publish(view(brightness=222, state="finished"))
    eventually(lambda: wait_for(page.url + "api/v1/status").json()["state"] == "finished")
    assert decoded(httpx.get(page.url + "api/v1/frame.jpg").content).mean() == pytest.approx(222, abs=3)


def test_who_acknowledges_on_the_page_is_heard_by_the_loop(page):
    page.publish(view(state="stopped", mode=Mode.STOP, alarms=an_alarm()))
    eventually(lambda: wait_for(page.url + "api/v1/alarms").json()["alarms"])
    with ThreadPoolExecutor(1) as person:
        said = person.submit(httpx.post, page.url + "api/v1/alarms/acknowledge", json={"by": "Ada"}, timeout=WITHIN_S)
        (asked,) = eventually(page.asked)
        assert (asked.order, asked.by) == (Acknowledge(), "Ada")
        asked.answer()
        assert (said.result().status_code, said.result().json()) == (202, {"asked": [1]})


def test_the_stream_starts_with_a_picture(page):
    page.publish(view(brightness=150, state="finished"))
    wait_for(page.url + "api/v1/status")
    with httpx.stream("GET", page.url + "api/v1/stream.mjpeg", timeout=WITHIN_S) as answer:
        assert answer.headers["content-type"].startswith("multipart/x-mixed-replace")
        body = b""
        for chunk in answer.iter_bytes():
            body += chunk
            if b"\xff\xd9" in body:
                break
    assert b"Content-Type: image/jpeg" in body
    assert decoded(body[body.index(b"\xff\xd8") :]).shape == (2 * ROWS, 2 * COLS, 3)


def test_a_port_in_use_is_one_clear_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PageError, match=rf"127\.0\.0\.1:{port}.*in use.*--port") as raised:
            PageProcess("127.0.0.1", port)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("host", "port"), [("203.0.113.7", 8000), ("127.0.0.1", 70_000), ("no.such.host.invalid", 80)])
def test_an_address_that_cannot_be_had_is_one_clear_sentence(host, port, tmp_path):
    with pytest.raises(PageError, match="--port"):
        PageProcess(host, port, serving=with_an_account(tmp_path))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "203.0.113.7", "no.such.host.invalid"])
def test_other_machines_are_not_served_without_accounts(host, tmp_path):
    with pytest.raises(PageError, match=rf"--host {host}.*no accounts in {tmp_path}.*account add NAME --role admin"):
        PageProcess(host, 0, serving=Serving(state=State(folder=tmp_path)))


def test_a_page_for_other_machines_sends_them_to_log_in(tmp_path):
    process = PageProcess("0.0.0.0", 0, serving=with_an_account(tmp_path))
    try:
        answer = wait_for(f"http://127.0.0.1:{process.url.rpartition(':')[2]}login")
        assert "Password" in answer.text
        port = process.url.rpartition(":")[2].rstrip("/")
        asked = httpx.get(f"http://127.0.0.1:{port}/", headers={"Accept": "text/html"}, timeout=WITHIN_S)
        assert (asked.status_code, asked.headers["location"]) == (303, "/login")
    finally:
        process.stop()


def with_an_account(folder) -> Serving:
    serving = Serving(state=State(folder=folder))
    Accounts(Database(serving.state.accounts)).add("ada", Role.ADMIN, "correct horse battery", "root")
    return serving


def test_stop_ends_it_even_before_the_page_is_up_and_may_be_repeated():
    process = PageProcess("127.0.0.1", 0)
    process.stop()
    process.stop()
    eventually(lambda: not process.alive)
    process.publish(view())  # a loop that goes on without its page must not notice


def test_a_page_whose_process_was_killed_is_served_again_at_the_same_address():
    process = PageProcess("127.0.0.1", 0)
    try:
        os.kill(process._process.pid, signal.SIGKILL)
        process._process.join(10)
        assert not process.alive
        process.serve_again()
        process.publish(view())
        assert wait_for(process.url + "healthz").text == "ok"
    finally:
        process.stop()


_ORPHAN = """
import time
from neosort_inference.ui.server import PageProcess
if __name__ == "__main__":
    page = PageProcess("127.0.0.1", 0)
    print(page.url, page._process.pid, flush=True)
    time.sleep(600)
"""


def test_the_page_ends_when_its_parent_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(_ORPHAN, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        url, pid = parent.stdout.readline().split()
        assert wait_for(url + "healthz").text == "ok"
        parent.send_signal(signal.SIGKILL)
    eventually(lambda: not _runs(int(pid)))


def _runs(pid: int) -> bool:
    """Whether the process is there and more than a zombie that nobody has collected."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


# Alarms


class Loop:
    """In place of the loop's end of the pipe."""

    def __init__(self, *, listens=True) -> None:
        self.asked = []
        self._listens = listens

    def ask(self, order, by, within_s=0.0):
        if not self._listens:
            raise UnheardError("the loop does not listen")
        self.asked.append((order, by))
        return {}


def an_alarm(fault="interlock.opened"):
    book = AlarmBook()
    book.raise_(fault, "guard <2>", 1)
    return book.open


def alarmed(loop, **changes) -> Client:
    feed = ViewFeed()
    feed.put(view(**({"alarms": an_alarm(), "mode": Mode.STOP, "state": "stopped"} | changes)))
    return Client(create_app(feed, loop))


def test_alarms_are_told_with_the_mode_they_bring():
    told = alarmed(Loop()).get("/api/v1/alarms").json()
    assert told["mode"] == "stop"
    (alarm,) = told["alarms"]
    assert (alarm["fault"], alarm["severity"], alarm["detail"]) == ("interlock.opened", "high", "guard <2>")
    assert alarm["needs_person"]
    assert alarm["cleared_ns"] is alarm["acknowledged_ns"] is None
    assert alarmed(Loop()).get("/api/v1/status").json()["alarms"] == told["alarms"]


@pytest.mark.parametrize(("body", "number"), [({"by": " Ada "}, None), ({"by": "Ada", "number": 1}, 1)])
def test_who_acknowledges_says_so_and_the_loop_is_asked(body, number):
    loop = Loop()
    answer = alarmed(loop).post("/api/v1/alarms/acknowledge", json=body)
    assert (answer.status_code, answer.json()) == (202, {"asked": [1]})
    assert loop.asked == [(Acknowledge(number=number), "Ada")]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"json": {}}, 422),
        ({"json": {"by": "  "}}, 422),
        ({"json": {"by": "x" * 65}}, 422),
        ({"json": {"by": "Ada", "all": True}}, 422),
        ({"json": {"by": "Ada", "number": 7}}, 404),
        ({"content": b'{"by": "Ada"}', "headers": {"Content-Type": "text/plain"}}, 422),  # what a foreign page may send
    ],
)
def test_an_acknowledgement_without_a_name_or_an_alarm_is_refused_and_nobody_is_asked(request_, status):
    loop = Loop()
    assert alarmed(loop).post("/api/v1/alarms/acknowledge", **request_).status_code == status
    assert loop.asked == []


def test_a_loop_that_does_not_listen_is_no_success():
    assert alarmed(Loop(listens=False)).post("/api/v1/alarms/acknowledge", json={"by": "Ada"}).status_code == 503
