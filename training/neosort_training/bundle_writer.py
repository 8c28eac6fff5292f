"""A graph and what is to be said of it as one file: written under another name, loaded as a line would, renamed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import onnx

from neosort_datasets.store import MANIFEST, WindowStore
from neosort_inference.bundle import Bundle, load_bundle
from neosort_inference.bundle_metadata import METADATA_KEY, BundleMetadata, DatasetUsed


def write_bundle(out: Path, graph: bytes, fields: dict[str, Any]) -> Bundle:
    """Write ``graph`` with the metadata that ``fields`` make, and return it loaded. Raises `OSError`; `BundleError`
    where the line would refuse it, and then no file is left."""
    digest = hashlib.sha256(graph).hexdigest()
    metadata = BundleMetadata.model_validate(fields | {"model_bytes": len(graph), "sha256": digest})
    entry = onnx.StringStringEntryProto(key=METADATA_KEY, value=metadata.model_dump_json())
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(out.name + ".part")
    try:
        temporary.write_bytes(graph + onnx.ModelProto(metadata_props=[entry]).SerializeToString())
        bundle = load_bundle(temporary)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return bundle


def rewrite_metadata(path: Path, **changes: object) -> Bundle:
    """Give the bundle at ``path`` other metadata; its graph stays as it is. Raises `BundleError`, `OSError`."""
    metadata = load_bundle(path).metadata
    graph = path.read_bytes()[: metadata.model_bytes]
    return write_bundle(path, graph, dict(metadata) | changes)


def dataset_used(store: WindowStore) -> DatasetUsed:
    """What a bundle keeps of a store."""
    origins = sorted({entry.origin for entry in store.entries})
    return DatasetUsed(
        path=str(store.path),
        split=", ".join(sorted({entry.split for entry in store.entries})),
        windows=len(store),
        seeds=tuple(sorted({entry.seed for entry in store.entries})),
        origin="; ".join(origins[:3]) + (f"; and {len(origins) - 3} more" if len(origins) > 3 else ""),
        manifest_sha256=hashlib.sha256((store.path / MANIFEST).read_bytes()).hexdigest(),
    )
