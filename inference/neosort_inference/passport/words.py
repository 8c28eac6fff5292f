"""A passport's figures in words, the same on the page and on paper."""

from __future__ import annotations

from neosort_inference.balance.lot_balance import Range
from neosort_inference.balance.weighing import WEIGHED_WORDS
from neosort_inference.passport.document import LotPassport
from neosort_inference.words import kind_title

Row = tuple[str, ...]


def mass(grams: float) -> str:
    """A mass for people."""
    if abs(grams) >= 1e6:
        return f"{grams * 1e-6:,.2f} t"
    return f"{grams * 1e-3:,.2f} kg" if abs(grams) >= 1e4 else f"{grams:,.0f} g"


def mass_range(held: Range) -> str:
    """Its mean and 90 % interval."""
    return f"{mass(held.mean)} [{mass(held.low)} – {mass(held.high)}]"


def share_range(held: Range) -> str:
    """A share's mean and 90 % interval."""
    return f"{100 * held.mean:.1f} % [{100 * held.low:.1f} – {100 * held.high:.1f}]"


def mass_fed(passport: LotPassport) -> str:
    """The lot's mass by its last weighing."""
    weighed = [one.mass_kg for one in passport.weighed if one.what == "feed"]
    return f"{weighed[-1]:,.1f} kg" if weighed else "not weighed"


def summary(made: LotPassport) -> list[tuple[str, str]]:
    """The figures that matter, in"""
    balance = made.balance
    return [
        ("NdFeB in the product", mass_range(balance.product_g)),
        ("NdFeB in the rest", mass_range(balance.rest_g)),
        ("recovery", share_range(balance.recovery)),
        ("rare-earth oxides", f"{mass_range(balance.oxides_g)} in the product"),
        *((row[0], f"gap {row[3]}, {row[4]}") for row in gap_rows(made)),
    ]


def origin_rows(passport: LotPassport) -> list[Row]:
    """Where the lot came from."""
    lot = passport.lot
    return [
        ("Lot", lot.lot_id),
        ("Supplier", lot.supplier or "—"),
        ("Origin", lot.origin or "—"),
        ("Category", lot.category or "—"),
        ("Mass fed", mass_fed(passport)),
        ("Opened", f"{lot.opened:%Y-%m-%d %H:%M} UTC by {lot.opened_by or 'the line'}"),
        ("Closed", f"{lot.closed:%Y-%m-%d %H:%M} UTC by {lot.closed_by or 'the line'}"),
        ("Line", lot.line),
    ]


def rare_earth_rows(passport: LotPassport) -> list[Row]:
    """Element, in the product, in the rest, oxide of the product."""
    return [
        (row.element.capitalize(), mass_range(row.product_g), mass_range(row.rest_g),
         f"{row.oxide} {mass_range(row.product_oxide_g)}")
        for row in passport.balance.rare_earths
        if row.product_g.high > 0 or row.rest_g.high > 0
    ]  # fmt: skip


def kind_rows(passport: LotPassport) -> list[Row]:
    """Kind, items, ejected, NdFeB in product and rest."""
    return [
        (kind_title(row.kind), f"{row.items:,}", f"{row.ejected:,}", mass_range(row.product_g), mass_range(row.rest_g))
        for row in passport.balance.kinds
    ]


def weighing_rows(passport: LotPassport) -> list[Row]:
    """What was weighed, by whom and when."""
    return [
        (WEIGHED_WORDS[one.what], f"{one.mass_kg:,.2f} kg", f"{one.at:%Y-%m-%d %H:%M} UTC", one.by or "—")
        for one in passport.weighed
    ]


def gap_rows(passport: LotPassport) -> list[Row]:
    """What is held against what, weighed and expected, the gap, and whether it lies inside the 90 % interval."""
    return [
        (
            row.about, f"{row.weighed_kg:,.3f} kg", f"{row.expected_kg:,.3f} kg", f"{row.gap_kg:+,.3f} kg",
            f"{'inside' if row.inside else 'OUTSIDE'} [{row.low_kg:+,.3f} – {row.high_kg:+,.3f}]",
        )
        for row in passport.balance.reconciled
    ]  # fmt: skip


def basis_rows(passport: LotPassport) -> list[Row]:
    """What the figures stand on."""
    basis, by = passport.balance.basis, passport.sorted_by
    rows: list[Row] = [
        ("Intervals", basis.statement),
        ("Bundle", basis.bundle),
        ("Trial", basis.trial),
        ("Composition", basis.composition),
        ("Makes of a kind", f"{basis.models_in_lot:g} at least"),
        ("Sorted by", ", ".join(f"{name} ({count:,})" for name, count in {**by.bundles, **by.recipes}.items())),
        ("Ledger", f"{passport.chain.records:,} records, last hash {passport.chain.head_sha256}"),
    ]
    if basis.trial_bundle != basis.bundle:
        rows.insert(3, ("Note", f"the trial was made with {basis.trial_bundle}: the line should be tried anew"))
    return rows
