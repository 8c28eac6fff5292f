"""The atlas: pictures of every model in every pose, path-traced once, shipped beside this module as packs of WebP.

`index.json` says which pack holds a sprite and how large it is; a pack is opened, and its hash checked, when the first
of its sprites is asked for.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from neosort_hardware.config import describe_invalid
from neosort_hardware.types import ImageU8


class AtlasError(Exception):
    """The atlas cannot be used. The text names the file and what is wrong with it."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True)  # an index may tell more than is read here


class PackEntry(_Entry):
    """One file of sprites."""

    file: str
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class SpriteEntry(_Entry):
    """Where a sprite lies and how large it is."""

    pack: str
    width_px: int = Field(ge=1, le=8192)
    height_px: int = Field(ge=1, le=8192)
    tallest_mm: float = Field(gt=0, le=1000)


class AtlasIndex(_Entry):
    """`index.json`."""

    version: Literal[1]
    px_per_mm: float = Field(gt=0, le=20)
    packs: dict[str, PackEntry]
    sprites: dict[str, SpriteEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class AtlasSprite:
    """One sprite as it is shipped. Columns run along the lying item's x, rows against its y.

    ``colour``: (h, w, 4) uint8 RGBA, display-encoded, not premultiplied. ``light``: (3, ceil(h/2), ceil(w/2)) uint8:
    128 + 127·lx, 128 + 127·ly, 255·height/tallest. ``shade``: (3, ceil(h/4), ceil(w/4)) uint8: 255·S0, 128 + 127·sx,
    128 + 127·sy. Under a ring of lamps whose strength goes as 1 + k·cos(azimuth − φ), the item gives
    colour·(1 + k·(lx·cos φ + ly·sin φ)) and the belt around it keeps S0·(1 + k·(sx·cos φ + sy·sin φ)) of its light.
    """

    colour: ImageU8
    light: ImageU8
    shade: ImageU8
    px_per_mm: float
    tallest_mm: float


class Atlas:
    """Reads the sprites of one folder. Nothing is read before it is asked for.

    ``folder``: the package's own where left out. Not to be used by two threads at once.
    """

    def __init__(self, folder: Traversable | None = None) -> None:
        self._folder = files("neosort_hardware.twin").joinpath("sprites") if folder is None else folder
        self._index: AtlasIndex | None = None
        self._packs: dict[str, zipfile.ZipFile] = {}

    @property
    def index(self) -> AtlasIndex:
        """What the atlas holds. Raises `AtlasError` when its index is missing or not valid."""
        if self._index is None:
            self._index = self._read_index()
        return self._index

    @property
    def digest(self) -> str:
        """The sha256 of its index, and with that of all that it holds. Raises `AtlasError`."""
        return hashlib.sha256(self._index_bytes()).hexdigest()

    def sprite(self, key: str) -> AtlasSprite:
        """The sprite 'hdd35-07/lid'. Raises `AtlasError` when it is missing, or its pack missing, torn or altered."""
        entry = self.index.sprites.get(key)
        if entry is None:
            raise AtlasError(f"{self._folder}/index.json: no sprite '{key}' among {len(self.index.sprites)}")
        width, height = entry.width_px, entry.height_px
        halves, quarters = (-(-height // 2), -(-width // 2)), (-(-height // 4), -(-width // 4))
        return AtlasSprite(
            colour=self._picture(entry.pack, f"{key}/colour.webp", (height, width, 4)),
            light=self._picture(entry.pack, f"{key}/light.webp", (3 * halves[0], halves[1])).reshape(3, *halves),
            shade=self._picture(entry.pack, f"{key}/shade.webp", (3 * quarters[0], quarters[1])).reshape(3, *quarters),
            px_per_mm=self.index.px_per_mm,
            tallest_mm=entry.tallest_mm,
        )

    def _read_index(self) -> AtlasIndex:
        data = self._index_bytes()
        try:
            return AtlasIndex.model_validate_json(data)
        except ValidationError as error:
            raise AtlasError(f"{self._folder.joinpath('index.json')}: {describe_invalid(error)}") from error

    def _index_bytes(self) -> bytes:
        path = self._folder.joinpath("index.json")
        try:
            return path.read_bytes()
        except OSError as error:
            raise AtlasError(f"{path}: cannot be read ({error})") from error

    def _pack(self, name: str) -> zipfile.ZipFile:
        if name not in self._packs:
            self._packs[name] = self._open_pack(name)
        return self._packs[name]

    def _open_pack(self, name: str) -> zipfile.ZipFile:
        entry = self.index.packs.get(name)
        if entry is None:
            raise AtlasError(f"{self._folder}/index.json: no pack '{name}', though sprites lie in it")
        path = self._folder.joinpath(entry.file)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise AtlasError(f"{path}: cannot be read ({error})") from error
        found = hashlib.sha256(data).hexdigest()
        if found != entry.sha256:
            raise AtlasError(
                f"{path}: sha256 is {found} ({len(data)} bytes), must be {entry.sha256} ({entry.bytes} bytes)"
            )
        try:
            return zipfile.ZipFile(io.BytesIO(data))
        except zipfile.BadZipFile as error:
            raise AtlasError(f"{path}: not a zip file ({error}), though its sha256 is {found} as told") from error

    def _picture(self, pack: str, member: str, shape: tuple[int, ...]) -> ImageU8:
        archive = self._pack(pack)
        place = f"{self._folder}/{self.index.packs[pack].file}"
        try:
            data = archive.read(member)
        except (KeyError, zipfile.BadZipFile) as error:
            raise AtlasError(f"{place}: '{member}' cannot be read ({error})") from error
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
        if decoded is None:
            raise AtlasError(f"{place}: '{member}' is not a picture")
        picture = _as_told(np.asarray(decoded, np.uint8), len(shape) == 3)
        if picture.shape != shape:
            raise AtlasError(f"{place}: '{member}' is {picture.shape}, must be {shape} by the index")
        return picture


def _as_told(decoded: ImageU8, coloured: bool) -> ImageU8:
    """RGBA where ``coloured``, grey else: WebP itself knows neither grey nor an alpha that is 255 everywhere."""
    channels = 1 if decoded.ndim == 2 else decoded.shape[2]
    if coloured:
        code = {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA, 4: cv2.COLOR_BGRA2RGBA}[channels]
        return np.asarray(cv2.cvtColor(decoded, code), np.uint8)
    return np.ascontiguousarray(decoded if channels == 1 else decoded[:, :, 1])
