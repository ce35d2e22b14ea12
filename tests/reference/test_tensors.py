"""Tensors beside NumPy arrays: whose memory they share, what type they have, where they lie (C01)."""

from __future__ import annotations

import numpy as np
import pytest
import torch


def test_a_tensor_from_an_array_shares_its_memory_both_ways_C01():
    array = np.array([1.0, 2.0, 3.0])
    tensor = torch.from_numpy(array)
    array[0] = 100.0
    tensor[1] = 200.0
    assert tensor.tolist() == array.tolist() == [100, 200, 3]
    assert np.shares_memory(array, tensor.numpy())


def test_a_tensor_made_of_an_array_is_a_copy_C01():
    array = np.array([1.0, 2.0, 3.0])
    tensor = torch.tensor(array)
    array[0] = 100.0
    assert tensor.tolist() == [1, 2, 3]


def test_arrays_have_64_bits_and_tensors_of_numbers_32_C01():
    assert np.array([0.1]).dtype == np.float64
    assert torch.tensor([0.1]).dtype == torch.float32
    assert torch.from_numpy(np.array([0.1])).dtype == torch.float64


def test_a_tensor_has_a_device_and_one_elsewhere_has_to_be_copied_back_C01():
    tensor = torch.from_numpy(np.ones(3))
    assert tensor.device.type == "cpu"
    assert tensor.to("cpu") is tensor
    elsewhere = tensor.to("meta")  # a device without any memory, on every machine
    assert elsewhere.device.type == "meta"
    with pytest.raises((TypeError, RuntimeError, NotImplementedError)):
        elsewhere.numpy()


def test_a_tensor_with_slopes_is_detached_before_numpy_reads_it_C01():
    tensor = torch.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="detach"):
        tensor.numpy()
    assert tensor.detach().numpy().sum() == 3
