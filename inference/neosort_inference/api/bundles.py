"""Model bundles: upload, check, look on, go by, and the way back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from neosort_inference.api.deps import Engineer, Newest, TheServices, Viewer
from neosort_inference.api.examples import answers
from neosort_inference.api.jobs import JobInfo
from neosort_inference.api.recipes import UseInfo
from neosort_inference.bundle_metadata import BundleMetadata

router = APIRouter(prefix="/api/v1/bundles", tags=["bundles"])
Id = Annotated[str, Path(pattern="^[0-9a-z-]{1,64}$", examples=["neosort"])]


class BundleInfo(BaseModel):
    """A bundle. ``id``: the beginning of its SHA-256, or the name of one that came with the program."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(examples=["9f86d081884c7d65"])
    name: str = Field(examples=["neosort"])
    about: str = Field(examples=["'neosort', int8, windows of 512 × 640 px at 1 mm, 21 kinds, 15 proven thresholds"])
    bytes: int = Field(examples=[3_211_004])
    by: str = Field(examples=["ada"])
    at: str | None = Field(examples=["2026-11-26T09:30:00+00:00"])
    note: str = Field(examples=["trained on March's windows"])


class Activated(BaseModel):
    """What is gone by now, and what the loop has found while it tried it on what it had just seen."""

    use: UseInfo
    told: dict[str, JsonValue] = Field(examples=[{"from_mm": 120_400.0}])


class ShadowInfo(BaseModel):
    """The bundle that looks on and decides nothing; null: none that was asked for here."""

    id: str | None = Field(None, pattern="^[0-9a-z-]{1,64}$", examples=["9f86d081884c7d65"])


_SAID = {"belt_mm": 120_400.0, "across_mm": 212.5, "kind": "hdd35", "p_ndfeb": 0.93}
_DIFFERENCE = {"what": "only the shadow fires", "line": _SAID | {"p_ndfeb": 0.31}, "shadow": _SAID}


class SaidOfItem(BaseModel):
    """What one of the two has found. ``belt_mm``: of the item's middle, since the run began."""

    belt_mm: float = Field(examples=[120_400.0])
    across_mm: float = Field(examples=[212.5])
    kind: str = Field(examples=["hdd35"])
    p_ndfeb: float = Field(examples=[0.93])


class Difference(BaseModel):
    """An item that would be decided otherwise. ``line``, ``shadow``: null where one has not seen it."""

    what: str = Field(examples=["only the shadow fires"])
    line: SaidOfItem | None = Field(examples=[_SAID | {"p_ndfeb": 0.31}])
    shadow: SaidOfItem | None = Field(examples=[_SAID])


class ShadowTold(BaseModel):
    """A shadow so far. ``items``: by what both make of them; ``different``: those that one would fire at and the other
    not; ``recent``: the last of them, newest first."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(examples=["neosort"])
    windows: int = Field(description="looked at", examples=[1_204])
    left_out: int = Field(description="windows that the machine had no time for", examples=[0])
    items: dict[str, int] = Field(examples=[{"both fire": 311, "both pass": 1_872, "only the shadow fires": 4}])
    different: int = Field(examples=[4])
    recent: list[Difference] = Field(examples=[[_DIFFERENCE]])
    trouble: str = Field(description="why it has ended by itself", examples=[""])


@router.get("")
def list_bundles(_actor: Viewer, services: TheServices) -> list[BundleInfo]:
    """Those that came with the program, and those that were uploaded and may be run."""
    return [BundleInfo.model_validate(one) for one in services.bundles.all()]


@router.post(
    "",
    status_code=202,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {
                    "schema": {"type": "string", "format": "binary"},
                    "example": "the file as it is: curl --data-binary @new.onnx",
                }
            },
        }
    },
)
def upload_bundle(
    actor: Engineer,
    services: TheServices,
    content: Annotated[bytes, Body(media_type="application/octet-stream", description="the file, 64 MiB at most")],
    note: Annotated[str, Query(max_length=1024)] = "",
) -> JobInfo:
    """Upload a bundle. A job checks it as `neosort model check` does; its result is the bundle, or why it is none."""
    return JobInfo.model_validate(services.bundles.upload(actor, content, note))


@router.get("/in-use")
def bundle_in_use(_actor: Viewer, services: TheServices) -> UseInfo | None:
    """What the line goes by; null: what it was started with."""
    use = services.bundles.in_use()
    return None if use is None else UseInfo.model_validate(use)


@router.get("/history")
def bundle_history(_actor: Viewer, services: TheServices) -> list[UseInfo]:
    """What was gone by from when on, oldest first."""
    return [UseInfo.model_validate(use) for use in services.bundles.history()]


@router.get("/shadow")
def shadow_bundle(_actor: Viewer, services: TheServices) -> ShadowInfo:
    """Which bundle looks on."""
    return ShadowInfo(id=services.bundles.shadow)


@router.get("/shadow/counts")
def shadow_counts(_actor: Viewer, shown: Newest) -> ShadowTold | None:
    """What the bundle that looks on would have decided otherwise so far; null: none looks on."""
    counts = shown.view.snapshot.counts.shadow
    return None if counts is None else ShadowTold.model_validate(counts)


@router.put("/shadow")
def let_look_on(
    given: Annotated[ShadowInfo, Body(examples=[{"id": "neosort"}, {"id": None}])],
    actor: Engineer,
    services: TheServices,
) -> ShadowInfo:
    """Let a bundle look at the same windows without deciding anything; null: no longer."""
    services.bundles.look_on(actor, given.id)
    return ShadowInfo(id=services.bundles.shadow)


@router.post("/roll-back")
def roll_back_bundle(actor: Engineer, services: TheServices) -> Activated:
    """Go by what was gone by before the last change."""
    use, told = services.bundles.roll_back(actor)
    return Activated(use=UseInfo.model_validate(use), told=told)


@router.get("/{id}")
def show_bundle(id: Id, _actor: Viewer, services: TheServices) -> BundleInfo:
    """One bundle."""
    return BundleInfo.model_validate(services.bundles.kept(id))


@router.get("/{id}/metadata", responses=answers("bundle_metadata"))
def bundle_metadata(id: Id, _actor: Viewer, services: TheServices) -> BundleMetadata:
    """Everything that it says of itself: kinds, thresholds and what they promise, how it was made."""
    return services.bundles.metadata(id)


@router.post("/{id}/activate")
def activate_bundle(id: Id, actor: Engineer, services: TheServices) -> Activated:
    """Go by it between two windows, and after a new start. It is tried on what the line has just seen before."""
    use, told = services.bundles.activate(actor, id)
    return Activated(use=UseInfo.model_validate(use), told=told)
