"""What a person has to say before a lot can be given away: a laboratory's assay, the plant's identifiers."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, TypeVar

from nicegui import ui
from pydantic import BaseModel, ValidationError

from neosort_hardware.section import describe_invalid
from neosort_inference.balance.composition import Assay
from neosort_inference.passport.gs1 import Gs1
from neosort_inference.ui.dialogs import answers, asked

if TYPE_CHECKING:
    from neosort_inference.passport.exporting import Traceability

ELEMENTS = {"nd": "neodymium", "pr": "praseodymium", "dy": "dysprosium", "tb": "terbium", "gd": "gadolinium"}
_Model = TypeVar("_Model", bound=BaseModel)


async def ask_for_assay() -> Assay | None:
    """What a laboratory has found in the lot's magnets; None: nobody says."""
    with asked("What has the laboratory found in the magnets, in percent of their mass?", "wide") as dialog:
        with ui.element("div").classes("row"):
            laboratory = ui.input("laboratory").props("outlined maxlength=128")
            sample = ui.input("number of the sample").props("outlined maxlength=64")
            day = ui.input("taken on").props("outlined type=date stack-label")
        found = {}
        for element, name in ELEMENTS.items():
            with ui.element("div").classes("row"):
                percent = ui.number(f"{name}, %", min=0, max=50).props("outlined")
                found[element] = (percent, ui.number("± %", min=0, max=50).props("outlined"))
        answers(dialog, "Issue it with these")
    if not await dialog:
        return None
    shares = {
        element: {"percent": percent.value, "sigma": sigma.value or 0.0, "mark": "m", "source": "assay"}
        for element, (percent, sigma) in found.items()
        if percent.value is not None
    }
    if not shares:
        ui.notify("An assay says at least of one element how much there is.", type="warning")
        return None
    return _valid(
        Assay, {"laboratory": laboratory.value, "sample": sample.value, "taken_on": day.value, "magnet": shares}
    )


async def ask_for_events() -> Traceability | None:
    """How the plant is called in GS1's terms, and whether the product has left; None: nobody says."""
    with asked("How is the plant called in GS1's terms?", "wide") as dialog:
        with ui.element("div").classes("row"):
            prefix = ui.input("company prefix").props("outlined maxlength=12 inputmode=numeric")
            supplier = ui.input("supplier's GLN, where known").props("outlined maxlength=13 inputmode=numeric")
        ui.label("Has the product left already?")
        with ui.element("div").classes("row"):
            day = ui.input("shipped on").props("outlined type=date stack-label")
            buyer = ui.input("buyer's GLN, where known").props("outlined maxlength=13 inputmode=numeric")
        answers(dialog, "Make the events")
    if not await dialog:
        return None
    gs1 = _valid(
        Gs1,
        {"company_prefix": prefix.value, "supplier_gln": supplier.value or None, "buyer_gln": buyer.value or None},
    )
    return None if gs1 is None else _traced(gs1, day.value)


def _traced(gs1: Gs1, day: str) -> Traceability:
    from neosort_inference.passport.epcis import Shipment  # noqa: PLC0415
    from neosort_inference.passport.exporting import Traceability  # noqa: PLC0415

    noon = datetime.combine(datetime.fromisoformat(day), time(12), UTC) if day else None
    return Traceability(gs1=gs1, shipment=None if noon is None else Shipment(at=noon))


def _valid(model: type[_Model], given: dict[str, object]) -> _Model | None:
    """What was given, where it can be; the person is told what cannot."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        ui.notify(describe_invalid(error), type="negative", multi_line=True)
        return None
