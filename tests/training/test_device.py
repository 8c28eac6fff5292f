"""The device and the precision of a run: what is asked for, or what the machine does well."""

from __future__ import annotations

import pytest
import torch

from neosort_training import device
from neosort_training.device import choose_arithmetic


@pytest.mark.parametrize(
    ("flags", "precision"),
    [("fpu avx2 fma", "fp32"), ("fpu avx2 avx512_bf16", "bf16"), ("avx512f amx_bf16 amx_tile", "bf16"), ("", "fp32")],
)
def test_bfloat16_is_used_where_the_processor_multiplies_it_itself(tmp_path, flags, precision):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t: avx512_bf16\n")
    assert device._best_on_cpu(cpuinfo) == precision
    assert device._best_on_cpu(tmp_path / "missing") == "fp32"


def test_a_machine_without_a_card_computes_on_its_processor(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    chosen = choose_arithmetic("auto", "bf16")
    assert (chosen.device.type, chosen.dtype) == ("cpu", torch.bfloat16)
    assert not chosen.scaler().is_enabled()
    with pytest.raises(ValueError, match="finds no CUDA device"):
        choose_arithmetic("cuda", "auto")
    with pytest.raises(ValueError, match="fp16' needs a CUDA device"):
        choose_arithmetic("auto", "fp16")


@pytest.mark.parametrize(("native", "dtype"), [(True, torch.bfloat16), (False, torch.float16)])
def test_each_process_has_a_card_of_its_own(monkeypatch, native, dtype):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)
    assert choose_arithmetic("auto", "auto", 1).device == torch.device("cuda", 1)
    assert choose_arithmetic("auto", "auto", 1).dtype == dtype
    assert choose_arithmetic("cpu", "fp32", 1).device == torch.device("cpu")
    with pytest.raises(ValueError, match="process 2 of this machine has no CUDA device, it has 2"):
        choose_arithmetic("auto", "auto", 2)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_mixed_precision_is_mixed_and_plain_is_plain(precision):
    chosen = choose_arithmetic("cpu", precision)
    with chosen.autocast():
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == chosen.dtype
