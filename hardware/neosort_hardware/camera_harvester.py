"""`HarvesterCamera`: any camera whose maker ships a GenTL producer (a .cti file), by Harvesters."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from genicam import genapi, gentl
from harvesters.core import Callback, Harvester, ImageAcquirer

from neosort_hardware.camera_genicam import GenicamCamera
from neosort_hardware.camera_source import CameraFault, Exposure, FrameSpoilt
from neosort_hardware.genicam_features import Value, expose_for, said_by_genicam, set_up
from neosort_hardware.settings_camera import HarvesterCameraConfig
from neosort_hardware.site import Site

PRODUCERS = "GENICAM_GENTL64_PATH"  # where the standard has makers' installers put their producers
LOST = (genapi.GenericException, gentl.GenericException)


class HarvesterCamera(GenicamCamera):
    """A camera of one producer. A process can open a producer once at a time."""

    @classmethod
    def connect(cls, settings: HarvesterCameraConfig, site: Site) -> Self:
        """Loads the producer, finds the camera, sets it up and has it acquire. Raises `DeviceError`."""
        return cls("GenTL", partial(HarvesterSource, settings), settings, site)

    @staticmethod
    def present() -> list[str]:
        """Cameras of all producers in the folders that the environment names."""
        folders = [Path(folder) for folder in os.environ.get(PRODUCERS, "").split(os.pathsep) if folder]
        return [
            f"{device} (producer = {file})"
            for folder in folders
            for file in sorted(folder.glob("*.cti"))
            for device in _devices_of(file)
        ]


class HarvesterFeatures:
    """Features by GenApi's reference implementation."""

    def __init__(self, nodes: Any) -> None:  # noqa: ANN401 - genicam has no types
        self._nodes = nodes

    def has(self, name: str) -> bool:
        if not self._nodes.has_node(name):
            return False
        return self._nodes.get_node(name).get_access_mode() not in (genapi.EAccessMode.NI, genapi.EAccessMode.NA)

    def set(self, name: str, value: Value) -> None:
        if not self.has(name):
            raise CameraFault(f"has no feature {name}")
        node = self._nodes.get_node(name)
        try:
            if isinstance(node, genapi.ICommand):
                node.execute()
            elif isinstance(node, genapi.IInteger):
                node.value = round(float(value))
            else:
                node.from_string(str(value))
        except (genapi.GenericException, ValueError) as error:
            raise CameraFault(f"does not take {name} = {value} ({said_by_genicam(error)})") from error

    def number(self, name: str) -> float:
        try:
            return float(self._nodes.get_node(name).value)
        except LOST as error:
            raise CameraFault(f"does not say its {name} ({said_by_genicam(error)})") from error


class Incomplete(Callback):  # type: ignore[misc] # harvesters has no types
    """Harvesters discards incomplete buffers by itself and tells this."""

    def __init__(self) -> None:
        super().__init__()
        self.told = False

    def emit(self, context: object | None = None) -> None:
        self.told = True


class HarvesterSource:
    """An acquiring camera."""

    def __init__(self, settings: HarvesterCameraConfig) -> None:
        """Raises `CameraFault` when producer or camera is not there, or does not take a setting."""
        self._settings = settings
        self._harvester = _loaded(Path(settings.producer))
        self._acquirer: Any = None
        self._stamps = True
        self._incomplete = Incomplete()
        try:
            self._acquirer = self._harvester.create({"id_": _chosen(self._harvester, settings.camera)})
            set_up(HarvesterFeatures(self._nodes()), settings)
            self._acquirer.num_buffers = max(self._acquirer.min_num_buffers, settings.buffers)
            self._acquirer.add_callback(ImageAcquirer.Events.INCOMPLETE_BUFFER, self._incomplete)
            self._acquirer.start()
        except (*LOST, ValueError) as error:
            self.close()
            raise CameraFault(f"cannot be opened ({said_by_genicam(error)})") from error
        except CameraFault:
            self.close()
            raise

    def trigger(self) -> None:
        try:
            self._nodes().TriggerSoftware.execute()
        except LOST as error:
            raise CameraFault(f"takes no software trigger ({said_by_genicam(error)})") from error

    def grab(self, wait_s: float) -> Exposure | None:
        try:
            buffer = self._acquirer.try_fetch(timeout=max(1e-3, wait_s))
        except LOST as error:
            raise CameraFault(f"is gone ({said_by_genicam(error)})") from error
        arrived_ns = time.monotonic_ns()
        if self._incomplete.told:
            self._incomplete.told = False
            raise FrameSpoilt("incomplete buffer")
        if buffer is None:
            return None
        try:
            return self._exposure(buffer, arrived_ns)
        finally:
            buffer.queue()

    def expose_for(self, exposure_us: float) -> None:
        expose_for(HarvesterFeatures(self._nodes()), self._settings, exposure_us)

    def check(self) -> None:
        try:
            self._nodes().get_node("Width").to_string()
        except LOST as error:
            raise CameraFault(f"does not answer ({said_by_genicam(error)})") from error

    def close(self) -> None:
        try:
            if self._acquirer is not None:
                self._acquirer.destroy()
            self._harvester.reset()
        except LOST:
            pass  # it is gone already
        finally:
            self._acquirer = None

    def _nodes(self) -> Any:  # noqa: ANN401
        return self._acquirer.remote_device.node_map

    def _exposure(self, buffer: Any, arrived_ns: int) -> Exposure:  # noqa: ANN401
        picture = buffer.payload.components[0]
        return Exposure(
            raw=np.array(picture.data).view(np.uint8).reshape(-1),
            pixel_format=str(picture.data_format),
            width_px=int(picture.width),
            height_px=int(picture.height),
            arrived_ns=arrived_ns,
            device_ns=self._stamp_of(buffer),
        )

    def _stamp_of(self, buffer: Any) -> int | None:  # noqa: ANN401
        """The camera's stamp, where producer and camera have any; the first frame tells."""
        if not self._stamps:
            return None
        try:
            return int(buffer.timestamp_ns) or None
        except LOST:
            self._stamps = False
            return None


def _loaded(producer: Path) -> Harvester:
    """A harvester with that producer's cameras enumerated."""
    if not producer.is_file():
        raise CameraFault(f"camera.producer = {producer}: no such file")
    harvester = Harvester()
    try:
        harvester.add_file(str(producer), check_existence=True, check_validity=True)
        harvester.update()
    except (*LOST, OSError) as error:
        harvester.reset()
        raise CameraFault(f"camera.producer = {producer} cannot be loaded ({said_by_genicam(error)})") from error
    return harvester


def _chosen(harvester: Harvester, camera: str) -> str:
    """The identifier of the camera that was named; of the only one there is where none was."""
    infos = harvester.device_info_list
    chosen = [str(info.id_) for info in infos if camera in ("", info.id_, info.serial_number)]
    if len(chosen) == 1:
        return chosen[0]
    seen = ", ".join(str(info.id_) for info in infos) or "none, or another programme has it"
    raise CameraFault(f"camera.camera = '{camera}' is not one of the producer's cameras: {seen}")


def _devices_of(producer: Path) -> list[str]:
    try:
        harvester = _loaded(producer)
    except CameraFault as fault:
        return [f"nothing: {fault}"]
    names = [f"{info.id_} ({info.model}, {info.serial_number})" for info in harvester.device_info_list]
    harvester.reset()
    return names
