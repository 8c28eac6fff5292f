"""Words for people: what the kinds of item are called on screens and in reports."""

from __future__ import annotations

KIND_TITLES: dict[str, str] = {
    "hdd35": "3.5″ hard disk",
    "hdd25": "2.5″ hard disk",
    "phone": "phone",
    "earphone": "earphone",
    "speaker_nd": "Nd loudspeaker",
    "motor_nd": "Nd motor",
    "nd_loose": "loose Nd magnet",
    "hub_motor": "hub motor",
    "hdd35_stripped": "hard disk, no magnets",
    "speaker_ferrite": "ferrite loudspeaker",
    "motor_ferrite": "ferrite motor",
    "ferrite_part": "ferrite part",
    "alnico": "AlNiCo part",
    "steel": "steel",
    "pcb": "circuit board",
    "cable": "cable",
    "heatsink": "heatsink",
    "plastic": "plastic",
    "ram": "RAM module",
    "lithium_cell": "lithium cell",
    "foreign": "foreign matter",
}


def kind_title(kind: str) -> str:
    """The kind in words; its own name where no better one is known."""
    return KIND_TITLES.get(kind, kind.replace("_", " "))
