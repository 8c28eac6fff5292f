"""The passport of a lot, as it is signed: JSON with a published schema.

A file holds a statement signed by the ledger's key, ``{"body": …, "public_key": …, "signature": …}``: Ed25519 over
the canonical JSON (RFC 8785) of the body, which is a `LotPassport`. `lot-passport.schema.json` describes the file.
"""

from __future__ import annotations

import json
from datetime import datetime
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from neosort_inference.balance.lot_balance import LotBalance

SCHEMA_FILE = "lot-passport.schema.json"
SCHEMA_ID = "https://neosort.org/schema/lot-passport-1.json"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Kilograms = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """A part of a passport: immutable, and nothing in it that the schema does not name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LotFacts(Part):
    """The delivery. Times are UTC."""

    lot_id: str
    line: str
    ordinal: int
    supplier: str
    origin: str
    category: str
    mass_in_kg: Kilograms | None
    opened: datetime
    opened_by: str
    closed: datetime
    closed_by: str
    previous_lot: str | None


class ChainFacts(Part):
    """The lot's chain in the ledger: how many records, and the hash of the last, by which any of them can be proven."""

    records: Count
    head_sha256: Sha256


class SortedBy(Part):
    """What the lot was sorted with, each by how many of its decisions; names with the first 12 digits of a SHA-256."""

    bundles: dict[str, Count]
    recipes: dict[str, Count]
    calibrations: dict[str, Count]
    senses: dict[str, Count]


class Happened(Part):
    """Counts. ``shots``: executed; ``recalled``: taken back before they blew; ``alarms``: faults that were raised."""

    decisions: Count
    verdicts: dict[str, Count]
    shots: Count
    recalled: Count
    alarms: dict[str, Count]


class Weighed(Part):
    """A mass that somebody has weighed. ``sigma_kg``: one standard deviation, None: of a weighbridge as usual."""

    what: Literal["feed", "product", "rest", "magnets_product", "magnets_rest"]
    mass_kg: Kilograms
    sigma_kg: Kilograms | None = None
    at: datetime
    by: str


class Evidence(Part):
    """A picture that the ledger keeps of an item, by its hash."""

    sha256: Sha256
    kind: str
    p_ndfeb: float
    magnet_g: float
    verdict: str
    at: datetime


class LotPassport(Part):
    """Everything that is said of a closed lot. ``balance``: grams of NdFeB and rare earths with 90 % intervals."""

    neosort: Literal["lot passport"] = "lot passport"
    version: Literal[1] = 1
    lot: LotFacts
    chain: ChainFacts
    sorted_by: SortedBy
    happened: Happened
    weighed: tuple[Weighed, ...]
    balance: LotBalance
    evidence: tuple[Evidence, ...]
    software: dict[str, str]
    issued: datetime


class SignedPassport(Part):
    """A passport's file."""

    body: LotPassport
    public_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Ed25519, hexadecimal")]
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$", description="over the canonical JSON of body")]


def body_of(passport: LotPassport) -> dict[str, Any]:
    """The passport as it is signed: JSON values, nothing in binary."""
    body: dict[str, Any] = passport.model_dump(mode="json")
    return body


def made_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a passport's file, as the code has it."""
    schema = SignedPassport.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}


def published_schema() -> dict[str, Any]:
    """The schema that ships with the product; a test holds it to `made_schema`."""
    text = files("neosort_inference").joinpath("passport", SCHEMA_FILE).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
