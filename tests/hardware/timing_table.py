"""Round trips of rigs' devices, measured as `neosort bench devices` does, and their table for `hardware/README.md`."""

import sys
from contextlib import ExitStack

import pytest

from neosort_hardware.devices import DeviceError
from neosort_inference.bench.devices import measure

SECONDS = 5.0


def measured(rigs):
    """Rows of (peer in words, how its rig is made, the slots that hang on it); what cannot be had is left out."""
    rows = []
    for peer, make, slots in rigs:
        try:
            rig = make()
        except pytest.skip.Exception as missing:
            print(f"{peer}: left out, {missing}", file=sys.stderr)
            continue
        with ExitStack() as undo:
            undo.callback(rig.close)
            try:
                rows += [{"peer": peer} | found.figures() for found in measure(rig.line, SECONDS, slots)]
            except DeviceError as error:
                print(f"{peer}: left out, {error}", file=sys.stderr)
    return rows


def show(rows):
    """The table."""
    print("| slot | driver | peer | | count | p50 ms | p99 ms |\n|---|---|---|---|---|---|---|")
    for row in rows:
        spread = ("–" if row[key] is None else f"{row[key]:.2f}" for key in ("p50_ms", "p99_ms"))
        names = (row["slot"], f"`{row['driver']}`", row["peer"], row["what"], str(row["count"]))
        print("|", " | ".join((*names, *spread)), "|")
