"""The configuration of a training run, read from TOML: unknown keys refused, bounds on every number."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from neosort_hardware.config import Section
from neosort_training.device import DeviceName, Precision

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=100)]
Width = Annotated[int, Field(ge=4, le=512, multiple_of=4)]


class PictureAugment(Section):
    """How another camera might have seen it. The twin varies its own light and lens beside this."""

    brightness: float = Field(0.25, ge=0, le=0.9, description="relative, uniform ±")
    contrast: float = Field(0.25, ge=0, le=0.9, description="relative, uniform ±")
    gamma: float = Field(0.15, ge=0, le=1, description="log of the exponent, uniform ±")
    temperature: float = Field(0.08, ge=0, le=0.5, description="red against blue gain, uniform ±")
    hue_deg: float = Field(8.0, ge=0, le=180, description="all hues turned, uniform ±; copper must stay copper")
    saturation: float = Field(0.3, ge=0, le=1, description="relative, uniform ±")
    noise: Share = 0.3
    noise_levels: float = Field(4.0, ge=0, le=64, description="largest standard deviation, in grey levels of 255")
    blur: Share = 0.2
    blur_px: float = Field(1.2, ge=0.3, le=10, description="largest standard deviation")
    sharpen: Share = Field(0.1, description="by the camera's own processing")
    posterise: Share = Field(0.02, description="fewer levels, at least 32 a channel")
    jpeg: Share = 0.2
    jpeg_quality: int = Field(55, ge=10, le=95, description="worst quality; the best is 95")
    erase: Share = Field(0.05, description="a rectangle of one colour over up to a sixteenth of the picture")


class FieldAugment(Section):
    """How another array might have measured it, calibrated and with the empty belt taken off. Deviations are normal."""

    gain: float = Field(0.03, ge=0, le=0.2, description="gain error of the whole array, uniform ±")
    channel_gain: float = Field(0.01, ge=0, le=0.2, description="and of each channel and axis, one standard deviation")
    cross_axis: float = Field(0.01, ge=0, le=0.2, description="share of each axis in the others, each channel")
    offset_ut: float = Field(0.05, ge=0, le=50, description="left over of each channel's zero")
    drift_ut: float = Field(0.05, ge=0, le=50, description="and how far that moves along the window")
    mains_ut: float = Field(0.10, ge=0, le=50, description="largest amplitude of stripes along the belt, all channels")
    noise_ut: float = Field(0.05, ge=0, le=50, description="each cell and axis")
    dead_channels: Share = Field(0.10, description="one to four columns of cells unknown")


class AugmentConfig(Section):
    """What a window may have looked like as well. Shares are probabilities per sample."""

    flip_along: Share = 0.5
    flip_across: Share = 0.5
    reverse_polarity: Share = Field(0.5, description="every magnet turned round: the field changes its sign")
    rescale: Share = Field(0.0, description="all of it larger or smaller by up to an eighth, magnets and all")
    blind_camera: Share = Field(0.12, description="picture replaced by mid-grey")
    blind_field: Share = Field(0.12, description="whole field unknown")
    picture: PictureAugment = PictureAugment()
    field: FieldAugment = FieldAugment()


class _Source(Section):
    crops_per_window: int = Field(1, ge=1, le=64, description="samples drawn from every window in an epoch")
    weight: float | None = Field(
        None,
        gt=0,
        le=1e6,
        description="of its samples beside the other sources'; left out of all: as many as there are",
    )


class StoreSource(_Source):
    """A store of belt windows: made by `neosort-data synth`, or cut from recordings."""

    kind: Literal["store"]
    path: str = Field(min_length=1, description="the store's folder, from the working directory")
    kinds: dict[str, str] = Field({}, description="kind in the store = kind of this run; '' passes its items over")


class PictureSource(_Source):
    """Pictures with boxes that `neosort-data import` took: the camera's side alone."""

    kind: Literal["pictures"]
    path: str = Field(min_length=1, description="the store's folder, from the working directory")
    kinds: dict[str, str] = Field({}, description="class in the store = kind of this run; '' passes its items over")
    bears: dict[str, bool] = Field({}, description="whether a kind bears NdFeB; of others that is not asked")
    mm_per_px: float | None = Field(
        None, ge=0.01, le=20, description="of the pictures; left out: each as large as the window holds it"
    )


class TwinSource(_Source):
    """Windows that the twin makes while the run goes on, never twice the same."""

    kind: Literal["twin"]
    windows_per_epoch: int = Field(ge=1, le=10_000_000)
    split: Literal["train"] = "train"
    seed: int = Field(1, ge=0, le=2**31 - 1, description="of its scenes")
    line: str = Field("", description="line configuration whose twin it is; empty: the default twin")
    belts: str = Field("", description="folder with photographs of real belts to show as well")


Source = Annotated[StoreSource | PictureSource | TwinSource, Field(discriminator="kind")]


class DataConfig(Section):
    """Where windows come from and how they are cut. Paths count from the working directory."""

    sources: tuple[Source, ...] = Field(min_length=1, description="what is learnt from, mixed by weight")
    validation: tuple[str, ...] = Field((), description="stores to look at during the run; never learnt from")
    crop_rows: int = Field(256, ge=64, le=4096, multiple_of=32, description="a training sample, along the belt")
    crop_cols: int = Field(256, ge=64, le=4096, multiple_of=32, description="and across it")
    crops_about_items: Share = Field(0.75, description="of the crops, laid so that one of the items lies whole in them")
    min_visible_fraction: Share = Field(0.1, description="items seen less than this are neither right nor wrong")
    workers: int = Field(0, ge=0, le=64, description="processes that prepare samples; 0: in the training process")

    @model_validator(mode="after")
    def _weights_of_all_or_none(self) -> Self:
        weighed = [source.weight is not None for source in self.sources]
        if any(weighed) and not all(weighed):
            raise ValueError(
                f"data.sources.{weighed.index(False)} has no weight, another source has one: give all or none"
            )
        return self


class ModelConfig(Section):
    """The picture branch, and channels of the network at each stride. The defaults are the shipped size.

    Multiples of 16 cost least: the runtime works in blocks of 16 channels and fills up what is missing.
    """

    backbone: Literal["patch", "resnet18", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0"] = "patch"
    backbone_weights: str = Field(
        "", description="file of weights for one of torchvision's; empty: learnt from nothing"
    )
    stem: Width = Field(32, description="of 'patch', at 1/4")
    stride_8: Width = Field(32, description="of 'patch'")
    blocks_8: int = Field(2, ge=0, le=8, description="residual blocks of 'patch' at 1/8")
    stride_16: Width = 80
    blocks_16: int = Field(2, ge=0, le=8, description="residual blocks of 'patch' at 1/16")
    stride_32: Width = 112
    field: Width = 48
    neck: Width = 48
    item_head: Width = 128
    closer: Width = Field(48, description="of the closer look at each item's pixels")
    dropout: float = Field(0.1, ge=0, lt=1, description="in the head that judges an item")


class LossWeights(Section):
    """What each part of the loss counts."""

    centre: Weight = 1.0
    box: Weight = 2.0
    kind: Weight = 1.0
    ndfeb: Weight = 2.0
    magnet: Weight = 0.5


class OptimiserConfig(Section):
    """AdamW with a cosine schedule after a linear warm-up."""

    epochs: int = Field(ge=1, le=10_000)
    batch: int = Field(32, ge=1, le=4096)
    learning_rate: float = Field(2e-3, gt=0, le=1)
    weight_decay: float = Field(0.02, ge=0, le=1)
    warm_up_steps: int = Field(200, ge=0, le=100_000)
    clip_norm: float = Field(5.0, gt=0, le=1000)
    ema_decay: float = Field(0.998, ge=0, lt=1)
    device: DeviceName = Field("auto", description="auto: cuda where there is one, else cpu")
    precision: Precision = Field("auto", description="auto: the quickest that the device has; losses stay in float32")
    batch_norm: Literal["batch", "frozen"] = Field(
        "batch",
        description="statistics of the batch (of all CUDA processes together), or those that the run began with",
    )
    threads: int = Field(0, ge=0, le=256, description="of torch; 0: as many as it finds")


class StartConfig(Section):
    """The network that a run begins with."""

    path: str = Field(alias="from", min_length=1, description="a bundle (.onnx) or a checkpoint (.pt)")
    kinds: dict[str, str] = Field(
        {}, description="kind of this run = kind of that network which it begins as; '' begins afresh"
    )


class TrackingConfig(Section):
    """Where figures and pictures go beside the run's own log.jsonl."""

    tensorboard: bool = Field(True, description="tensorboard/ in the run's folder")
    mlflow: str = Field("", description="address of an MLflow server, such as http://localhost:5000; empty: none")
    experiment: str = Field("neosort", min_length=1, description="of MLflow, under which the run is listed")


class TrainConfig(Section):
    """One training run."""

    name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")
    seed: int = Field(0, ge=0, le=2**31 - 1)
    out: str = Field(description="folder of the run: checkpoint, log, TensorBoard")
    kinds: tuple[str, ...] = Field((), description="names of classes; empty: every kind in the training stores, sorted")
    validate_every: int = Field(5, ge=1, description="epochs between looks at the validation stores")
    data: DataConfig
    augment: AugmentConfig = AugmentConfig()
    model: ModelConfig = ModelConfig()
    losses: LossWeights = LossWeights()
    optimiser: OptimiserConfig
    start: StartConfig | None = None
    tracking: TrackingConfig = TrackingConfig()

    @model_validator(mode="after")
    def _kinds_once(self) -> Self:
        if len(set(self.kinds)) != len(self.kinds):
            raise ValueError("kinds names a kind twice")
        return self
