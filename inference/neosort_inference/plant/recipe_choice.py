"""What `SelectRecipe` chooses from: files that the plant's settings name, and the versions kept on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.asking.channel import Loop
from neosort_inference.asking.orders import Activate, RefusedError
from neosort_inference.services.doing import have_done
from neosort_inference.services.recipes import Recipes


class RecipeChoice:
    """A kept recipe goes by its name, which means its newest version, or by a version's id, as in 'copper-3'; a file of
    the settings by the name it has there, which comes first.

    What is kept is activated as on the page, and gone by after a new start, too; a file's recipe holds until then.
    """

    def __init__(self, files: Mapping[str, Path], kept: Recipes, loop: Loop) -> None:
        self._files = files
        self._kept = kept
        self._loop = loop

    def names(self) -> tuple[str, ...]:
        """All that may be chosen: files, names of kept recipes, their versions."""
        versions = self._kept.all()
        kept = (*dict.fromkeys(version.name for version in versions), *(version.id for version in versions))
        return tuple(dict.fromkeys((*self._files, *kept)))

    def select(self, actor: Actor, name: str) -> None:
        """Have the line go by it. Raises `RefusedError` where there is none, or it does not fit."""
        actor.must(Role.ENGINEER)
        file = self._files.get(name)
        if file is None:
            self._kept.activate(actor, self._version(name))
            return
        order = Activate(what="recipe", file=str(file), version=name)
        have_done(actor, self._loop, order, "recipe.activate", "recipe", new=name)

    def _version(self, name: str) -> str:
        versions = self._kept.all()
        numbers = {version.number: version.id for version in versions if version.name == name}
        if numbers:
            return numbers[max(numbers)]
        if not any(version.id == name for version in versions):
            raise RefusedError("not there", f"there are {', '.join(self.names()) or 'none'}")
        return name
