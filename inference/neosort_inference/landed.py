"""Recovery and purity as a run goes on, where it is known what landed where."""

from __future__ import annotations

from neosort_hardware.types import ItemTruth


class Landed:
    """Running sums over landed items."""

    def __init__(self) -> None:
        self._fed_g = 0.0
        self._product_g = 0.0
        self._product_items = 0
        self._product_bearing = 0

    def count(self, item: ItemTruth, *, in_product: bool) -> None:
        """An item has come to rest."""
        ndfeb_g = item.magnet_g if item.bears_ndfeb else 0.0
        self._fed_g += ndfeb_g
        if in_product:
            self._product_g += ndfeb_g
            self._product_items += 1
            self._product_bearing += item.bears_ndfeb

    @property
    def recovery(self) -> float | None:
        """NdFeB mass in the product of all that was fed; None before any."""
        return self._product_g / self._fed_g if self._fed_g > 0 else None

    @property
    def purity(self) -> float | None:
        """Bearing items of all in the product; None before any."""
        return self._product_bearing / self._product_items if self._product_items else None
