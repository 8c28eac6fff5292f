"""Lines of the kernel's GPIO chips, held by this process. libgpiod does the talking (its own Python face, `gpiod`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import gpiod
from gpiod.line import Bias as LineBias
from gpiod.line import Direction, Value

from neosort_hardware.devices import DeviceError
from neosort_hardware.settings_gpio import Bias, GpioLine

CONSUMER = "neosort"
_BIAS: Mapping[Bias, LineBias] = {
    "as-is": LineBias.AS_IS,
    "disabled": LineBias.DISABLED,
    "pull-up": LineBias.PULL_UP,
    "pull-down": LineBias.PULL_DOWN,
}


class GpioLines:
    """Some lines of one chip. Raises `DeviceError`, as every method does, with the device's name, chip and cause."""

    def __init__(self, device: str, chip: str, settings: Mapping[GpioLine, gpiod.LineSettings]) -> None:
        self._device = device
        self._chip = chip
        try:
            path = chip_path(chip)
            self._lines = _offsets(path, settings)
            self._request = gpiod.request_lines(
                path, consumer=CONSUMER, config={offset: settings[line] for line, offset in self._lines.items()}
            )
        except (OSError, ValueError) as error:
            raise self._error(_why(error, chip, settings)) from error

    def set_active(self, active: Iterable[GpioLine]) -> None:
        """Exactly these lines active, in one call."""
        chosen = {self._lines[line] for line in active}
        values: dict[int | str, Value] = {
            at: Value.ACTIVE if at in chosen else Value.INACTIVE for at in self._lines.values()
        }
        try:
            self._request.set_values(values)
        except (OSError, gpiod.RequestReleasedError) as error:
            raise self._error(f"lines cannot be written ({_text(error)})") from error

    def active(self) -> frozenset[GpioLine]:
        """Those that are active now."""
        try:
            values = self._request.get_values(list(self._lines.values()))
        except (OSError, gpiod.RequestReleasedError) as error:
            raise self._error(f"lines cannot be read ({_text(error)})") from error
        return frozenset(line for line, value in zip(self._lines, values, strict=True) if value is Value.ACTIVE)

    def release(self) -> None:
        """Let go; what outputs show then is the chip's own affair. Idempotent."""
        if self._request:
            self._request.release()

    def _error(self, cause: str) -> DeviceError:
        return DeviceError(self._device, f"{self._chip}: {cause}")


def output(*, active_low: bool) -> gpiod.LineSettings:
    """A line that drives something, inactive from the moment it is held."""
    return gpiod.LineSettings(direction=Direction.OUTPUT, active_low=active_low, output_value=Value.INACTIVE)


def contact(*, active_low: bool, bias: Bias) -> gpiod.LineSettings:
    """A line that reads a contact."""
    return gpiod.LineSettings(direction=Direction.INPUT, active_low=active_low, bias=_BIAS[bias])


def chip_path(chip: str) -> str:
    """The device node of a chip named by its node, its name or its label. Raises `ValueError`, `OSError`."""
    if chip.startswith("/"):
        return chip
    known = {path: _info(path) for path in chips()}
    found = [path for path, info in known.items() if chip in {info.name, info.label}]
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"{info.name} '{info.label}'" for info in known.values()) or "none"
    raise ValueError(f"{'several chips have' if found else 'no chip has'} that name; there are: {there}")


def chips() -> list[str]:
    """Device nodes of the chips that there are."""
    return sorted(str(path) for path in Path("/dev").glob("gpiochip*") if gpiod.is_gpiochip_device(str(path)))


def present() -> list[str]:
    """Chips as a person would name them."""
    infos = [_info(path) for path in chips()]
    return [f"chip = '{info.label or info.name}' ({info.name}, {info.num_lines} lines)" for info in infos]


def _info(path: str) -> gpiod.ChipInfo:
    with gpiod.Chip(path) as chip:
        return chip.get_info()


def _offsets(path: str, lines: Iterable[GpioLine]) -> dict[GpioLine, int]:
    with gpiod.Chip(path) as chip:
        return {line: _offset(chip, line) for line in lines}


def _offset(chip: gpiod.Chip, line: GpioLine) -> int:
    if isinstance(line, int) and line >= chip.get_info().num_lines:
        raise ValueError(f"has {chip.get_info().num_lines} lines, there is no line {line}")
    try:
        return chip.line_offset_from_id(line)
    except (OSError, ValueError):
        raise ValueError(f"has no line '{line}'") from None


def _why(error: Exception, chip: str, lines: Iterable[GpioLine]) -> str:
    """Who has a line already is worth knowing; the kernel only says that it is busy."""
    if isinstance(error, OSError) and error.errno == 16:
        with gpiod.Chip(chip_path(chip)) as opened:
            infos = [opened.get_line_info(line) for line in lines]
        taken = next((info for info in infos if info.used), None)
        if taken is not None:
            return f"line {taken.offset} is held by '{taken.consumer}'"
    return (
        f"lines {', '.join(map(str, lines))} cannot be held ({_text(error)})"
        if isinstance(error, OSError)
        else _text(error)
    )


def _text(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
