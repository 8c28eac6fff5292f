"""ONNX Runtime as the line uses it: CPU, a fixed number of threads that do not spin, errors raised and not printed."""

from __future__ import annotations

import onnxruntime as ort


class RuntimeRefusedError(Exception):
    """The runtime does not take a model. The text is its reason, in one line."""


def open_session(model: bytes, threads: int = 1) -> ort.InferenceSession:
    """A session on ``threads`` threads. Raises `RuntimeRefusedError`."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4  # what goes wrong is raised, not printed
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's exceptions share no base of their own
        raise RuntimeRefusedError((str(error).splitlines() or ["no reason given"])[0][:160]) from error
