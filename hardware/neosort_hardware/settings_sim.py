"""The simulated devices' settings: their slots' own keys. The world behind them is `[twin]`."""

from __future__ import annotations

from typing import Literal

from neosort_hardware.slots import (
    CameraConfig,
    DiverterConfig,
    EncoderConfig,
    HeavyDiverterConfig,
    InterlockConfig,
    MagnetometerConfig,
)


class SimEncoderConfig(EncoderConfig):
    """The simulated belt's counts."""

    driver: Literal["sim"] = "sim"


class SimCameraConfig(CameraConfig):
    """Pictures of the simulated belt."""

    driver: Literal["sim"] = "sim"


class SimMagnetometerConfig(MagnetometerConfig):
    """Fields of the simulated belt."""

    driver: Literal["sim"] = "sim"


class SimDiverterConfig(DiverterConfig):
    """Air jets over the simulated belt."""

    driver: Literal["sim"] = "sim"


class SimHeavyDiverterConfig(HeavyDiverterConfig):
    """Flaps behind the simulated belt."""

    driver: Literal["sim"] = "sim"


class SimInterlockConfig(InterlockConfig):
    """A safety circuit that a fault can open."""

    driver: Literal["sim"] = "sim"
