"""A passport as one HTML page that needs nothing else: figures, tables, and the pictures that the ledger keeps."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from neosort_inference.ledger.place import Place
from neosort_inference.passport import words
from neosort_inference.passport.document import LotPassport
from neosort_inference.passport.plots import ON_PAGE, as_svg, kinds_plot, rare_earths_plot
from neosort_inference.words import kind_title


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as kept, and what it shows in a few words."""

    jpeg: bytes
    caption: str

    @property
    def source(self) -> str:
        """For an img element."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode()}"


def pictures_of(passport: LotPassport, place: Place) -> list[Picture]:
    """The pictures that are still there; retention may have taken some."""
    found = []
    for one in passport.evidence:
        file = place.picture(passport.lot.lot_id, one.sha256)
        if file.is_file():
            caption = f"{kind_title(one.kind)}, P(NdFeB) {one.p_ndfeb:.2f}, {words.mass(one.magnet_g)}, {one.verdict}"
            found.append(Picture(jpeg=file.read_bytes(), caption=caption))
    return found


def render_page(passport: LotPassport, pictures: list[Picture], public_key: str, signature: str) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader("neosort_inference", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    balance = passport.balance
    figures = {
        "kinds": as_svg(kinds_plot(balance, ON_PAGE), (9.6, 0.9 + 0.42 * min(10, max(1, len(balance.kinds))))),
        "rare_earths": as_svg(rare_earths_plot(balance, ON_PAGE), (5.2, 2.9)),
    }
    return environment.get_template("passport.html.j2").render(
        p=passport, w=words, figures=figures, pictures=pictures, public_key=public_key, signature=signature
    )
