"""Which sprites there are: every model's look in every pose, over all splits of the catalogue, each once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from neosort_datasets.rendering.extra import RenderError
from neosort_hardware.twin.bodies import ItemModel, Pose
from neosort_hardware.twin.catalogue import SplitName, model_named, split_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A sprite to be made: the first model that shows it, and the first of its poses that does."""

    model: ItemModel
    pose: Pose

    @property
    def key(self) -> str:
        """As the atlas names it."""
        return f"{self.model.look_of}/{self.pose.sprite}"


def tasks(looks: tuple[str, ...] = ()) -> list[Task]:
    """All sprites of the catalogue, or of ``looks`` alone: first those by which models are judged, then the rest.

    Raises `RenderError` for a look that no model has.
    """
    found: dict[str, Task] = {}
    for name in (name for split in get_args(SplitName) for name in split_names(split)):
        model = model_named(name)
        for pose in model.poses:
            task = Task(model=model, pose=pose)
            if model.name == model.look_of or task.key not in found:
                found.setdefault(task.key, task)
    known = {task.model.look for task in found.values()}
    for look in looks:
        if look not in known:
            raise RenderError(f"no model has the look '{look}'; looks are {', '.join(sorted(known))}")
    wanted = [task for task in found.values() if not looks or task.model.look in looks]
    split_of = {name: split for split in get_args(SplitName) for name in split_names(split)}
    return sorted(wanted, key=lambda task: (split_of[task.model.name] == "train", task.model.name[-2:], task.key))


def tasks_of(name: str, sprite: str | None = None) -> list[Task]:
    """The sprites of one model, or the one of that name. Raises `RenderError` naming what there is instead."""
    try:
        model = model_named(name)
    except KeyError as error:
        raise RenderError(str(error.args[0])) from error
    poses = {pose.sprite: Task(model=model, pose=pose) for pose in reversed(model.poses)}
    if sprite is not None and sprite not in poses:
        raise RenderError(f"{name} has no pose '{sprite}'; it has {', '.join(reversed(poses))}")
    return [poses[sprite]] if sprite is not None else list(poses.values())[::-1]
