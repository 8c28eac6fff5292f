"""What the pages are made from: everything that a page may read or ask for, handed in."""

from __future__ import annotations

from dataclasses import dataclass

from neosort_inference.access.entry import Entry
from neosort_inference.access.serving import Serving
from neosort_inference.api.feed import ViewFeed
from neosort_inference.asking.channel import Loop
from neosort_inference.bundle import read_metadata
from neosort_inference.bundle_metadata import BundleMetadata
from neosort_inference.opening import bundle_path
from neosort_inference.services.services import Services
from neosort_inference.ui.running import Running


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """``loop``: does what people ask of the line, or refuses; asking waits for the answer. ``entry``: who may do what.
    ``services``: what is kept and changed, each change noted in the trail."""

    feed: ViewFeed
    loop: Loop
    running: Running
    serving: Serving
    entry: Entry
    services: Services

    def bundle(self) -> BundleMetadata:
        """What the bundle that the line was started with says of itself. Raises `BundleError`."""
        return read_metadata(bundle_path(self.running.bundle))
