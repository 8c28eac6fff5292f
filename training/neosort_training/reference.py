"""The network that a bundle's speed is measured against: torchvision's SSDLite-MobileNetV3 at 640 × 640.

Its weights are random: none of them decides about time. What does depend on them, the sorting of scores and the
suppression of overlapping boxes, is left out, so that the reference is not made slower than anybody would find it.
"""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from torch import Tensor, nn
from torchvision.models.detection import ssdlite320_mobilenet_v3_large
from torchvision.models.detection.image_list import ImageList

from neosort_training.onnx_graph import exported

SIDE_PX = 640
NAME = "ssdlite320_mobilenet_v3_large"
DESCRIPTION = (
    f"torchvision {NAME} at {SIDE_PX} × {SIDE_PX}, 91 classes, fp32, random weights; in it: normalisation, backbone, "
    "heads, softmax, decoding of boxes; not in it: sorting of scores and non-maximum suppression"
)


class ReferenceNet(nn.Module):
    """The part of the detector whose time does not depend on its weights."""

    def __init__(self, side_px: int = SIDE_PX) -> None:
        super().__init__()
        whole = ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None).eval()
        self.backbone, self.head, self._decode = whole.backbone, whole.head, whole.box_coder.decode_single
        with torch.no_grad():
            picture = torch.zeros(1, 3, side_px, side_px)
            anchors = whole.anchor_generator(ImageList(picture, [(side_px, side_px)]), list(self._maps(picture)))
        self.register_buffer("anchors", anchors[0])

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(1,3,side,side) in 0..1 → boxes (anchors,4) in px, class probabilities (anchors,91)."""
        found = self.head(self._maps((picture - 0.5) / 0.5))
        return self._decode(found["bbox_regression"][0], self.anchors), torch.softmax(found["cls_logits"][0], dim=-1)

    def _maps(self, picture: Tensor) -> list[Tensor]:
        return list(self.backbone(picture).values())


def write_reference(out: Path, side_px: int = SIDE_PX) -> None:
    """Write the reference as one ONNX file, under a temporary name first. Raises `OSError`."""
    torch.manual_seed(0)
    model = exported(
        ReferenceNet(side_px).eval(), (torch.zeros(1, 3, side_px, side_px),), ["picture"], ["boxes", "scores"]
    )
    model.graph.name, model.doc_string = NAME, DESCRIPTION
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(out.name + ".part")
    try:
        onnx.save(model, temporary)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
