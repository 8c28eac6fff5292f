"""`python -m tests.hardware.round_trips [FILE.json]`: every driver's round trips against the peers of the tests.

Prints the table of `hardware/README.md`. The peers run on this machine, on loopback and pseudo-terminals: what a wire,
a switch or a port adds comes on top.
"""

import json
import sys
import tempfile
from pathlib import Path

import pytest
from tests.hardware.camera_peers import need_aravis, need_ffmpeg, need_harvesters, need_pylon
from tests.hardware.camera_rigs import AravisRig, HarvesterRig, MjpegRig, PylonRig
from tests.hardware.conftest import compiled_controller
from tests.hardware.iio_process import need_libiio
from tests.hardware.rigs import ArrayRig, CoilsRig, ControllerRig, IioRig, ModbusRig
from tests.hardware.timing_table import SECONDS, measured, show
from tests.inference.opcua_round_trips import opcua_round_trips

from neosort_inference.bench.record import origin


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
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(rigs(Path(folder)))
    try:
        rows += [{"peer": "node-opcua's client"} | row for row in opcua_round_trips(SECONDS)]
    except pytest.skip.Exception as missing:
        print(f"OPC UA: left out, {missing}", file=sys.stderr)
    show(rows)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps({"devices": rows} | origin(), indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
