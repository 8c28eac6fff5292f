"""A lot in GS1 EPCIS 2.0 (ISO/IEC 19987:2024), JSON-LD: received, sorted, and the product shipped.

What the standard has words for is said in them; masses of NdFeB go into sensor reports, their 90 % interval as 5th and
95th percentile. Each event carries the passport's hash (RFC 6920) as certification, so that the two belong together.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from neosort_inference.balance.lot_balance import Range
from neosort_inference.ledger.chain import canonical
from neosort_inference.passport.document import LotPassport, body_of
from neosort_inference.passport.gs1 import Goods, Gs1

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
NAMESPACE = "https://neosort.org/epcis/"
KILOGRAM = "KGM"

Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """The product left the plant. ``buyer_gln`` overrides the plant's usual one."""

    at: datetime
    buyer_gln: str | None = None


def epcis_document(passport: LotPassport, gs1: Gs1, shipment: Shipment | None = None) -> dict[str, Any]:
    """The lot's events. Without ``shipment`` there is none of shipping: nothing is told that has not happened."""
    events = [_receiving(passport, gs1), _transformation(passport, gs1)]
    if shipment is not None:
        events.append(_shipping(passport, gs1, shipment))
    return {
        "@context": [CONTEXT, {"neosort": NAMESPACE}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": _time(passport.issued),
        "epcisBody": {"eventList": events},
    }


def passport_hash(passport: LotPassport) -> str:
    """The signed body's SHA-256 as a URI (RFC 6920)."""
    digest = hashlib.sha256(canonical(body_of(passport))).digest()
    return f"ni:///sha-256;{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _receiving(passport: LotPassport, gs1: Gs1) -> Event:
    event = _event(passport, gs1, "receiving", passport.lot.opened) | {
        "type": "ObjectEvent",
        "action": "OBSERVE",
        "bizStep": "receiving",
        "disposition": "in_progress",
        "quantityList": [_quantity(passport, gs1, "feed")],
        "destinationList": [{"type": "possessing_party", "destination": gs1.party_id()}],
    }
    if gs1.supplier_gln is not None:
        event["sourceList"] = [{"type": "possessing_party", "source": gs1.other_party(gs1.supplier_gln)}]
    texts = {"supplier": passport.lot.supplier, "origin": passport.lot.origin, "category": passport.lot.category}
    return event | {f"neosort:{name}": text for name, text in texts.items() if text}


def _transformation(passport: LotPassport, gs1: Gs1) -> Event:
    balance = passport.balance
    return _event(passport, gs1, "sorting", passport.lot.closed) | {
        "type": "TransformationEvent",
        "bizStep": "creating_class_instance",
        "disposition": "in_progress",
        "transformationID": _id(passport, "transformation"),
        "inputQuantityList": [_quantity(passport, gs1, "feed")],
        "outputQuantityList": [_quantity(passport, gs1, goods) for goods in ("product", "rest")],
        "sensorElementList": [
            _masses(passport, gs1, "product", balance.product_g),
            _masses(passport, gs1, "rest", balance.rest_g),
        ],
        "neosort:recovery": balance.recovery.mean,
        "neosort:rareEarthsInProduct": [
            {
                "neosort:element": row.element.capitalize(),
                "neosort:oxide": row.oxide,
                "neosort:grams": _range(row.product_g),
                "neosort:oxideGrams": _range(row.product_oxide_g),
            }
            for row in balance.rare_earths
        ],
        "neosort:chainHead": passport.chain.head_sha256,
    }


def _shipping(passport: LotPassport, gs1: Gs1, shipment: Shipment) -> Event:
    event = _event(passport, gs1, "shipping", shipment.at) | {
        "type": "ObjectEvent",
        "action": "OBSERVE",
        "bizStep": "shipping",
        "disposition": "in_transit",
        "quantityList": [_quantity(passport, gs1, "product")],
        "sourceList": [{"type": "possessing_party", "source": gs1.party_id()}],
    }
    buyer = shipment.buyer_gln or gs1.buyer_gln
    if buyer is not None:
        event["destinationList"] = [{"type": "possessing_party", "destination": gs1.other_party(buyer)}]
    return event


def _event(passport: LotPassport, gs1: Gs1, name: str, at: datetime) -> Event:
    return {
        "eventID": _id(passport, name),
        "eventTime": _time(at),
        "recordTime": _time(passport.issued),
        "eventTimeZoneOffset": "+00:00",
        "readPoint": {"id": gs1.place()},
        "bizLocation": {"id": gs1.place()},
        "certificationInfo": passport_hash(passport),
    }


def _quantity(passport: LotPassport, gs1: Gs1, goods: Goods) -> Event:
    """A lot of some goods, by its weighed mass; the standard wants no unit where nothing was weighed."""
    element: Event = {"epcClass": gs1.lot(goods, passport.lot.lot_id)}
    weighed = [one.mass_kg for one in passport.weighed if one.what == goods]
    return element | ({"quantity": weighed[-1], "uom": KILOGRAM} if weighed else {})


def _masses(passport: LotPassport, gs1: Gs1, goods: Goods, mass_g: Range) -> Event:
    """NdFeB in some goods: what to expect, and the ends of the 90 % interval."""
    of = {"type": "Mass", "uom": KILOGRAM, "neosort:of": "NdFeB", "neosort:in": gs1.lot(goods, passport.lot.lot_id)}
    percentiles = [
        {"percRank": rank, "percValue": round(g * 1e-3, 6)} for rank, g in ((5, mass_g.low), (95, mass_g.high))
    ]
    return {
        "sensorMetadata": {"time": _time(passport.lot.closed), "dataProcessingMethod": f"{NAMESPACE}mass-balance"},
        "sensorReport": [
            of | {"meanValue": round(mass_g.mean * 1e-3, 6)},
            *(of | percentile for percentile in percentiles),
        ],
    }


def _range(values: Range) -> Event:
    return {"neosort:mean": values.mean, "neosort:low": values.low, "neosort:high": values.high}


def _id(passport: LotPassport, name: str) -> str:
    """The same for the same lot, closed with the same chain, whoever asks and however often."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{passport.chain.head_sha256}/{name}')}"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
