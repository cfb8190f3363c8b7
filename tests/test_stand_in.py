"""The device that tests take for an Apple GPU refuses what one refuses."""

from __future__ import annotations

import pytest
import torch

from tests.stand_in import CPU, MPS, StandIn


def test_it_computes_as_the_processor_does() -> None:
    generator = torch.Generator().manual_seed(0)
    x, layer = torch.rand(1, 3, 8, 8, generator=generator), torch.nn.Conv2d(3, 2, 3)
    leaf = x.clone().requires_grad_()
    (known,) = torch.autograd.grad(layer(leaf).square().sum(), leaf)
    with StandIn() as device:
        there = x.to("mps").requires_grad_()
        loss = layer.to(MPS)(there).square().sum()
        (found,) = torch.autograd.grad(loss, there)
        assert {there.device, found.device, found.new_zeros(2).device, torch.ones(1, device="mps").device} == {MPS}
        assert x.device == CPU
        assert torch.equal(found.cpu(), known)
        assert found.cpu().device == CPU
        assert float(loss.detach()) == pytest.approx(float(layer.cpu()(x).square().sum().detach()))
    assert "convolution" in device.operations


def test_it_refuses_what_the_gpu_refuses() -> None:
    with StandIn():
        x, here = torch.ones(4, 4).to("mps"), torch.ones(4, 4)
        for widen in (x.double, lambda: x.to(torch.float64), lambda: here.double().to("mps"), lambda: x + x.double()):
            with pytest.raises(TypeError, match="float64"):
                widen()
        with pytest.raises(TypeError, match="float64"):
            torch.zeros(3, dtype=torch.float64, device="mps")
        with pytest.raises(TypeError, match="one after the other"):
            x.to("cpu", torch.float64)
        with pytest.raises(RuntimeError, match="same device"):
            x @ here
        with pytest.raises(NotImplementedError, match="_linalg_eigh"):
            torch.linalg.eigh(x)
        with pytest.raises(TypeError, match="numpy"):
            x.numpy()
        leaf = x.clone().requires_grad_()
        exact = leaf.cpu().double().sum()
        with pytest.raises(TypeError, match="one after the other"):
            exact.to(x)  # whose gradient would be widened there
        (slope,) = torch.autograd.grad(exact.float().to("mps"), leaf)
        assert slope.device == MPS and x.cpu().double().dtype == torch.float64
        assert torch.equal(x[torch.tensor([0, 1])].cpu(), here[:2]), "indices may be on the processor"
        assert float((x * torch.tensor(2.0)).sum()) == 32, "a number may come from anywhere"
