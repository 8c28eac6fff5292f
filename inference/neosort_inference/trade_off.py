"""What a threshold on P(NdFeB) costs: recovery against purity, as a bundle's own curves and proofs have them."""

from __future__ import annotations

from dataclasses import dataclass

from neosort_datasets.assembly import Blind
from neosort_inference.bundle_metadata import BundleMetadata, GuaranteedThreshold, RecoveryPurityCurve

WORTH_IT = 0.5  # of the highest recovery: nobody sorts by a threshold that leaves more than half of it on the belt
SAME = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeOff:
    """What sorting from ``p_ndfeb`` on gave on the windows of the curve: shares of bearing items, of NdFeB mass, and of
    bearing items among those picked. ``proven``: the proof of that very threshold, where there is one."""

    p_ndfeb: float
    recovery: float
    recovery_mass: float
    purity: float
    proven: GuaranteedThreshold | None = None


def curve_of(metadata: BundleMetadata, blind: Blind = "none") -> RecoveryPurityCurve | None:
    """The bundle's curve for the senses there are."""
    return next((curve for curve in metadata.curves if curve.blind == blind), None)


def proven_points(metadata: BundleMetadata, blind: Blind = "none") -> tuple[GuaranteedThreshold, ...]:
    """Thresholds that were proven for the senses there are, by rising purity."""
    points = () if metadata.guarantee is None else metadata.guarantee.points
    proven = [point for point in points if point.blind == blind and point.p_ndfeb is not None]
    return tuple(sorted(proven, key=lambda point: point.purity_target))


def trade_off(metadata: BundleMetadata, p_ndfeb: float, blind: Blind = "none") -> TradeOff | None:
    """What that threshold gave; None where the bundle has no curve. Between two points of the curve the stricter one
    counts, for what lies between them is picked by neither's threshold."""
    curve = curve_of(metadata, blind)
    if curve is None:
        return None
    passed = sum(one >= p_ndfeb - SAME for one in curve.p_ndfeb)
    proven = [one for one in proven_points(metadata, blind) if abs((one.p_ndfeb or 0.0) - p_ndfeb) <= SAME]
    if passed == 0:
        return TradeOff(p_ndfeb=p_ndfeb, recovery=0.0, recovery_mass=0.0, purity=1.0)
    at = passed - 1
    return TradeOff(
        p_ndfeb=p_ndfeb,
        recovery=curve.recovery[at],
        recovery_mass=curve.recovery_mass[at],
        purity=curve.purity[at],
        proven=max(proven, key=lambda one: one.purity_target, default=None),
    )


def thresholds_worth_it(metadata: BundleMetadata, blind: Blind = "none") -> tuple[float, ...]:
    """The curve's thresholds and the proven ones, by falling P(NdFeB), without those that recover too little, and
    without those that recover no more than a purer one."""
    curve = curve_of(metadata, blind)
    if curve is None:
        return ()
    highest = max(curve.recovery)
    whole = curve.recovery.index(highest) + 1
    reached = zip(curve.p_ndfeb[:whole], curve.recovery[:whole], strict=True)
    found = {p for p, recovery in reached if recovery >= WORTH_IT * highest}
    found |= {point.p_ndfeb for point in proven_points(metadata, blind) if point.p_ndfeb is not None}
    return tuple(sorted(found, reverse=True))
