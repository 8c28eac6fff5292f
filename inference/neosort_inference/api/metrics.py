"""The line for Prometheus: what the newest view says of it, under names that dashboards and alarms are built on.

Units are Prometheus' own: seconds, metres, bytes, ratios. Every name begins with ``neosort_``; the table of them stands
in `inference/README.md`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from neosort_inference.api.feed import ViewFeed
from neosort_inference.counters import Counts, Distribution
from neosort_inference.exchange.shadow import ShadowCounts
from neosort_inference.faults.modes import Mode
from neosort_inference.fleet.standing import FLEET_STATES, FleetStanding
from neosort_inference.telemetry import Snapshot

STATES = ("sorting", "stopped", "finished")


class LineCollector(Collector):
    """Reads the feed when Prometheus asks, and keeps nothing."""

    def __init__(self, feed: ViewFeed) -> None:
        self._feed = feed

    def collect(self) -> Iterable[Metric]:
        """Every metric of the line; before the first view only that there is none."""
        shown = self._feed.latest()
        yield GaugeMetricFamily("neosort_line_seen", "1 once the line has shown a window", float(shown is not None))
        if shown is None:
            return
        age_s = time.monotonic() - shown.arrived_s
        yield GaugeMetricFamily(
            "neosort_snapshot_age_seconds", "How old these figures are; they stand with the loop", age_s
        )
        yield from _line(shown.view.snapshot)
        yield from _decisions(shown.view.snapshot.counts)
        yield from _sensors(shown.view.snapshot.counts)
        yield from _queues(shown.view.snapshot.counts)
        yield from _process(shown.view.snapshot.counts)
        if (shadow := shown.view.snapshot.counts.shadow) is not None:
            yield from _shadow(shadow)
        if shown.view.snapshot.fleet is not None:
            yield from _fleet(shown.view.snapshot.fleet)


def exposition(feed: ViewFeed, accept: str) -> tuple[bytes, str]:
    """The line's metrics in the format that the asker takes (its ``Accept`` header), and their content type.

    Nothing else is told: this process, which serves pages, counts for nobody.
    """
    registry = CollectorRegistry()
    registry.register(LineCollector(feed))
    encoder, content_type = choose_encoder(accept)
    return encoder(registry), content_type


def _line(snapshot: Snapshot) -> Iterator[Metric]:
    yield InfoMetricFamily("neosort", "What sorts what, by which rules", dict(snapshot.counts.about))
    yield StateSetMetricFamily(
        "neosort_state", "What the line is about", {state: snapshot.state == state for state in STATES}
    )
    yield _labelled_gauge("neosort_senses", "1 for what the line decides by", "senses", {snapshot.senses: 1.0})
    yield CounterMetricFamily("neosort_run_seconds", "Time since the run began", snapshot.elapsed_s)
    yield GaugeMetricFamily("neosort_belt_position_metres", "The encoder", snapshot.belt_mm * 1e-3)
    yield GaugeMetricFamily("neosort_belt_speed_metres_per_second", "Over the last second", snapshot.speed_m_per_s)
    yield GaugeMetricFamily("neosort_items_per_second", "Decisions of the last ten seconds", snapshot.items_per_s)
    yield CounterMetricFamily("neosort_items_bearing", "Items thought likelier to bear NdFeB", snapshot.bearing_seen)
    for name, share in (("recovery", snapshot.recovery), ("purity", snapshot.purity)):
        if share is not None:
            yield GaugeMetricFamily(
                f"neosort_{name}_ratio", f"{name} of what has landed, where the truth is known", share
            )
    yield StateSetMetricFamily(
        "neosort_mode", "How the line sorts, faults considered", {mode.value: snapshot.mode is mode for mode in Mode}
    )
    active = {alarm.fault: 1.0 for alarm in snapshot.alarms if alarm.in_force}
    waiting = {alarm.fault: 1.0 for alarm in snapshot.alarms if alarm.acknowledged_ns is None}
    yield _labelled_gauge("neosort_fault_active", "1 while a fault is in force", "fault", active)
    yield _labelled_gauge("neosort_alarm_waiting", "1 until somebody has acknowledged it", "fault", waiting)
    yield _labelled_counter(
        "neosort_belt_undecided_metres", "Belt that was not sorted, by the fault", "fault", snapshot.counts.undecided_m
    )
    yield _labelled_counter("neosort_faults", "Times a fault has come", "fault", snapshot.counts.faults)


def _decisions(counts: Counts) -> Iterator[Metric]:
    yield _labelled_counter("neosort_decisions", "Items decided on; 'fired' are shots", "verdict", counts.verdicts)
    yield _histogram(
        "neosort_decision_latency_seconds",
        "Last input of the deciding window to the shot handed over",
        counts.latency_s,
    )
    yield _histogram(
        "neosort_decision_distance_metres", "Belt from an item's trailing edge passing the array to its decision",
        counts.distance_m,
    )  # fmt: skip
    yield _labelled_counter(
        "neosort_valve_shots", "Shots that a valve took part in", "valve", _numbered(counts.valve_shots)
    )


def _sensors(counts: Counts) -> Iterator[Metric]:
    yield _labelled_gauge(
        "neosort_device_healthy", "1 while a device says that it is well", "device",
        {device: float(well) for device, well in counts.healthy.items()},
    )  # fmt: skip
    yield CounterMetricFamily("neosort_frames", "Frames read", counts.frames)
    yield CounterMetricFamily("neosort_frames_lost", "Frames that the camera took and nobody read", counts.frames_lost)
    yield CounterMetricFamily("neosort_field_samples", "Samples of the whole array", counts.samples)
    yield _labelled_counter(
        "neosort_channel_missing_samples", "Samples that a magnetometer did not give", "channel",
        _numbered(counts.channel_missing),
    )  # fmt: skip
    yield _labelled_counter(
        "neosort_channel_saturated_samples", "Samples in which a magnetometer's finer range was clipped", "channel",
        _numbered(counts.channel_saturated),
    )  # fmt: skip


def _queues(counts: Counts) -> Iterator[Metric]:
    waiting = {
        "windows": counts.windows_waiting,
        "recording": counts.recording_waiting,
        "ledger": counts.ledger_waiting,
    }
    dropped = {
        "windows": counts.windows_dropped,
        "recording": counts.recording_dropped,
        "ledger": counts.ledger_dropped,
        "frames": counts.frames_lost,
    }
    yield _labelled_gauge("neosort_queue_waiting", "What stands in a queue now", "queue", waiting)
    yield _labelled_counter("neosort_queue_dropped", "What found no room in a queue", "queue", dropped)
    yield _labelled_counter("neosort_left_out", "What an overload has kept out of a queue", "queue", counts.left_out)


def _process(counts: Counts) -> Iterator[Metric]:
    yield _histogram("neosort_window_compute_seconds", "Computing of one window, from frame to shot", counts.window_s)
    yield _labelled_counter("neosort_stage_seconds", "Computing, by part of a window's way", "stage", counts.stage_s)
    yield GaugeMetricFamily("neosort_memory_bytes", "Memory of the loop's process", counts.memory_bytes)
    yield CounterMetricFamily("neosort_processor_seconds", "Processor time of the loop's process", counts.processor_s)


def _shadow(shadow: ShadowCounts) -> Iterator[Metric]:
    yield InfoMetricFamily("neosort_shadow", "What looks on and fires nothing", {"bundle": shadow.name})
    yield _labelled_counter("neosort_shadow_items", "Items by what line and shadow make of them", "what", shadow.items)
    yield CounterMetricFamily("neosort_shadow_windows", "Windows that the shadow has looked at", shadow.windows)
    yield CounterMetricFamily("neosort_shadow_windows_left_out", "For want of time", shadow.left_out)
    yield GaugeMetricFamily("neosort_shadow_broken", "1 once it has ended by itself", float(bool(shadow.trouble)))


def _fleet(standing: FleetStanding) -> Iterator[Metric]:
    yield StateSetMetricFamily(
        "neosort_fleet_state",
        "The way to the plant's broker",
        {state: state == standing.state for state in FLEET_STATES},
    )
    yield GaugeMetricFamily("neosort_fleet_waiting", "Alarms and lots that the broker does not have", standing.waiting)
    yield _labelled_counter("neosort_fleet_sent", "Messages that the broker has confirmed", "kind", standing.sent)
    yield CounterMetricFamily("neosort_fleet_lost", "Alarms that found no room to wait", standing.lost)
    yield GaugeMetricFamily(
        "neosort_fleet_ledger_read", "1 while closed lots can be looked for", float(not standing.ledger_trouble)
    )


def _labelled_gauge(name: str, words: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _labelled_counter(name: str, words: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _histogram(name: str, words: str, distribution: Distribution) -> Metric:
    buckets, passed = [], 0
    for bound, count in zip((*distribution.bounds, float("inf")), distribution.counts, strict=True):
        passed += count
        buckets.append(("+Inf" if bound == float("inf") else str(bound), float(passed)))
    return HistogramMetricFamily(name, words, buckets=buckets, sum_value=distribution.total)


def _numbered(values: Iterable[int]) -> dict[str, float]:
    return {str(number): float(value) for number, value in enumerate(values)}
