"""The folder that a data set came in: found files, bounded reads, and no way out of it."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from neosort_datasets.interchange.claims import InterchangeError
from neosort_datasets.interchange.findings import Finding

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
ANNOTATION_LIMIT_BYTES = 1 << 30


class SourceFolder:
    """Reads a source and nothing beside it: what a link or a path leads out to is refused."""

    def __init__(self, path: Path) -> None:
        """Lists the files. Raises `InterchangeError` where ``path`` is no folder."""
        if not path.is_dir():
            hint = ", unpack it first" if path.is_file() else ""
            raise InterchangeError(f"{path}: not a folder with a data set{hint}")
        self.given, self.root = path, path.resolve()
        found = [file for file in sorted(self.root.rglob("*")) if file.is_file() and self._ours(file)]
        self.files = [file for file in found if file.resolve().is_relative_to(self.root)]
        self.leading_out = [file for file in found if not file.resolve().is_relative_to(self.root)]

    def _ours(self, file: Path) -> bool:
        parts = file.relative_to(self.root).parts
        return not any(part.startswith(".") or part == "__MACOSX" for part in parts)

    def with_suffix(self, *suffixes: str) -> list[Path]:
        """Files of those suffixes, whatever their case."""
        return [file for file in self.files if file.suffix.lower() in suffixes]

    def pictures(self) -> list[Path]:
        """Every picture file."""
        return self.with_suffix(*PICTURE_SUFFIXES)

    def shown(self, path: Path) -> str:
        """``path`` as seen from the source."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    def read(self, path: Path, limit_bytes: int = ANNOTATION_LIMIT_BYTES) -> bytes:
        """A file of the source. Raises `InterchangeError` where it is too large, leads out or cannot be read."""
        if not path.resolve().is_relative_to(self.root):
            raise InterchangeError(f"{self.shown(path)}: leads out of {self.given}")
        try:
            size = path.stat().st_size
            if size > limit_bytes:
                raise InterchangeError(f"{self.shown(path)}: {size >> 20} MiB, the limit is {limit_bytes >> 20}")
            return path.read_bytes()
        except OSError as error:
            raise InterchangeError(f"{self.shown(path)}: cannot be read ({error.strerror})") from error

    def find(self, file: str, folders: tuple[Path, ...]) -> Path | Finding:
        """The picture that an annotation calls ``file``, or why there is none.

        It is looked for in each of ``folders``, first by the whole path, then with its leading folders dropped one by
        one: paths of another machine and prefixes that nobody unpacked are the rule, not the exception. A path that
        goes up is taken by its word.
        """
        written = PurePosixPath(file.replace("\\", "/"))
        parts = tuple(part for part in written.parts if part != "/" and not part.endswith(":"))
        if not parts or "\0" in file:
            return Finding.PICTURE_MISSING
        goes_up = ".." in parts
        for first in range(1 if goes_up else len(parts)):
            for folder in folders:
                candidate = folder.joinpath(*parts[first:])
                if self._inside(candidate) and (found := self._file_at(candidate)) is not None:
                    return found
        leads_out = goes_up and not all(self._inside(folder.joinpath(*parts)) for folder in folders)
        return Finding.PATH_CLIMBS if leads_out else Finding.PICTURE_MISSING

    def _inside(self, path: Path) -> bool:
        return Path(os.path.normpath(path)).is_relative_to(self.root)

    def _file_at(self, path: Path) -> Path | Finding | None:
        try:
            if not path.is_file():
                return None
            resolved = path.resolve()
        except (OSError, ValueError):  # a name too long, or of characters that no file can have
            return None
        return resolved if resolved.is_relative_to(self.root) else Finding.PATH_CLIMBS
