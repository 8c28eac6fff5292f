"""`python -m tests.hardware.round_trips [FILE.json]`: every driver's round trips against the peers of the tests.

Prints the table of `hardware/README.md`. The peers run on this machine, on loopback and pseudo-terminals: what a wire,
a switch or a port adds comes on top.
"""

import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.hardware.camera_peers import need_aravis, need_ffmpeg, need_harvesters, need_pylon
from tests.hardware.conftest import compiled_controller
from tests.hardware.iio_process import need_libiio
from tests.hardware.rigs import (
    AravisRig,
    ArrayRig,
    CoilsRig,
    ControllerRig,
    HarvesterRig,
    IioRig,
    MjpegRig,
    ModbusRig,
    PylonRig,
)

from neosort_hardware.devices import DeviceError
from neosort_inference.bench.devices import measure
from neosort_inference.bench.record import origin

SECONDS = 5.0


def rigs(folder):
    """Peer in words, how its rig is made, and the slots that hang on it."""
    board = folder / "board"
    return [
        (
            "reference controller, pty",
            lambda: ControllerRig(compiled_controller(folder), board),
            ("encoder", "interlock", "diverter"),
        ),
        ("array board, pty, 40 × 1 kHz", lambda: ArrayRig(folder / "array"), ("magnetometer",)),
        ("libmodbus, shots written", ModbusRig, ("encoder", "interlock", "magnetometer", "diverter")),
        ("libmodbus, coils timed by us", CoilsRig, ("diverter",)),
        ("IIO daemon's protocol, 24 × 1 kHz", lambda: (need_libiio(), IioRig())[1], ("magnetometer",)),
        ("ffmpeg, MJPEG over HTTP", lambda: (need_ffmpeg(), MjpegRig())[1], ("camera",)),
        ("Aravis' fake GigE camera", lambda: (need_aravis(), AravisRig())[1], ("camera",)),
        ("pylon's emulation", lambda: (need_pylon(), PylonRig())[1], ("camera",)),
        ("genicam wheel's producer", lambda: HarvesterRig(need_harvesters()), ("camera",)),
    ]  # fmt: skip


def main():
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for peer, make, slots in rigs(Path(folder)):
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
    print("| slot | driver | peer | | count | p50 ms | p99 ms |\n|---|---|---|---|---|---|---|")
    for row in rows:
        spread = ("–" if row[key] is None else f"{row[key]:.2f}" for key in ("p50_ms", "p99_ms"))
        names = (row["slot"], f"`{row['driver']}`", row["peer"], row["what"], str(row["count"]))
        print("|", " | ".join((*names, *spread)), "|")
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps({"devices": rows} | origin(), indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
