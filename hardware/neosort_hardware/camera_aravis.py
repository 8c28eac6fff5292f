"""`AravisCamera`: GigE Vision and USB3 Vision cameras of any maker, by Aravis (libaravis 0.8 and PyGObject)."""

from __future__ import annotations

import time
from functools import partial
from typing import Self

import gi
import numpy as np

from neosort_hardware.camera_genicam import GenicamCamera
from neosort_hardware.camera_source import CameraFault, Exposure, FrameSpoilt
from neosort_hardware.genicam_features import Value, expose_for, set_up
from neosort_hardware.settings_camera import AravisCameraConfig
from neosort_hardware.site import Site

gi.require_version("Aravis", "0.8")
from gi.repository import Aravis, GLib  # noqa: E402 - exists once its version is chosen


class AravisCamera(GenicamCamera):
    """A camera by its address, its identifier, or the only one that is there."""

    @classmethod
    def connect(cls, settings: AravisCameraConfig, site: Site) -> Self:
        """Finds the camera, sets it up and has it acquire. Raises `DeviceError`."""
        return cls("Aravis", partial(AravisSource, settings), settings, site)

    @staticmethod
    def present() -> list[str]:
        """Cameras that answer on this machine's networks and USB ports; listens for a second."""
        Aravis.update_device_list()
        return [
            f"{Aravis.get_device_id(index)} ({Aravis.get_device_protocol(index)}, {Aravis.get_device_address(index)})"
            for index in range(Aravis.get_n_devices())
        ]


class AravisFeatures:
    """Features by Aravis' own nodes, ranges checked before the camera is told."""

    def __init__(self, device: Aravis.Device) -> None:
        self._device = device
        device.set_range_check_policy(Aravis.RangeCheckPolicy.ENABLE)

    def has(self, name: str) -> bool:
        try:
            return bool(self._device.is_feature_available(name))
        except GLib.Error:
            return False

    def set(self, name: str, value: Value) -> None:
        node = self._device.get_feature(name)
        if node is None:
            raise CameraFault(f"has no feature {name}")
        try:
            if isinstance(node, Aravis.GcBoolean):
                self._device.set_boolean_feature_value(name, bool(value))
            elif isinstance(node, Aravis.GcCommand):
                self._device.execute_command(name)
            elif isinstance(node, Aravis.GcString):  # enumerations too
                self._device.set_string_feature_value(name, str(value))
            elif isinstance(node, Aravis.GcFloat):
                self._device.set_float_feature_value(name, float(value))
            else:
                self._device.set_integer_feature_value(name, round(float(value)))
        except (GLib.Error, ValueError) as error:
            raise CameraFault(f"does not take {name} = {value} ({_said(error)})") from error

    def number(self, name: str) -> float:
        try:
            if isinstance(self._device.get_feature(name), Aravis.GcFloat):
                return float(self._device.get_float_feature_value(name))
            return float(self._device.get_integer_feature_value(name))
        except GLib.Error as error:
            raise CameraFault(f"does not say its {name} ({_said(error)})") from error


class AravisSource:
    """An acquiring camera."""

    def __init__(self, settings: AravisCameraConfig) -> None:
        """Raises `CameraFault` when it is not there, does not answer, or does not take a setting."""
        self._settings = settings
        self._camera = _opened(settings.camera)
        self._stream: Aravis.Stream = None
        try:
            self._set_up(settings)
        except GLib.Error as error:
            self.close()
            raise CameraFault(_said(error)) from error
        except CameraFault:
            self.close()
            raise

    def trigger(self) -> None:
        try:
            self._camera.software_trigger()
        except GLib.Error as error:
            raise CameraFault(f"takes no software trigger ({_said(error)})") from error

    def grab(self, wait_s: float) -> Exposure | None:
        buffer = self._stream.timeout_pop_buffer(max(1, round(wait_s * 1e6)))
        arrived_ns = time.monotonic_ns()
        if buffer is None:
            return None
        try:
            return self._exposure(buffer, arrived_ns)
        finally:
            self._stream.push_buffer(buffer)

    def expose_for(self, exposure_us: float) -> None:
        expose_for(AravisFeatures(self._camera.get_device()), self._settings, exposure_us)

    def check(self) -> None:
        device = self._camera.get_device()
        try:
            self._camera.get_region()
        except GLib.Error as error:
            raise CameraFault(f"does not answer ({_said(error)})") from error
        if isinstance(device, Aravis.GvDevice) and not device.is_controller():
            raise CameraFault("is not ours any more: it began anew, or another host controls it")

    def close(self) -> None:
        try:
            if self._stream is not None:  # else it never acquired for us, and may acquire for somebody else
                self._camera.stop_acquisition()
        except GLib.Error:
            pass  # it is gone, and has stopped by itself when it missed our heartbeat
        finally:
            self._stream = None
            self._camera = None

    def _set_up(self, settings: AravisCameraConfig) -> None:
        camera = self._camera
        device = camera.get_device()
        if isinstance(device, Aravis.GvDevice) and not device.is_controller():
            raise CameraFault("is controlled by another host or programme")
        camera.stop_acquisition()  # a host that died may have left it running
        set_up(AravisFeatures(device), settings)
        self._pixel_format = str(camera.get_pixel_format_as_string())
        self._pixel_code = int(camera.get_pixel_format())
        if camera.is_gv_device():
            _set_packets(camera, settings)
        self._stream = camera.create_stream(None, None)
        if isinstance(self._stream, Aravis.GvStream):
            resend = Aravis.GvStreamPacketResend
            self._stream.set_property("packet-resend", resend.ALWAYS if settings.resend else resend.NEVER)
        payload = camera.get_payload()
        for _ in range(settings.buffers):
            self._stream.push_buffer(Aravis.Buffer.new_allocate(payload))
        camera.start_acquisition()

    def _exposure(self, buffer: Aravis.Buffer, arrived_ns: int) -> Exposure | None:
        status = buffer.get_status()
        if status == Aravis.BufferStatus.CLEARED:  # handed back empty
            return None
        if status != Aravis.BufferStatus.SUCCESS:
            raise FrameSpoilt(str(status.value_nick).replace("-", " "))
        if buffer.get_image_pixel_format() != self._pixel_code:
            raise CameraFault(
                f"sends pixels of code {buffer.get_image_pixel_format():#010x}, it was set to {self._pixel_format} "
                f"({self._pixel_code:#010x})"
            )
        return Exposure(
            raw=np.frombuffer(buffer.get_image_data(), dtype=np.uint8),
            pixel_format=self._pixel_format,
            width_px=int(buffer.get_image_width()),
            height_px=int(buffer.get_image_height()),
            arrived_ns=arrived_ns,
            device_ns=int(buffer.get_timestamp()) or None,
        )


def _opened(camera: str) -> Aravis.Camera:
    """The camera of that address or identifier; the only one there is where none is named."""
    try:
        if camera:
            return Aravis.Camera.new(camera)
        Aravis.update_device_list()
        found = [Aravis.get_device_id(index) for index in range(Aravis.get_n_devices())]
        if len(found) != 1:
            what = f"{len(found)} are there: {', '.join(found)}" if found else "none answers"
            raise CameraFault(f"camera.camera names none, and {what}")
        return Aravis.Camera.new(found[0])
    except GLib.Error as error:
        raise CameraFault(f"cannot be opened ({_said(error)})") from error


def _set_packets(camera: Aravis.Camera, settings: AravisCameraConfig) -> None:
    if settings.packet_bytes is None:
        camera.gv_auto_packet_size()
    else:
        camera.gv_set_packet_size(settings.packet_bytes)
    if settings.packet_delay_us > 0:
        camera.gv_set_packet_delay(round(settings.packet_delay_us * 1e3))


def _said(error: Exception) -> str:
    return str(getattr(error, "message", error))
