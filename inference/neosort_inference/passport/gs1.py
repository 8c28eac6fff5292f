"""Who and what a lot is in GS1's terms: company prefix, goods, places and parties, as EPC URNs or as digital links.

GS1 General Specifications: a GTIN-14 is an indicator digit, the company prefix, an item reference and a check digit; a
GLN the prefix, a reference and a check digit. EPC Tag Data Standard: URNs leave the check digits out.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import Field, model_validator

from neosort_hardware.config import Section, load_toml

Goods = Literal["feed", "product", "rest"]
Reference = Annotated[str, Field(pattern=r"^\d*$")]
BATCH_LETTERS = 20
_GTIN_BODY, _GLN_BODY = 13, 12  # digits before the check digit


class Gs1(Section):
    """Identifiers of a plant. ``company_prefix``: as GS1 has assigned it; references are digits within it, filled up
    with zeros in front. ``supplier_gln``, ``buyer_gln``: 13 digits, of who delivers lots and takes products."""

    company_prefix: Annotated[str, Field(pattern=r"^\d{6,12}$")]
    form: Literal["digital-link", "urn"] = "digital-link"
    domain: Annotated[str, Field(pattern=r"^https://[^\s/]+$")] = "https://id.gs1.org"
    feed: Reference = "1"
    product: Reference = "2"
    rest: Reference = "3"
    plant: Reference = "1"
    party: Reference = "0"
    supplier_gln: Annotated[str, Field(pattern=r"^\d{13}$")] | None = None
    buyer_gln: Annotated[str, Field(pattern=r"^\d{13}$")] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for name, room in (("feed", _GTIN_BODY - 1), ("product", _GTIN_BODY - 1), ("rest", _GTIN_BODY - 1),
                           ("plant", _GLN_BODY), ("party", _GLN_BODY)):  # fmt: skip
            reference: str = getattr(self, name)
            if len(self.company_prefix) + len(reference) > room:
                raise ValueError(
                    f"{name} = '{reference}': with company_prefix {self.company_prefix} "
                    f"there is room for {room - len(self.company_prefix)} digits"
                )
        for name in ("supplier_gln", "buyer_gln"):
            gln: str | None = getattr(self, name)
            if gln is not None and check_digit(gln[:-1]) != gln[-1]:
                raise ValueError(f"{name} = '{gln}': its check digit should be {check_digit(gln[:-1])}")
        return self

    def lot(self, goods: Goods, lot_id: str) -> str:
        """A lot of some goods: a GTIN with a batch number."""
        item = self._filled(getattr(self, goods), _GTIN_BODY - 1)
        if self.form == "urn":
            return f"urn:epc:class:lgtin:{self.company_prefix}.0{item}.{_escaped(lot_id)}"
        body = f"0{self.company_prefix}{item}"
        return f"{self.domain}/01/{body}{check_digit(body)}/10/{_escaped(lot_id)}"

    def place(self) -> str:
        """The plant, where things happen."""
        return self._place_of(self.plant)

    def party_id(self) -> str:
        """The company that runs the plant."""
        reference = self._filled(self.party, _GLN_BODY)
        if self.form == "urn":
            return f"urn:epc:id:pgln:{self.company_prefix}.{reference}"
        body = f"{self.company_prefix}{reference}"
        return f"{self.domain}/417/{body}{check_digit(body)}"

    def other_party(self, gln: str) -> str:
        """Somebody else's company. Its prefix is not known, so that there is only the digital link."""
        return f"{self.domain}/417/{gln}"

    def _place_of(self, reference: str) -> str:
        filled = self._filled(reference, _GLN_BODY)
        if self.form == "urn":
            return f"urn:epc:id:sgln:{self.company_prefix}.{filled}.0"
        body = f"{self.company_prefix}{filled}"
        return f"{self.domain}/414/{body}{check_digit(body)}"

    def _filled(self, reference: str, room: int) -> str:
        width = room - len(self.company_prefix)
        return reference.zfill(width) if width else ""


def check_digit(body: str) -> str:
    """GS1's: weights 3, 1, 3, … from the right, to the next ten."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def _escaped(lot_id: str) -> str:
    """A batch number as it may stand in a URI. GS1 allows 20 characters: what is longer keeps its end, the day and the
    lot's number, behind a hash of the whole, so that no two lines' lots are called alike."""
    if len(lot_id) > BATCH_LETTERS:
        lot_id = f"{hashlib.sha256(lot_id.encode()).hexdigest()[:6]}-{lot_id[-13:]}"
    return quote(lot_id, safe="-._")


def load_gs1(path: Path) -> Gs1:
    """A plant's identifiers from a TOML file. Raises `ConfigError`."""
    return load_toml(path, Gs1)
