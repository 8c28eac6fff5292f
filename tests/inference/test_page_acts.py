"""What people bring about on the pages, as the page's process serves them; the loop answers as it is told to."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import httpx
from tests.hardware.waiting import WITHIN_S, eventually
from tests.inference.open_page import OpenPage
from tests.inference.passport import a_lot
from tests.inference.served_page import ada, page, serving
from tests.inference.test_page import snapshot, view

from neosort_inference.access.audit import AuditTrail
from neosort_inference.asking.orders import TestValve
from neosort_inference.balance.lot_balance import bundle_id
from neosort_inference.bundle import read_metadata
from neosort_inference.counters import Counts
from neosort_inference.exchange.shadow import ShadowCounts
from neosort_inference.faults.alarms import Alarm
from neosort_inference.faults.catalogue import Severity
from neosort_inference.ledger.place import Place
from neosort_inference.opening import bundle_path

__all__ = ["ada", "page", "serving"]
SHADOW = ShadowCounts(
    name="next", items={"both fire": 311, "only the shadow fires": 4}, windows=1204, left_out=2,
    recent=(
        {
            "what": "only the shadow fires", "line": None,
            "shadow": {"belt_mm": 123_456.0, "across_mm": 80.0, "kind": "hdd35", "p_ndfeb": 0.97},
        },
    ),
)  # fmt: skip

ALARM = Alarm(
    number=3, fault="camera.silent", words="camera gives no frames", detail="no frame over 0.61 s",
    severity=Severity.HIGH, effect="without camera", needs_person=False, raised_ns=1,
)  # fmt: skip


def test_a_lot_is_weighed_closed_and_given_away(ada, serving, monkeypatch):
    sorted_by = bundle_id(read_metadata(bundle_path(None)))
    original = a_lot.DecisionRecord
    monkeypatch.setattr(a_lot, "DecisionRecord", lambda **v: original(**v | {"bundle_id": sorted_by}))
    lot = a_lot.closed_lot(Place(folder=serving.state.ledger), 20, close=False)
    lot.ledger.close()
    with OpenPage(ada, "lots").connected() as page:
        page.press("What is in it")
        page.shows("30.10 kg")
        page.write("mass, kg", 412.5)
        page.press("Enter it")
        page.shows("412.50 kg")
        page.press("Close")
        page.shows("whole, signed by this line’s ledger")
        page.shows("mass fed against product and rest")
        page.shows("outside [")  # nobody has fed 412.5 kg less than came out
        page.shows(f"/api/v1/lots/{lot.lot.lot_id}/export/pdf")
        page.press("Events, EPCIS …")
        page.write("company prefix", "9521141")
        page.press("Make the events")
        page.hears('"download"')
    report = httpx.get(f"{ada.url}api/v1/lots/{lot.lot.lot_id}/export/html", headers=ada.headers, timeout=WITHIN_S)
    assert "412.50 kg" in report.text
    assert "sandbox" in report.headers["content-security-policy"]


def test_a_valve_is_tried_once_it_is_asked_twice_and_never_while_the_line_sorts(page, ada):
    with OpenPage(ada, "health").connected() as opened:
        page.publish(view(state="finished"))
        opened.shows("somebody has stopped the line")
        assert not opened.enabled("Blow it once …")
        page.publish(view(state="stopped", stopped_by="stopped by Ada"))
        opened.shows("make sure that nobody is near the jets")
        assert opened.enabled("Blow it once …")
        opened.write("number", 5)
        opened.press("Blow it once …")
        assert page.asked() == ()
        with ThreadPoolExecutor(1) as loop:
            asked = loop.submit(lambda: eventually(page.asked))
            opened.press("Nobody: blow")
            (one,) = asked.result()
        assert (one.order, one.by) == (TestValve(nozzle=5, blow_mm=30.0), "ada")
        one.answer({"open_mm": 1.0, "close_mm": 31.0})
        opened.hears("Nozzle 5 blows once.")
    page.publish(view(state="finished"))


def test_a_bundle_is_brought_and_checked_however_large_it_is(page, ada):
    with OpenPage(ada, "models").connected() as opened:
        (field,) = (one["props"]["url"] for one in opened.elements.values() if "url" in one.get("props", {}))
        bundle = {"file": ("march.onnx", b"no bundle, " * 200_000)}
        answer = httpx.post(page.url + field[1:], files=bundle, headers=ada.headers, timeout=WITHIN_S)
        assert answer.status_code == 200, answer.text
        opened.shows("refused: ")


def test_a_calibration_is_brought_from_a_file_that_is_one(page, ada):
    with OpenPage(ada, "calibrate").connected() as opened:
        (field,) = (one["props"]["url"] for one in opened.elements.values() if "url" in one.get("props", {}))
        httpx.post(page.url + field[1:], files={"file": ("it.json", b'{"body": [1]}')}, headers=ada.headers)
        opened.hears("no whole calibration record")


def test_what_a_technician_does_in_a_procedure_is_in_the_trail(page, ada, serving):
    action = {"name": "take", "title": "Take this view", "fields": []}
    running = {
        "procedure": "encoder-scale", "number": 1, "by": "ada", "state": "running", "text": "Lay the board on it.",
        "progress": 0.1, "missing": [], "actions": [action], "picture": None,
    }  # fmt: skip
    with _answered(page, running), OpenPage(ada, "calibrate/encoder-scale").connected() as opened:
        opened.shows("Lay the board on it.")
        for button, done in (("Take this view", "procedure.step"), ("Cancel", "procedure.cancel")):
            opened.press(button)
            eventually(
                lambda done=done: done in [one.action for one in AuditTrail(serving.state.trail).entries(most=99)]
            )


@contextmanager
def _answered(page, standing):
    """Whatever the page asks is answered by how a procedure stands."""
    over = threading.Event()

    def answer() -> None:
        while not over.wait(0.02):
            for asked in page.asked():
                asked.answer(standing)

    with ThreadPoolExecutor(1) as loop:
        answering = loop.submit(answer)
        try:
            yield
        finally:
            over.set()
        answering.result()


def test_an_alarm_is_said_once_as_it_comes(page, ada):
    with OpenPage(ada, "lots").connected() as opened:
        page.publish(view(state="finished", alarms=(ALARM,)))
        opened.shows("Alarm: camera gives no frames, high")
        page.publish(view(state="finished", alarms=(replace(ALARM, times=2),)))
        opened.shows("2 times")
        (voice,) = (one for one in opened.elements.values() if one.get("props", {}).get("role") == "alert")
        assert voice["props"]["innerHTML"] == "Alarm: camera gives no frames, high"
        page.publish(view(state="finished"))
        opened.shows("No alarms any more")


def test_what_looks_on_is_told_live(page, ada):
    with OpenPage(ada, "models").connected() as opened:
        page.publish(replace(view(), snapshot=snapshot(state="finished", counts=Counts(shadow=SHADOW))))
        opened.shows("“next” has looked at 1,204 windows")
        opened.shows("2 windows left out")
        opened.shows("123.5")
    told = ada.ask("GET", "bundles/shadow/counts").json()
    assert (told["different"], told["recent"][0]["shadow"]["kind"]) == (4, "hdd35")
