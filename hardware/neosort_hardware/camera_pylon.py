"""`PylonCamera`: Basler's cameras, by Basler's own pylon (PyPI pypylon)."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Self

import numpy as np
from pypylon import genicam, pylon

from neosort_hardware.camera_genicam import GenicamCamera
from neosort_hardware.camera_source import CameraFault, Exposure, FrameSpoilt
from neosort_hardware.genicam_features import Value, expose_for, said_by_genicam, set_up
from neosort_hardware.settings_camera import PylonCameraConfig
from neosort_hardware.site import Site


class PylonCamera(GenicamCamera):
    """A camera by its serial number, or the only one that is there."""

    @classmethod
    def connect(cls, settings: PylonCameraConfig, site: Site) -> Self:
        """Finds the camera, sets it up and has it acquire. Raises `DeviceError`."""
        return cls("pylon", partial(PylonSource, settings), settings, site)

    @staticmethod
    def present() -> list[str]:
        """Basler cameras that pylon sees, emulated ones among them where PYLON_CAMEMU asks for them."""
        devices = pylon.TlFactory.GetInstance().EnumerateDevices()
        return [
            f"{device.GetSerialNumber()} ({device.GetModelName()}, {device.GetDeviceClass()})" for device in devices
        ]


class PylonFeatures:
    """Features by pylon's own nodes, which check ranges by themselves."""

    def __init__(self, nodes: Any) -> None:  # noqa: ANN401 - pypylon has no types
        self._nodes = nodes

    def has(self, name: str) -> bool:
        return bool(genicam.IsAvailable(self._nodes.GetNode(name)))

    def set(self, name: str, value: Value) -> None:
        node = self._nodes.GetNode(name)
        if not genicam.IsAvailable(node):
            raise CameraFault(f"has no feature {name}")
        try:
            if isinstance(node, pylon.CommandParameter):
                node.Execute()
            elif isinstance(node, pylon.IntegerParameter):
                node.SetValue(round(float(value)))
            else:
                node.FromString(str(value))
        except (genicam.GenericException, ValueError) as error:
            raise CameraFault(f"does not take {name} = {value} ({said_by_genicam(error)})") from error

    def number(self, name: str) -> float:
        try:
            return float(self._nodes.GetNode(name).GetValue())
        except genicam.GenericException as error:
            raise CameraFault(f"does not say its {name} ({said_by_genicam(error)})") from error


class PylonSource:
    """A grabbing camera."""

    def __init__(self, settings: PylonCameraConfig) -> None:
        """Raises `CameraFault` when it is not there, somebody else has it, or it does not take a setting."""
        self._camera: Any = None
        self._settings = settings
        try:
            self._camera = _found(settings.camera)
            self._camera.Open()
            set_up(PylonFeatures(self._camera.GetNodeMap()), settings)
            self._pixel_format = str(self._camera.PixelFormat.Value)
            self._camera.MaxNumBuffer.Value = settings.buffers
            self._camera.StartGrabbing(pylon.GrabStrategy_OneByOne)
        except genicam.GenericException as error:
            self.close()
            raise CameraFault(f"cannot be opened ({said_by_genicam(error)})") from error
        except CameraFault:
            self.close()
            raise

    def trigger(self) -> None:
        try:
            self._camera.TriggerSoftware.Execute()
        except genicam.GenericException as error:
            raise CameraFault(f"takes no software trigger ({said_by_genicam(error)})") from error

    def grab(self, wait_s: float) -> Exposure | None:
        try:
            result = self._camera.RetrieveResult(max(1, round(wait_s * 1e3)), pylon.TimeoutHandling_Return)
        except genicam.GenericException as error:
            raise CameraFault(f"is gone ({said_by_genicam(error)})") from error
        arrived_ns = time.monotonic_ns()
        if not result.IsValid():
            return None
        try:
            return self._exposure(result, arrived_ns)
        finally:
            result.Release()

    def expose_for(self, exposure_us: float) -> None:
        expose_for(PylonFeatures(self._camera.GetNodeMap()), self._settings, exposure_us)

    def check(self) -> None:
        try:
            gone = self._camera.IsCameraDeviceRemoved() or self._camera.Width.Value <= 0
        except genicam.GenericException as error:
            raise CameraFault(f"does not answer ({said_by_genicam(error)})") from error
        if gone:
            raise CameraFault("was unplugged")

    def close(self) -> None:
        if self._camera is None:
            return
        try:
            self._camera.Close()
        except genicam.GenericException:
            pass  # it is gone already
        finally:
            self._camera = None

    def _exposure(self, result: Any, arrived_ns: int) -> Exposure:  # noqa: ANN401
        if not result.GrabSucceeded():
            raise FrameSpoilt(str(result.ErrorDescription))
        return Exposure(
            raw=np.frombuffer(result.GetBuffer(), dtype=np.uint8),
            pixel_format=self._pixel_format,
            width_px=int(result.Width),
            height_px=int(result.Height),
            arrived_ns=arrived_ns,
            device_ns=int(result.TimeStamp) or None,
        )


def _found(serial: str) -> Any:  # noqa: ANN401
    """The camera of that serial number; the only one there is where none is named."""
    factory = pylon.TlFactory.GetInstance()
    devices = [device for device in factory.EnumerateDevices() if serial in ("", device.GetSerialNumber())]
    if len(devices) == 1:
        return pylon.InstantCamera(factory.CreateDevice(devices[0]))
    if serial:
        raise CameraFault("cannot be opened: pylon sees no camera of that serial number")
    serials = ", ".join(device.GetSerialNumber() for device in devices)
    raise CameraFault(f"camera.camera names none, and pylon sees {len(devices)}{': ' if serials else ''}{serials}")
