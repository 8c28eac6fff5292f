"""A lot's decisions as a table: CSV, or Parquet (pyarrow), which keeps the passport's body beside the rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from neosort_hardware.config import ConfigError
from neosort_inference.ledger.chain import stamp
from neosort_inference.ledger.records import DecisionRecord
from neosort_inference.passport.document import LotPassport, body_of
from neosort_inference.passport.making import Told

_COLUMNS = tuple(field.name for field in fields(DecisionRecord))


def write_csv(lot: Told, file: Path) -> None:
    """One row a decision, times in ISO 8601 UTC; ``ejected``: fired at and not recalled. Raises OSError."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow([*_COLUMNS, "ejected"])
        writer.writerows(_rows(lot))


def write_parquet(lot: Told, passport: LotPassport, file: Path) -> None:
    """The same with types; the passport's body under the key ``neosort.passport`` of the file's metadata.

    Raises OSError, and `ConfigError` where pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - 50 MB that only this needs
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError("Parquet needs pyarrow: pip install 'neosort[reports]'") from error
    columns: dict[str, Sequence[Any]] = {
        name: [getattr(decision, name) for decision in lot.decisions] for name in _COLUMNS
    }
    types = [
        ("utc", pa.timestamp("us", tz="UTC")), ("belt_mm", pa.float64()), ("across_mm", pa.float64()),
        ("length_mm", pa.float64()), ("width_mm", pa.float64()), ("kind", pa.string()), ("p_ndfeb", pa.float64()),
        ("magnet_g", pa.float64()), ("magnet_g_sigma", pa.float64()), ("verdict", pa.string()), ("reason", pa.string()),
        ("senses", pa.string()), ("latency_ms", pa.float64()), ("track_id", pa.int64()), ("shot_id", pa.int64()),
        ("recipe_id", pa.string()), ("bundle_id", pa.string()), ("calibration_id", pa.string()),
        ("evidence_sha256", pa.string()), ("ejected", pa.bool_()),
    ]  # fmt: skip
    schema = pa.schema(types, metadata={"neosort.passport": json.dumps(body_of(passport), ensure_ascii=False)})
    parquet.write_table(pa.table(columns | {"ejected": list(lot.ejected)}, schema=schema), file)


def _rows(lot: Told) -> list[list[Any]]:
    return [
        [stamp(decision.utc), *(getattr(decision, name) for name in _COLUMNS[1:]), ejected]
        for decision, ejected in zip(lot.decisions, lot.ejected, strict=True)
    ]
