"""How a device computes, for every run in the process."""

from __future__ import annotations

import torch


def settle(device: torch.device) -> None:
    """Have a GPU compute the same numbers each time, and products on its tensor cores. Of a CPU nothing is changed.

    Weight gradients of transposed convolutions otherwise add up in an order that differs from time to time (cuDNN's
    CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0), and a resumed run would not equal one that never stopped. cuDNN's convolutions
    round their factors to TF32's ten bits of mantissa anyway; linear layers then do the same.
    """
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True
        torch.backends.cuda.matmul.allow_tf32 = True
