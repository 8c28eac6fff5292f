"""Lines whose flaps hang on real valves, beside jets on real ones: rigs of the conformance suite with the flaps as the
diverter that is put to the test."""

from dataclasses import replace

from tests.hardware.controller_process import ControllerProcess
from tests.hardware.rigs import ControllerRig, ModbusRig

OUT_MS, BACK_MS, RECOVERY_MS = 60.0, 50.0, 40.0
FLAPS = {"lanes": 12, "out_ms": OUT_MS, "back_ms": BACK_MS, "recovery_ms": RECOVERY_MS}


class FlapsOnValves:
    """Made beside a `Rig`. A place is one of the belt at 1 m/s: a millimetre is a millisecond."""

    def __init__(self, *made_of):
        super().__init__(*made_of)
        self.line = replace(self.line, diverter=self.line.heavy_diverter, heavy_diverter=self.line.diverter)

    def blows(self):
        """Where flaps stood out: they were told to set off their travel time before, and to go back at its end."""
        return [replace(told, opened_mm=told.opened_mm + OUT_MS) for told in super().blows()]


class FlapsOnBoardRig(FlapsOnValves, ControllerRig):
    """On a counting controller of their own; the line's encoder is the jets' controller, and counts the same belt."""

    slack_mm = 20.0  # of setting one board's count against the other's on a machine that is busy with other things

    def __init__(self, program, link):
        self._jets_link = link.with_name("jets")
        self._jets_board = ControllerProcess(program, "--count", "7000", link=self._jets_link)
        super().__init__(program, link)

    def slots(self, on_board, limits):
        jets = on_board | {"port": str(self._jets_link)}
        flaps = on_board | limits | FLAPS | {"apart_mm": 50.0}
        return {"encoder": jets, "interlock": jets, "diverter": jets, "heavy_diverter": flaps}

    def end_peer(self):
        super().end_peer()
        self._jets_board.close()

    def place_mm(self, count):
        return self.line.diverter.valves.place_mm(count)


class FlapsOnCoilsRig(FlapsOnValves, ModbusRig):
    """On plain coils that the shot process times, the jets beside them on a counting controller."""

    def diverters(self, shots, limits):
        return {
            "diverter": shots | {"mode": "controller"},
            "heavy_diverter": shots | limits | FLAPS | {"mode": "coils"},
        }


class FlapsOnRegistersRig(FlapsOnValves, ModbusRig):
    """Written to a counting controller, the jets beside them on coils that the shot process times."""

    def diverters(self, shots, limits):
        jets = {"mode": "coils", "nozzles": 16, "first_coil": 32}
        return {"diverter": shots | jets, "heavy_diverter": shots | limits | FLAPS | {"mode": "controller"}}
