"""A line in a process of its own: closes lots and raises alarms, and writes down what it has done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.inference.fleet.lines import Line, config

from neosort_inference.ledger.database import Database
from neosort_inference.ledger.lots import Feed, close_lot, open_lot
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.reading import Ledger
from neosort_inference.state import State

TURNS = 10  # of the loop between two lots


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to do. ``diary``: a line for each alarm that was handed over and each lot that was closed."""

    folder: Path
    name: str
    broker: str
    ledger: str
    rounds: int

    @property
    def diary(self) -> Path:
        return self.folder / "diary"

    def done(self, what: str) -> list[str]:
        """Entries of the diary that begin with that word."""
        told = self.diary.read_text(encoding="utf-8").splitlines() if self.diary.exists() else []
        return [line for line in told if line.startswith(what)]


def work(order: Order) -> None:
    """So many rounds, then only turning, until killed."""
    place, database = Place(folder=State(folder=order.folder).ledger), Database(order.ledger)
    one = Line(config(order.broker, line=order.name), order.folder, name=order.name, ledger=order.ledger)
    left_open = Ledger(database).current_lot(order.name)
    if left_open is not None:
        close_lot(database, place, lot_id=left_open.lot_id, by="the next run")
    with order.diary.open("a", encoding="utf-8", buffering=1) as diary:
        for _ in range(order.rounds):
            lot = open_lot(database, place, line=order.name, by="Ada", feed=Feed(supplier="Yard", mass_in_kg=812.5))
            one.alarm()
            diary.write(f"alarm raised {one.link.run} {one.raised}\n")
            diary.write(f"alarm cleared {one.link.run} {one.raised}\n")
            close_lot(database, place, lot_id=lot.lot_id, by="Ada")
            diary.write(f"lot {lot.lot_id}\n")
            for _ in range(TURNS):
                one.turn()
    while True:
        one.turn()
