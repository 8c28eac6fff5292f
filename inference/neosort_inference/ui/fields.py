"""A form of what a technician says: one large field for each parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.value_element import ValueElement

from neosort_inference.calibration.procedure import Parameter, Value


class Fields:
    """Fields for ``parameters``, made where this is called."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self._fields = {parameter.name: _field(parameter) for parameter in parameters}

    @classmethod
    def of_told(cls, told: Sequence[Mapping[str, Any]]) -> Fields:
        """For parameters as JSON has them."""
        return cls([Parameter(**{**one, "choices": tuple(one["choices"])}) for one in told])

    def values(self) -> dict[str, Value]:
        """What stands in them; what was left empty is left out."""
        return {name: field.value for name, field in self._fields.items() if field.value not in (None, "")}


def _field(parameter: Parameter) -> ValueElement[Any]:
    title = f"{parameter.title}{parameter.unit and f', {parameter.unit}'}"
    match parameter.kind:
        case "choice":
            field: ValueElement[Any] = ui.select(list(parameter.choices), label=title, value=parameter.default)
        case "flag":
            return ui.switch(title, value=bool(parameter.default))
        case "text":
            field = ui.input(title, value=str(parameter.default))
        case _:
            field = ui.number(title, value=float(parameter.default), min=parameter.least, max=parameter.most)
            if parameter.kind == "integer":
                field.props("step=1")
    hint = parameter.help or _range(parameter)
    return field.props(f'outlined hint="{hint}"' if hint else "outlined")


def _range(parameter: Parameter) -> str:
    if parameter.least is None or parameter.most is None:
        return ""
    return f"{parameter.least:g} to {parameter.most:g} {parameter.unit}".strip()
