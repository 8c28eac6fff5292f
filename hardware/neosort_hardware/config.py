"""A line's configuration and calibration, read from TOML: unknown keys refused, bounds on every number."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SerializeAsAny, ValidationError, model_validator

from neosort_hardware.driver_choice import settings_of
from neosort_hardware.section import ConfigError, Section, describe_invalid, load_toml
from neosort_hardware.settings_calibration import VALVE_LAGS, Calibration
from neosort_hardware.settings_camera import (
    AravisCameraConfig,
    HarvesterCameraConfig,
    OpenCvCameraConfig,
    PylonCameraConfig,
)
from neosort_hardware.settings_gpio import (
    GpioDiverterConfig,
    GpioHeavyDiverterConfig,
    GpioInterlockConfig,
    GpioPlantConfig,
)
from neosort_hardware.settings_iio import IioMagnetometerConfig
from neosort_hardware.settings_modbus import (
    ModbusDiverterConfig,
    ModbusEncoderConfig,
    ModbusHeavyDiverterConfig,
    ModbusInterlockConfig,
    ModbusMagnetometerConfig,
    ModbusPlantConfig,
)
from neosort_hardware.settings_serial import (
    SerialDiverterConfig,
    SerialEncoderConfig,
    SerialHeavyDiverterConfig,
    SerialInterlockConfig,
    SerialMagnetometerConfig,
)
from neosort_hardware.settings_sim import (
    SimCameraConfig,
    SimDiverterConfig,
    SimEncoderConfig,
    SimHeavyDiverterConfig,
    SimInterlockConfig,
    SimMagnetometerConfig,
)
from neosort_hardware.settings_twin import FeedConfig, PictureConfig, TrueLine, TwinConfig
from neosort_hardware.slots import (
    CameraConfig,
    DiverterConfig,
    EncoderConfig,
    HeavyDiverterConfig,
    InterlockConfig,
    MagnetometerConfig,
    PlantInputsConfig,
)
from neosort_hardware.valve_lags import mean_lag_ms

__all__ = [
    "BeltConfig",
    "CameraConfig",
    "ConfigError",
    "DiverterConfig",
    "EncoderConfig",
    "FeedConfig",
    "HeavyDiverterConfig",
    "InterlockConfig",
    "LineConfig",
    "MagnetometerConfig",
    "PictureConfig",
    "Section",
    "TrueLine",
    "TwinConfig",
    "as_built",
    "at_belt_speed",
    "describe_invalid",
    "load_line_config",
    "load_toml",
]

# Whose settings each slot may hold. A driver of ours adds its settings here and where it is built to `line.DRIVERS`.
AnyEncoder = Annotated[
    SerializeAsAny[EncoderConfig], settings_of("encoder", SimEncoderConfig, SerialEncoderConfig, ModbusEncoderConfig)
]
AnyCamera = Annotated[
    SerializeAsAny[CameraConfig],
    settings_of(
        "camera", SimCameraConfig, OpenCvCameraConfig, AravisCameraConfig, PylonCameraConfig, HarvesterCameraConfig
    ),
]
AnyMagnetometer = Annotated[
    SerializeAsAny[MagnetometerConfig],
    settings_of(
        "magnetometer",
        SimMagnetometerConfig,
        SerialMagnetometerConfig,
        ModbusMagnetometerConfig,
        IioMagnetometerConfig,
    ),
]
AnyDiverter = Annotated[
    SerializeAsAny[DiverterConfig],
    settings_of("diverter", SimDiverterConfig, SerialDiverterConfig, ModbusDiverterConfig, GpioDiverterConfig),
]
AnyHeavyDiverter = Annotated[
    SerializeAsAny[HeavyDiverterConfig] | None,
    settings_of(
        "heavy_diverter",
        SimHeavyDiverterConfig,
        SerialHeavyDiverterConfig,
        ModbusHeavyDiverterConfig,
        GpioHeavyDiverterConfig,
    ),
]
AnyInterlock = Annotated[
    SerializeAsAny[InterlockConfig],
    settings_of("interlock", SimInterlockConfig, SerialInterlockConfig, ModbusInterlockConfig, GpioInterlockConfig),
]


AnyPlant = Annotated[SerializeAsAny[PlantInputsConfig] | None, settings_of("plant", ModbusPlantConfig, GpioPlantConfig)]


class BeltConfig(Section):
    """The belt as built."""

    width_mm: float = Field(600.0, ge=100, le=3000, description="useful width")
    speed_m_per_s: float = Field(1.0, ge=0.1, le=3.0, description="nominal speed")


class LineConfig(Section):
    """One line: its parts, its constants, and the world behind it where that is simulated."""

    name: str = Field("line", min_length=1, max_length=64)
    belt: BeltConfig = BeltConfig()
    encoder: AnyEncoder = SimEncoderConfig()
    camera: AnyCamera = SimCameraConfig()
    magnetometer: AnyMagnetometer = SimMagnetometerConfig()
    diverter: AnyDiverter = SimDiverterConfig()
    heavy_diverter: AnyHeavyDiverter = None
    interlock: AnyInterlock = SimInterlockConfig()
    plant: AnyPlant = None
    calibration: Calibration = Calibration()
    twin: TwinConfig = TwinConfig()

    @property
    def timed_by_host(self) -> bool:
        """Whether a process of this machine times valves of the line, and needs real-time rights for it."""
        return any(bank is not None and bank.timed_by_host for bank in (self.diverter, self.heavy_diverter))

    @model_validator(mode="after")
    def _stations_in_order(self) -> Self:
        if self.calibration.nozzle_station_mm <= self.calibration.array_station_mm:
            raise ValueError(
                f"calibration.nozzle_station_mm is {self.calibration.nozzle_station_mm:g}, must be greater than "
                f"calibration.array_station_mm ({self.calibration.array_station_mm:g})"
            )
        return self

    @model_validator(mode="after")
    def _flaps_behind_the_nozzles(self) -> Self:
        if self.heavy_diverter is not None and self.heavy_diverter.station_mm <= self.calibration.nozzle_station_mm:
            raise ValueError(
                f"heavy_diverter.station_mm is {self.heavy_diverter.station_mm:g}, must be greater than "
                f"calibration.nozzle_station_mm ({self.calibration.nozzle_station_mm:g})"
            )
        return self

    @model_validator(mode="after")
    def _each_bank_its_own_valves(self) -> Self:
        """Two banks on one output would undo each other's work; on one board, each other's limits."""
        shared = frozenset() if self.heavy_diverter is None else self.diverter.held() & self.heavy_diverter.held()
        if shared:
            raise ValueError(f"diverter and heavy_diverter both hang on {_in_words(min(shared, key=str))}")
        return self

    @model_validator(mode="after")
    def _simulated_strokes_over_a_simulated_belt(self) -> Self:
        """They are timed by the belt's motion to come, which no encoder knows."""
        for slot, settings in (("diverter", self.diverter), ("heavy_diverter", self.heavy_diverter)):
            if settings is not None and settings.driver == "sim" and self.encoder.driver != "sim":
                raise ValueError(f"{slot}.driver = 'sim' needs encoder.driver = 'sim', not '{self.encoder.driver}'")
        return self

    @model_validator(mode="after")
    def _calibrated_channels_are_there(self) -> Self:
        channels = self.calibration.channels
        if channels is not None and len(channels.zero_ut) != self.magnetometer.channels:
            raise ValueError(
                f"calibration.channels holds {len(channels.zero_ut)} channels, magnetometer.channels is "
                f"{self.magnetometer.channels}"
            )
        return self

    @model_validator(mode="after")
    def _a_lag_a_valve(self) -> Self:
        for section, lags in (("calibration", self.calibration), ("twin.truth", self.twin.truth)):
            for key in VALVE_LAGS:
                lag_ms = getattr(lags, key)
                if isinstance(lag_ms, tuple) and len(lag_ms) != self.diverter.nozzles:
                    raise ValueError(
                        f"{section}.{key} lists {len(lag_ms)} valves, diverter.nozzles is {self.diverter.nozzles}"
                    )
        return self

    @model_validator(mode="after")
    def _faults_fit(self) -> Self:
        for fault in self.twin.faults:
            fault.must_fit(self.magnetometer.channels, self.diverter.nozzles)
        return self


def _in_words(held: Hashable) -> str:
    return ", ".join(map(str, held)) if isinstance(held, tuple) else str(held)


def load_line_config(path: Path) -> LineConfig:
    """The configuration of a line from a TOML file."""
    return load_toml(path, LineConfig)


def as_built(config: LineConfig) -> LineConfig:
    """The line as it truly stands: with `TrueLine`'s constants. The counts' scale stays what the line takes it for."""
    truth = config.twin.truth
    told = truth.model_dump(exclude_none=True)
    # What single valves are led by is what was found of them; what they are by chance the world draws by itself.
    meant = {name: mean_lag_ms(getattr(config.calibration, name)) for name in VALVE_LAGS}
    calibration = meant | {name: value for name, value in told.items() if name in Calibration.model_fields}
    array = {"first_across_mm": truth.array_first_across_mm, "height_mm": truth.array_height_mm}
    nozzles = {"first_across_mm": truth.nozzle_first_across_mm}
    return config.model_copy(
        update={
            "calibration": config.calibration.model_copy(update=calibration),
            "magnetometer": config.magnetometer.model_copy(update=_said(array)),
            "diverter": config.diverter.model_copy(update=_said(nozzles)),
        }
    )


def _said(values: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}


def at_belt_speed(config: LineConfig, belt_speed_m_per_s: float) -> LineConfig:
    """The same line with its belt running at another speed, as ``--belt-speed`` asks. Raises `ConfigError`."""
    try:
        belt = BeltConfig(width_mm=config.belt.width_mm, speed_m_per_s=belt_speed_m_per_s)
    except ValidationError as error:
        raise ConfigError(f"--belt-speed: {describe_invalid(error)}") from error
    return config.model_copy(update={"belt": belt})
