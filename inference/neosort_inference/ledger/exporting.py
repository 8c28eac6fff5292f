"""A lot written out: everything as JSON, or one kind of record as CSV. Record by record, however many there are."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, TextIO

from neosort_inference.ledger.asking import Opened, told
from neosort_inference.ledger.chain import record_body
from neosort_inference.ledger.heads import head_file, read_head
from neosort_inference.ledger.reading import Ledger
from neosort_inference.ledger.records import (
    DecisionRecord,
    Entry,
    EventRecord,
    FaultRecord,
    LedgerError,
    Lot,
    Record,
    ShotRecord,
)

KINDS: dict[str, type[Record]] = {
    "decisions": DecisionRecord,
    "shots": ShotRecord,
    "faults": FaultRecord,
    "events": EventRecord,
}


def export_lot(one: Opened, lot: Lot, *, as_csv: str | None, file: Path | None) -> int:
    """Write a lot to ``file``, None: to standard output; how many records that were.

    ``as_csv``: the kind of record that a CSV holds; None: JSON of everything. Raises `LedgerError`.
    """
    with _to(file) as out:
        if as_csv is not None:
            return _write_csv(one.ledger, lot, KINDS[as_csv], out)
        return _write_json(one, lot, out)


def _write_csv(ledger: Ledger, lot: Lot, kind: type[Record], out: TextIO) -> int:
    names = [field.name for field in fields(kind)]
    writer = csv.writer(out)
    writer.writerow(["lot", "seq", *names])
    written = 0
    for entry in ledger.entries(lot.lot_id):
        if isinstance(entry.record, kind):
            body = record_body(entry.record)
            writer.writerow([entry.lot_id, entry.seq, *(_cell(body[name]) for name in names)])
            written += 1
    return written


def _write_json(one: Opened, lot: Lot, out: TextIO) -> int:
    head = read_head(head_file(one.place, lot.lot_id))
    signed = None if head is None else json.loads(head.to_json())
    out.write(f'{{"lot": {json.dumps(told(lot), ensure_ascii=False)},\n "head": {json.dumps(signed)},\n "records": [')
    written = 0
    for entry in one.ledger.entries(lot.lot_id):
        out.write(",\n  " if written else "\n  ")
        out.write(json.dumps(_told_of(entry), ensure_ascii=False))
        written += 1
    out.write("\n ]}\n")
    return written


def _told_of(entry: Entry) -> dict[str, Any]:
    """An entry with everything that its hash is over, but for the hash before it."""
    return {
        "seq": entry.seq,
        "kind": entry.record.table,
        "run": entry.run_id,
        "run_seq": entry.run_seq,
        "record": record_body(entry.record),
        "hash": entry.hash,
    }


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


@contextmanager
def _to(file: Path | None) -> Iterator[TextIO]:
    if file is None:
        yield sys.stdout
        return
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            yield out
    except OSError as error:
        raise LedgerError(f"--out {file}: cannot be written ({error.strerror})") from error
