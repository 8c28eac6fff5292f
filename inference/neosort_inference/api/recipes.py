"""Recipes: kept versions, what differs, and which the line goes by."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from neosort_inference.api.deps import Engineer, TheServices, Viewer
from neosort_inference.api.examples import answers
from neosort_inference.in_use import Why
from neosort_inference.recipe import Recipe
from neosort_inference.services.recipes import NAME

router = APIRouter(prefix="/api/v1/recipes", tags=["recipes"])
ID = f"^{NAME}-[0-9]{{1,6}}$"
Id = Annotated[str, Path(pattern=ID, examples=["copper-3"])]
AnId = Annotated[str, Query(pattern=ID, examples=["copper-3"])]


class NewRecipe(BaseModel):
    """A new version of a recipe: what of it is other than in ``parent``, or than by default."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=f"^{NAME}$", examples=["copper"])
    values: dict[Annotated[str, Field(max_length=64)], JsonValue] = Field(
        description="keys of a recipe", max_length=32, examples=[{"purity_target": 0.95, "min_magnet_g": 0.2}]
    )
    parent: str | None = Field(None, pattern=ID, examples=["copper-2"])
    note: str = Field("", max_length=1024, examples=["less copper in the product"])


class RecipeInfo(BaseModel):
    """A version of a recipe."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(examples=["copper-3"])
    name: str = Field(examples=["copper"])
    number: int = Field(examples=[3])
    by: str = Field(examples=["ada"])
    at: str = Field(examples=["2026-11-26T09:30:00+00:00"])
    note: str = Field(examples=["less copper in the product"])
    parent: str | None = Field(examples=["copper-2"])
    recipe: Recipe = Field(examples=[{"name": "copper", "purity_target": 0.95, "min_magnet_g": 0.2}])


class Change(BaseModel):
    """One key that is not the same."""

    model_config = ConfigDict(from_attributes=True)

    key: str = Field(examples=["purity_target"])
    before: JsonValue = Field(examples=[0.9])
    after: JsonValue = Field(examples=[0.95])


class UseInfo(BaseModel):
    """From when on a version was gone by; null: what the program brings along, or was started with."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(examples=[4])
    version: str | None = Field(examples=["copper-3"])
    by: str = Field(examples=["ada"])
    at: str = Field(examples=["2026-11-26T09:31:00+00:00"])
    why: Why = Field(examples=["activated"])
    reason: str = Field("", description="why the line has gone back by itself", examples=[""])


@router.get("", responses=answers("recipes"))
def list_recipes(_actor: Viewer, services: TheServices) -> list[RecipeInfo]:
    """Every version of every recipe."""
    return [RecipeInfo.model_validate(one) for one in services.recipes.all()]


@router.post("", status_code=201)
def create_recipe(
    given: Annotated[NewRecipe, Body(examples=[{"name": "copper", "values": {"purity_target": 0.95}}])],
    actor: Engineer,
    services: TheServices,
) -> RecipeInfo:
    """Keep a new version. It is not gone by before it is activated."""
    made = services.recipes.create(actor, given.name, given.values, note=given.note, parent=given.parent)
    return RecipeInfo.model_validate(made)


@router.get("/in-use")
def recipe_in_use(_actor: Viewer, services: TheServices) -> UseInfo | None:
    """What the line goes by; null: what it was started with."""
    use = services.recipes.in_use()
    return None if use is None else UseInfo.model_validate(use)


@router.get("/history")
def recipe_history(_actor: Viewer, services: TheServices) -> list[UseInfo]:
    """What was gone by from when on, oldest first."""
    return [UseInfo.model_validate(use) for use in services.recipes.history()]


@router.get("/difference")
def recipe_difference(_actor: Viewer, services: TheServices, before: AnId, after: AnId) -> list[Change]:
    """What differs between two versions."""
    return [Change.model_validate(one) for one in services.recipes.difference(before, after)]


@router.post("/roll-back")
def roll_back_recipe(actor: Engineer, services: TheServices) -> UseInfo:
    """Go by what was gone by before the last change, from the next window on."""
    return UseInfo.model_validate(services.recipes.roll_back(actor))


@router.get("/{id}")
def show_recipe(id: Id, _actor: Viewer, services: TheServices) -> RecipeInfo:
    """One version."""
    return RecipeInfo.model_validate(services.recipes.version(id))


@router.post("/{id}/activate")
def activate_recipe(id: Id, actor: Engineer, services: TheServices) -> UseInfo:
    """Go by it from the next window on, and after a new start. Refused where it does not fit the line."""
    return UseInfo.model_validate(services.recipes.activate(actor, id))
