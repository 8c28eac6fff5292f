"""Roles, each with everything that the ones before it may do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is at the line. What each may do stands in `inference/README.md`."""

    VIEWER = "viewer"  # sees
    OPERATOR = "operator"  # acknowledges, starts, stops, opens and closes lots, says what doubtful items are
    TECHNICIAN = "technician"  # calibrates, tries valves
    ENGINEER = "engineer"  # changes recipes and models
    ADMIN = "admin"  # accounts, tokens, the trail

    def covers(self, other: Role) -> bool:
        """Whether this role may do what ``other`` may."""
        return _RANK[self] >= _RANK[other]


_RANK = {role: rank for rank, role in enumerate(Role)}


def lower(one: Role, other: Role) -> Role:
    """The one that may do less."""
    return one if other.covers(one) else other
