"""Other people's data sets, in and out: COCO, YOLO, Pascal VOC, CVAT for images, LabelMe.

A format's reader turns its files into *claims* (`claims.py`): what somebody says is in which picture. `inspection.py`
holds every claim of every format against the picture itself and makes `LabelledPicture` of what stands; what does
not is counted in `findings.py`. Nothing of a source is trusted, and nothing of it is lost without a word.
"""
