"""Which procedures there are, in the order in which a new line is calibrated."""

from __future__ import annotations

from neosort_inference.calibration.procedure import CalibrationError, Procedure


def procedures() -> tuple[type[Procedure], ...]:
    """All of them. Imported when asked for: they bring libraries along that sorting does not need."""
    from neosort_inference.calibration.array import Array  # noqa: PLC0415
    from neosort_inference.calibration.belt_plane import BeltPlane  # noqa: PLC0415
    from neosort_inference.calibration.camera_to_array import CameraToArray  # noqa: PLC0415
    from neosort_inference.calibration.encoder_scale import EncoderScale  # noqa: PLC0415
    from neosort_inference.calibration.intrinsics import Intrinsics  # noqa: PLC0415
    from neosort_inference.calibration.light import Light  # noqa: PLC0415
    from neosort_inference.calibration.nozzles import Nozzles  # noqa: PLC0415
    from neosort_inference.calibration.turning import ArrayTurned  # noqa: PLC0415
    from neosort_inference.calibration.verification import Verification  # noqa: PLC0415

    return (Light, Intrinsics, EncoderScale, BeltPlane, Array, ArrayTurned, CameraToArray, Nozzles, Verification)


def procedure_named(name: str) -> type[Procedure]:
    """The one of that name. Raises `CalibrationError` naming those that there are."""
    for procedure in procedures():
        if procedure.about.name == name:
            return procedure
    known = ", ".join(procedure.about.name for procedure in procedures())
    raise CalibrationError(f"no procedure '{name}'; there are: {known}")
