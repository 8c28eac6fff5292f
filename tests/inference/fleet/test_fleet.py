"""Several lines on one broker and one database, one killed, one cut off: nothing lost, nothing counted twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from contextlib import contextmanager

import pytest
from tests.hardware.waiting import eventually
from tests.inference.fleet.line_process import Order, work
from tests.inference.fleet.mosquitto import Subscriber, broker
from tests.inference.fleet.relay import Relay

from neosort_inference.bench.private_postgresql import NoServerError, private_postgresql
from neosort_inference.fleet.heard_lots import HeardLots
from neosort_inference.fleet.listener import Listener
from neosort_inference.fleet.settings import BrokerConfig
from neosort_inference.ledger.reading import open_ledger
from neosort_inference.ledger.tables import heard_lots

ROUNDS = 5


@pytest.fixture
def ledger():
    """A ledger that all lines share."""
    pytest.importorskip("psycopg", reason="PostgreSQL's client is not installed (extra postgresql)")
    try:
        with private_postgresql(durable=False) as url:
            yield url
    except NoServerError as missing:
        pytest.skip(str(missing))


@contextmanager
def at_work(order: Order):
    """A line, killed at the end."""
    order.folder.mkdir(exist_ok=True)
    process = multiprocessing.get_context("spawn").Process(target=work, args=(order,))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


@contextmanager
def collecting(url: str, ledger: str):
    """A collector, and its own thread."""
    lots = HeardLots(ledger)
    listener = Listener(BrokerConfig(url=url, longest_wait_s=0.5), "north", lots, "collector")
    done = threading.Event()

    def listen() -> None:
        while not done.is_set():
            listener.turn()
        listener.close()

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        eventually(lambda: listener.hears)
        yield listener
    finally:
        done.set()
        thread.join()
        lots.close()


def kept(ledger: str) -> list[tuple[str, str, bool]]:
    """Lots that the collector has put down: line, lot, and whether they are rightly signed."""
    with open_ledger(ledger) as opened, opened.database.reading() as connection:
        return [(row.line, row.lot_id, row.signed) for row in connection.execute(heard_lots.select())]


def test_of_three_lines_one_is_killed_and_one_cut_off_and_every_lot_and_alarm_is_there_once(ledger, tmp_path):
    with open_ledger(ledger):
        pass  # the tables are there before three lines want to make them
    with broker(tmp_path) as plant, Subscriber(plant.port) as heard, collecting(plant.url, ledger) as collector:
        relay = Relay(plant.port)
        orders = [
            Order(folder=tmp_path / name, name=name, broker=url, ledger=ledger, rounds=ROUNDS)
            for name, url in (("quiet", plant.url), ("killed", plant.url), ("cut-off", relay.url))
        ]
        quiet, killed, cut_off = orders
        with at_work(quiet), at_work(cut_off):
            with at_work(killed) as process:
                eventually(lambda: len(killed.done("lot")) >= 2)
                os.kill(process.pid, signal.SIGKILL)
                process.join()
            eventually(lambda: "cut-off" in {line.line for line in collector.seen.in_order()})
            relay.cut()
            with at_work(killed):
                eventually(lambda: len(cut_off.done("lot")) == len(quiet.done("lot")) == ROUNDS)
                eventually(lambda: len(killed.done("lot")) >= ROUNDS + 2)
                relay.mend()
                alarms = {entry for order in orders for entry in order.done("alarm")}
                eventually(lambda: alarms <= {_entry(message) for message in heard.of("alarm")})
                with open_ledger(ledger) as opened:
                    closed = {(lot.line, lot.lot_id, True) for lot in opened.lots() if not lot.open}
                eventually(lambda: closed <= set(kept(ledger)))
                lines = {line.line: line for line in collector.seen.in_order()}
                ids = Counter(message["line"] for message in {m["id"]: m for m in heard.of("alarm")}.values())
                eventually(lambda: {name: line.alarms for name, line in lines.items()} == dict(ids))
        assert len(closed) >= 3 * ROUNDS
        assert sorted(kept(ledger)) == sorted(closed), "none twice, and all of them signed"
        assert {name: len(line.lots) for name, line in lines.items()} == Counter(line for line, _, _ in closed)
        assert not any(line.missing for line in lines.values())
        relay.close()


def _entry(message: dict) -> str:
    return f"alarm {message['step']} {message['run']} {message['detail'].removeprefix('step ')}"


def test_a_collector_that_was_away_hears_what_came_meanwhile_and_counts_nothing_twice(tmp_path):
    ledger = f"sqlite:///{tmp_path / 'collected.db'}"
    with broker(tmp_path) as plant:
        order = Order(
            folder=tmp_path / "one", name="one", broker=plant.url, ledger=f"sqlite:///{tmp_path / 'own.db'}", rounds=4
        )
        with collecting(plant.url, ledger), at_work(order):
            eventually(lambda: len(kept(ledger)) >= 1)
        with at_work(order):
            eventually(lambda: len(order.done("lot")) >= 5)
        with collecting(plant.url, ledger) as again:
            with open_ledger(order.ledger) as opened:
                closed = {lot.lot_id for lot in opened.lots() if not lot.open}
            with at_work(order):  # tells what the last had no time for
                eventually(lambda: closed <= {lot for _, lot, _ in kept(ledger)})
            assert again.foreign == 0
        lots = [lot for _, lot, _ in kept(ledger)]
        assert len(lots) == len(set(lots))
