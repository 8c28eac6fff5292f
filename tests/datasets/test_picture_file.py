"""Picture files of any make: upright, whole, within limits; whatever the bytes, there is a word and no crash."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.datasets.data_sets import exif, pixels

from neosort_datasets import picture_file
from neosort_datasets.picture_file import PictureError, decode_upright, encode, examine, upright_file

FORMATS = {"JPEG": ".jpg", "PNG": ".png", "BMP": ".bmp", "WEBP": ".webp", "TIFF": ".tif"}


def file_of(file_format, image=None, **save):
    stream = io.BytesIO()
    (Image.fromarray(pixels(40, 30)) if image is None else image).save(stream, file_format, **save)
    return stream.getvalue()


@pytest.mark.parametrize(("file_format", "suffix"), FORMATS.items())
def test_every_format_is_known_by_its_bytes(file_format, suffix):
    facts = examine(file_of(file_format))
    assert (facts.suffix, facts.width_px, facts.height_px, facts.orientation) == (suffix, 40, 30, 1)
    assert decode_upright(file_of(file_format)).shape == (30, 40, 3)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1", "LA"])
def test_every_mode_becomes_rgb(mode):
    image = Image.fromarray(pixels(40, 30)).convert(mode)
    picture = decode_upright(file_of("TIFF" if mode == "CMYK" else "PNG", image))
    assert (picture.shape, picture.dtype) == ((30, 40, 3), np.uint8)


def test_sixteen_bits_are_scaled_and_not_clipped():
    grey = np.linspace(0, 65_535, 256, dtype=np.uint16).reshape(1, 256)
    picture = decode_upright(file_of("PNG", Image.fromarray(grey)))
    np.testing.assert_array_equal(picture[0, :, 0], np.arange(256))


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_exif_mark_that_makes_no_sense_means_upright(orientation):
    assert examine(file_of("JPEG", exif=exif(orientation))).orientation == 1


def test_what_is_upright_goes_out_byte_for_byte_and_what_is_not_is_turned():
    data = file_of("WEBP")
    assert upright_file(data) == (data, ".webp")
    turned, suffix = upright_file(file_of("PNG", exif=exif(8)))
    facts = examine(turned)
    assert (suffix, facts.width_px, facts.height_px, facts.orientation) == (".jpg", 30, 40, 1)


def test_encoding_keeps_a_picture(monkeypatch):
    picture = pixels(40, 30)
    np.testing.assert_array_equal(decode_upright(encode(picture, ".png")), picture)
    smooth = np.full((30, 40, 3), (200, 30, 20), dtype=np.uint8)
    assert np.abs(decode_upright(encode(smooth)).astype(int) - smooth).max() <= 3


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "unreadable"),
        (b"GIF89a" + bytes(60), "unreadable"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "unreadable"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "unreadable"),
        (bytes(3000), "unreadable"),
    ],
)
def test_what_is_no_picture_is_told(data, fault):
    with pytest.raises(PictureError) as refused:
        examine(data)
    assert refused.value.fault == fault


def test_limits_of_pixels_and_bytes(monkeypatch):
    data = file_of("PNG")
    monkeypatch.setattr(picture_file, "PIXEL_LIMIT", 40 * 30 - 1)
    with pytest.raises(PictureError, match="40 × 30 px, the limit is 1,199 pixels"):
        decode_upright(data)
    monkeypatch.setattr(picture_file, "FILE_LIMIT_BYTES", len(data) - 1)
    with pytest.raises(PictureError, match="MiB, the limit is"):
        examine(data)


@pytest.mark.parametrize("file_format", FORMATS)
@settings(max_examples=40, deadline=None)
@given(cut=st.floats(0, 1), place=st.floats(0, 0.999), byte=st.integers(0, 255))
def test_whatever_happens_to_a_file_it_is_read_or_refused(file_format, cut, place, byte):
    data = bytearray(file_of(file_format))
    data[int(place * len(data))] = byte
    try:
        facts = examine(bytes(data[: round(cut * len(data))]))
    except PictureError:
        return
    assert facts.width_px * facts.height_px > 0


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "BMP", "WEBP"])
def test_half_a_picture_is_never_taken_for_a_whole(file_format):
    data = file_of(file_format)
    with pytest.raises(PictureError) as refused:
        examine(data[: len(data) // 2])
    assert refused.value.fault in ("cut short", "unreadable")
