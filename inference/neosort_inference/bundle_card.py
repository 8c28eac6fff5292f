"""What a bundle says of itself, in the words of a card: for the command line and for the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from neosort_datasets.assembly import Blind
from neosort_inference.bundle_metadata import BundleMetadata
from neosort_inference.words import kind_title

SENSES: dict[Blind, str] = {"none": "both senses", "camera": "field alone", "field": "camera alone"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOnCard:
    """How well a kind is known. ``itself``: share of its items taken for it; ``other``: what it is else most often
    taken for; ``grams_off``: median relative error of its magnet mass, None for kinds that bear nothing."""

    kind: str
    items: int
    itself: float | None
    other: str
    grams_off: float | None


def described(metadata: BundleMetadata) -> str:
    """One line: name, precision, window, kinds, whether thresholds are proven."""
    grid, guarantee = metadata.grid, metadata.guarantee
    proven = sum(point.p_ndfeb is not None for point in guarantee.points) if guarantee is not None else 0
    return (
        f"'{metadata.name}', {metadata.precision}, windows of {grid.rows} × {grid.cols} px at {grid.mm_per_px:g} mm, "
        f"{len(metadata.kinds)} kinds, {proven or 'no'} proven thresholds"
    )


def kinds_on_card(metadata: BundleMetadata) -> Iterator[KindOnCard]:
    """Of each kind of truth how often it was taken for what."""
    if metadata.confusion is None:
        return
    errors = (
        {} if metadata.mass_error is None else {one.kind: one.median_relative for one in metadata.mass_error.by_kind}
    )
    said = (*(kind_title(kind) for kind in metadata.kinds), "nothing")
    for kind, row in zip(metadata.confusion.truth, metadata.confusion.counts, strict=True):
        own = metadata.kinds.index(kind) if kind in metadata.kinds else -1
        rest = [(count, name) for place, (count, name) in enumerate(zip(row, said, strict=True)) if place != own]
        worst, name = max(rest)
        yield KindOnCard(
            kind=kind,
            items=sum(row),
            itself=(row[own] if own >= 0 else 0) / sum(row) if any(row) else None,
            other=f"{name} ({worst:,})" if worst else "",
            grams_off=errors.get(kind),
        )


def origin(metadata: BundleMetadata) -> Iterator[str]:
    """How it was made, in lines."""
    made = metadata.training
    yield f"made {made.made_at} by: {made.command}; {made.epochs} epochs, {made.steps:,} steps"
    for used in made.datasets:
        yield f"made with {used.path}: {used.windows:,} windows of {used.split} items"
    for used in metadata.measured_on:
        yield f"thresholds found on {used.path}: {used.windows:,} windows, {used.origin}"
    if metadata.quantisation is not None:
        loss = 100 * metadata.quantisation.recovery_loss
        yield f"eight bits against fp32: {loss:+.2f} points of recovery lost at purity 95 %"
    if metadata.guarantee is not None:
        yield f"proven: {metadata.guarantee.statement}"
        sure = sorted({point.confidence for point in metadata.guarantee.points})
        yield f"confidence {' / '.join(f'{one:.0%}' for one in sure)}, on {metadata.guarantee.scenes:,} scenes of " + (
            metadata.guarantee.feed
        )
        yield f"taken as exchangeable: {metadata.guarantee.exchangeable}"
    yield "versions: " + ", ".join(f"{name} {version}" for name, version in sorted(made.versions.items()))
