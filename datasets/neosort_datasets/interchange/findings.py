"""What was wrong with a data set, counted, with examples and with what was done about it."""

from __future__ import annotations

from collections import Counter, defaultdict
from enum import Enum

from rich.table import Table
from rich.text import Text

EXAMPLES = 2


class Finding(Enum):
    """What can be wrong: what it is, and what is done about it."""

    PICTURE_MISSING = ("picture named but not there", "left out, with its boxes")
    PICTURE_UNREADABLE = ("file that is no readable picture", "left out, with its boxes")
    PICTURE_CUT_SHORT = ("picture cut short or damaged", "left out, with its boxes")
    PICTURE_TOO_LARGE = ("picture beyond the limit of pixels or bytes", "left out, with its boxes")
    PICTURE_UNLISTED = ("picture that no annotation names", "left out")
    PICTURE_TWICE = ("picture with the bytes and boxes of one already taken", "left out")
    PICTURE_TWICE_OTHERWISE = ("picture with the bytes of another, but other boxes", "kept; never split from it")
    PICTURE_EMPTY = ("picture without a box", "kept as background")
    PICTURE_UNLABELLED = ("picture without a label file", "kept as background, as the format has it")
    PICTURE_TURNED = ("picture upright by its EXIF mark", "taken upright")
    PICTURE_EMBEDDED = ("picture carried inside its annotation", "taken from there")
    PATH_CLIMBS = ("path that leads out of the source's folder", "refused")
    SIZE_SCALED = ("picture of another size than annotated, same shape", "boxes scaled with it")
    SIZE_CONTRADICTS = ("picture of another shape than annotated", "left out, with its boxes")
    ANNOTATION_BROKEN = ("annotation file that cannot be read", "left out")
    LINE_BROKEN = ("line or entry that is no annotation", "left out")
    ID_TWICE = ("number given to two boxes", "both kept")
    PICTURE_ID_TWICE = ("number given to two pictures", "left out, whose boxes they are cannot be told")
    BOX_ORPHANED = ("box of a picture that is not listed", "left out")
    BOX_TWICE = ("box given twice", "taken once")
    BOX_CLIPPED = ("box that reaches out of its picture", "clipped")
    BOX_OUTSIDE = ("box wholly outside its picture", "left out")
    BOX_EMPTY = ("box without width or height", "left out")
    BOX_NOT_FINITE = ("box whose edges are no numbers", "left out")
    BOX_UNNAMED = ("box without a usable class name", "left out")
    BOX_CLASS_UNKNOWN = ("box of a class that the source does not define", "left out")
    BOX_DROPPED = ("box of a class that the class map drops", "left out")
    BOX_OF_CROWD = ("region of a crowd or of stuff", "left out, it is not one item")
    BOX_DELETED = ("box marked as deleted or out of sight", "left out")
    BOX_TURNED = ("box drawn at an angle", "its upright bounding box taken")
    OUTLINE_BOXED = ("outline or mask in place of a box", "its bounding box taken")
    OUTLINE_BESIDE = ("outline or mask beside a box", "the box taken, the outline not")
    KEYPOINTS_BESIDE = ("keypoints beside a box", "the box taken, the points not")
    PART = ("box of a part of something boxed", "left out")
    POINTS = ("points or line, which bound no item", "left out")
    CAPTION = ("caption", "left out, it has no place in the picture")
    WHOLE_LABEL = ("label of a whole picture", "left out, it has no place in the picture")
    SEGMENT = ("segment of a panoptic mask", "left out")
    CLASS_NUMBERED = ("class named by a mere number", "kept; a class map can say what it is")
    CLASS_UNUSED = ("class without a box, named as the group of others", "not a class of items")

    @property
    def text(self) -> str:
        """What it is."""
        return str(self.value[0])

    @property
    def done(self) -> str:
        """What is done about it."""
        return str(self.value[1])


class Findings:
    """Counts of findings, with the first examples of each."""

    def __init__(self) -> None:
        self.counts: Counter[Finding] = Counter()
        self._examples: defaultdict[Finding, list[str]] = defaultdict(list)

    def add(self, finding: Finding, where: str) -> None:
        """Count ``finding`` once; ``where`` names the picture, box or file."""
        self.counts[finding] += 1
        if len(self._examples[finding]) < EXAMPLES:
            self._examples[finding].append(where)

    def table(self) -> Table:
        """One row a finding, in the order of `Finding`."""
        table = Table()
        for heading in ("not as it should be", "times", "done", "for example"):
            table.add_column(heading, justify="right" if heading == "times" else "left", overflow="fold")
        for finding in Finding:
            if count := self.counts[finding]:
                examples = Text(", ".join(self._examples[finding]))
                table.add_row(finding.text, f"{count:,}", finding.done, examples)
        return table

    def summary(self) -> str:
        """All of it in one line: '3 × box without width or height, 1 × caption'."""
        return ", ".join(f"{self.counts[finding]} × {finding.text}" for finding in Finding if self.counts[finding])
