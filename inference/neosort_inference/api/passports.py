"""What goes with a lot: weighings, its passport, and the forms that it is given away in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from neosort_inference.api.deps import Operator, TheServices, Viewer
from neosort_inference.api.examples import answers
from neosort_inference.api.health import NO_CACHE
from neosort_inference.api.jobs import JobInfo
from neosort_inference.api.lots import Id
from neosort_inference.balance.composition import Assay
from neosort_inference.balance.lot_balance import MODELS_IN_LOT, LotBalance
from neosort_inference.balance.weighing import Weighed, Weighing
from neosort_inference.passport.cli import Form
from neosort_inference.passport.gs1 import Gs1

router = APIRouter(prefix="/api/v1/lots", tags=["lots"])
MEDIA_TYPE = {
    Form.JSON: "application/json",
    Form.HTML: "text/html",
    Form.PDF: "application/pdf",
    Form.CSV: "text/csv",
    Form.PARQUET: "application/vnd.apache.parquet",
    Form.EPCIS: "application/ld+json",
}
_FILES = tuple(form for form in Form if form is not Form.EPCIS)
# A page that was made by this program, and yet not one of its own: nothing in it may run or fetch.
_SHUT_AWAY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
Kilograms = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]


class NewWeighing(BaseModel):
    """A mass of the lot. ``sigma_kg``: one standard deviation, null: of a weighbridge, 0.5 %."""

    model_config = ConfigDict(extra="forbid")

    what: Weighed = Field(examples=["product"])
    mass_kg: Kilograms = Field(examples=[412.5])
    sigma_kg: Kilograms | None = Field(None, examples=[2.0])


class WeighingInfo(BaseModel):
    """A mass that somebody has weighed; of each kind the last one counts."""

    model_config = ConfigDict(from_attributes=True)

    what: Weighed = Field(examples=["product"])
    mass_kg: float = Field(examples=[412.5])
    sigma_kg: float | None = Field(examples=[2.0])
    at: datetime = Field(examples=["2026-11-26T09:30:00Z"])
    by: str = Field(examples=["ada"])


_ASSAY = {
    "laboratory": "Example Laboratories",
    "sample": "S-2026-117",
    "taken_on": "2026-11-26",
    "magnet": {"nd": {"percent": 24.1, "sigma": 0.2, "mark": "m", "source": "ICP-OES"}},
}


class NewPassport(BaseModel):
    """What its balance stands on besides the lot. ``assay``: a laboratory's, of the lot's magnets; null: rare earths by
    kind, as shipped. ``makes``: of one kind of item in the lot, at least."""

    model_config = ConfigDict(extra="forbid")

    assay: Assay | None = Field(None, examples=[_ASSAY])
    makes: float = Field(MODELS_IN_LOT, ge=1, le=1000, allow_inf_nan=False, examples=[MODELS_IN_LOT])


class PassportCheck(BaseModel):
    """A passport held against this machine's key, and against the lot's chain. ``faults``: a sentence each."""

    whole: bool = Field(examples=[True])
    known_key: bool = Field(description="it is signed by this machine's ledger", examples=[True])
    public_key: str = Field(examples=["9c" * 32])
    faults: list[str] = Field(examples=[[]])


class Events(BaseModel):
    """How the plant is called in GS1's terms; when the product left, null: not yet; who took it, a GLN."""

    model_config = ConfigDict(extra="forbid")

    gs1: Gs1 = Field(examples=[{"company_prefix": "9521141", "supplier_gln": "9521321000018"}])
    shipped: AwareDatetime | None = Field(None, examples=["2026-11-27T12:00:00+01:00"])
    buyer_gln: str | None = Field(None, pattern=r"^\d{13}$", examples=["9521321000025"])


@router.get("/{id}/weighings")
def list_weighings(id: Id, _actor: Viewer, services: TheServices) -> list[WeighingInfo]:
    """What of the lot was weighed, in that order; the mass that it was opened with stands first."""
    return [WeighingInfo.model_validate(one) for one in services.passports.weighings(id)]


@router.post("/{id}/weighings", status_code=201)
def weigh(
    id: Id,
    given: Annotated[NewWeighing, Body(examples=[{"what": "product", "mass_kg": 412.5}])],
    actor: Operator,
    services: TheServices,
) -> WeighingInfo:
    """Put a weighing into the chain of a lot that is open: its balance is held against it."""
    weighed = services.passports.weigh(actor, id, Weighing(**given.model_dump()))
    return WeighingInfo.model_validate(weighed)


@router.post("/{id}/passport", status_code=202)
def issue_passport(
    id: Id,
    given: Annotated[NewPassport, Body(examples=[{}, {"assay": _ASSAY}])],
    actor: Operator,
    services: TheServices,
) -> JobInfo:
    """Have the passport of a closed lot made and signed. One that is there is kept beside it under a number."""
    job = services.passports.issue(actor, id, assay=given.assay, makes=given.makes)
    return JobInfo.model_validate(job)


@router.get("/{id}/passport/verify")
def verify_passport(id: Id, _actor: Viewer, services: TheServices) -> PassportCheck:
    """Is the passport that was issued last whole and unaltered, by this machine, and of the lot as it is kept?"""
    found = services.passports.check(id)
    return PassportCheck(
        whole=not found.faults, known_key=found.known_key, public_key=found.public_key, faults=list(found.faults)
    )


@router.get("/{id}/balance", responses=answers("balance"))
def lot_balance(id: Id, _actor: Viewer, services: TheServices) -> LotBalance:
    """NdFeB and rare earths by the passport that was issued last, with 90 % intervals; what was weighed against what
    was counted, and whether the gap lies inside its own."""
    return services.passports.issued(id).balance


@router.get(
    "/{id}/export/{form}",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE[form]: {} for form in _FILES} | answers("passport")[200]["content"]}},
)
def export(
    id: Id, form: Literal["json", "html", "pdf", "csv", "parquet"], _actor: Viewer, services: TheServices
) -> Response:
    """The lot with the passport that was issued last: the passport itself (json), a report (html, pdf), its decisions
    (csv, parquet). Events have a call of their own, for they need the plant's identifiers."""
    return _file(services.passports.exported(id, Form(form)), id, Form(form))


@router.post(
    "/{id}/epcis",
    response_class=Response,
    responses=answers("events", media_type=MEDIA_TYPE[Form.EPCIS]),
)
def events(
    id: Id,
    given: Annotated[Events, Body(examples=[{"gs1": {"company_prefix": "9521141"}}])],
    _actor: Viewer,
    services: TheServices,
) -> Response:
    """The lot's events in GS1 EPCIS 2.0: received, sorted, and shipped where that is said."""
    # Imported when asked for, as everything that makes exports.
    from neosort_inference.passport.epcis import Shipment  # noqa: PLC0415
    from neosort_inference.passport.exporting import Traceability  # noqa: PLC0415

    shipment = None if given.shipped is None else Shipment(at=given.shipped, buyer_gln=given.buyer_gln)
    content = services.passports.exported(id, Form.EPCIS, Traceability(gs1=given.gs1, shipment=shipment))
    return _file(content, id, Form.EPCIS)


def _file(content: bytes, lot_id: str, form: Form) -> Response:
    where = "inline" if form is Form.HTML else "attachment"
    headers = {
        **NO_CACHE,
        "Content-Disposition": f'{where}; filename="{lot_id}{form.suffix}"',
        "Content-Security-Policy": _SHUT_AWAY,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=MEDIA_TYPE[form], headers=headers)
