"""A passport as PDF on A4, by fpdf2, which is pure Python; pictures come last."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from neosort_hardware.config import ConfigError
from neosort_inference.passport import words
from neosort_inference.passport.document import LotPassport
from neosort_inference.passport.page import Picture
from neosort_inference.passport.plots import ON_PAPER, as_png, kinds_plot, rare_earths_plot

if TYPE_CHECKING:
    from fpdf import FPDF

_BY_LETTER: Any = "CHAR"  # fpdf2 takes the name of a wrap mode, its types do not
INK, SOFT, LINE = (22, 32, 43), (93, 107, 122), (221, 227, 233)
MARGIN_MM, PICTURES_A_ROW = 16.0, 4


def write_pdf(passport: LotPassport, pictures: list[Picture], public_key: str, signature: str, file: Path) -> None:
    """Write the passport's PDF. Raises OSError, and `ConfigError` where fpdf2 is not installed."""
    pdf = _document()
    pdf.set_title(f"Lot passport {passport.lot.lot_id}")
    pdf.set_creation_date(passport.issued)
    pdf.add_page()
    _heading(pdf, "Lot passport", 20)
    _small(pdf, f"{passport.lot.lot_id}, issued {passport.issued:%Y-%m-%d %H:%M} UTC")
    balance = passport.balance
    _facts(
        pdf,
        [
            ("NdFeB in the product", words.mass_range(balance.product_g)),
            ("NdFeB left in the rest", words.mass_range(balance.rest_g)),
            ("Recovery", words.share_range(balance.recovery)),
            ("Rare-earth oxides", f"{words.mass_range(balance.oxides_g)} in the product"),
            ("Items", f"{balance.items:,} decided on, {balance.ejected:,} ejected"),
        ],
    )
    _small(pdf, "In brackets: 90 % intervals.")
    _heading(pdf, "Origin")
    _facts(pdf, words.origin_rows(passport))
    _heading(pdf, "Where the NdFeB is")
    pdf.image(io.BytesIO(as_png(kinds_plot(balance, ON_PAPER), (7.0, 3.2))), w=pdf.epw)
    _table(pdf, ("Kind", "Items", "Ejected", "In the product", "In the rest"), words.kind_rows(passport))
    _heading(pdf, "Rare earths")
    pdf.image(io.BytesIO(as_png(rare_earths_plot(balance, ON_PAPER), (5.0, 2.4))), w=0.7 * pdf.epw)
    _table(pdf, ("", "In the product", "In the rest", "Oxide, of the product"), words.rare_earth_rows(passport))
    if passport.weighed:
        _heading(pdf, "Weighed")
        _table(pdf, ("", "Mass", "When", "By"), words.weighing_rows(passport))
    if balance.reconciled:
        _table(pdf, ("", "Weighed", "Expected", "Gap", "90 % interval of the gap"), words.gap_rows(passport))
    _heading(pdf, "What it stands on")
    _facts(pdf, words.basis_rows(passport))
    if pictures:
        _heading(pdf, "Evidence")
        _pictures(pdf, pictures)
    _heading(pdf, "Signature")
    _small(pdf, f"Ed25519, public key {public_key}")
    _small(pdf, signature)
    _small(pdf, "This is a copy to read. What counts is the signed JSON; 'neosort lot verify' checks it.")
    pdf.output(str(file))


def _document() -> FPDF:
    try:
        from fpdf import FPDF  # noqa: PLC0415 - only who asks for a PDF needs it
    except ImportError as error:
        raise ConfigError("PDF needs fpdf2: pip install 'neosort[reports]'") from error
    pdf = FPDF(format="A4")
    fonts = (
        Path(mpl.get_data_path()) / "fonts" / "ttf"
    )  # a font with every letter of a supplier's name is there already
    pdf.add_font("DejaVu", fname=fonts / "DejaVuSans.ttf")
    pdf.add_font("DejaVu", style="B", fname=fonts / "DejaVuSans-Bold.ttf")
    pdf.set_margin(MARGIN_MM)
    pdf.set_auto_page_break(auto=True, margin=MARGIN_MM)
    pdf.set_draw_color(*LINE)
    return pdf


def _heading(pdf: FPDF, text: str, size: float = 12) -> None:
    pdf.ln(3)
    if pdf.will_page_break(24):
        pdf.add_page()
    pdf.set_font("DejaVu", style="B", size=size)
    pdf.set_text_color(*INK)
    pdf.cell(w=0, h=0.55 * size, text=text, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(1)


def _small(pdf: FPDF, text: str) -> None:
    pdf.set_font("DejaVu", size=7.5)
    pdf.set_text_color(*SOFT)
    pdf.multi_cell(w=0, h=4, text=text, align="L", new_x="LMARGIN", new_y="NEXT", wrapmode=_BY_LETTER)


def _facts(pdf: FPDF, rows: list[words.Row]) -> None:
    for name, value in rows:
        pdf.set_font("DejaVu", size=8.5)
        pdf.set_text_color(*SOFT)
        pdf.cell(w=42, h=5, text=name)
        pdf.set_text_color(*INK)
        pdf.multi_cell(w=0, h=5, text=value, align="L", new_x="LMARGIN", new_y="NEXT", wrapmode=_BY_LETTER)


def _table(pdf: FPDF, heads: tuple[str, ...], rows: list[words.Row]) -> None:
    pdf.ln(2)
    pdf.set_font("DejaVu", size=7)
    pdf.set_text_color(*INK)
    alignment = ("LEFT", *["RIGHT"] * (len(heads) - 1))
    with pdf.table(borders_layout="HORIZONTAL_LINES", line_height=4.2, text_align=alignment) as table:
        for cells in (heads, *rows):
            row = table.row()
            for cell in cells:
                row.cell(cell)


def _pictures(pdf: FPDF, pictures: list[Picture]) -> None:
    width = (pdf.epw - 4 * (PICTURES_A_ROW - 1)) / PICTURES_A_ROW
    for start in range(0, len(pictures), PICTURES_A_ROW):
        if pdf.will_page_break(width + 14):
            pdf.add_page()
        top = pdf.get_y()
        for column, picture in enumerate(pictures[start : start + PICTURES_A_ROW]):
            left = MARGIN_MM + column * (width + 4)
            pdf.image(io.BytesIO(picture.jpeg), x=left, y=top, w=width, h=width, keep_aspect_ratio=True)
            pdf.set_xy(left, top + width + 1)
            pdf.set_font("DejaVu", size=6)
            pdf.set_text_color(*SOFT)
            pdf.multi_cell(w=width, h=3, text=picture.caption, align="L")
        pdf.set_xy(MARGIN_MM, top + width + 12)
