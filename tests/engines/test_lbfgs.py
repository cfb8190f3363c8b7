from __future__ import annotations

import torch

from styfie.engines.lbfgs import Lbfgs


def test_the_steps_are_those_of_the_usual_two_loops() -> None:
    """PyTorch's own optimiser, on a quadratic whose minimum is known, with a history shorter than the run."""
    torch.manual_seed(0)
    root = torch.randn(60, 60, dtype=torch.float64) / 8
    curvature, goal = root @ root.T + 0.05 * torch.eye(60, dtype=torch.float64), torch.randn(60, dtype=torch.float64)
    theirs = torch.zeros(60, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([theirs], max_iter=1, history_size=4, tolerance_grad=0, tolerance_change=0)

    def evaluate() -> torch.Tensor:
        optimiser.zero_grad()
        loss = 0.5 * theirs @ curvature @ theirs - goal @ theirs
        loss.backward()
        return loss

    ours, search = torch.zeros(4, 15, dtype=torch.float64), Lbfgs(torch.zeros(4, 15, dtype=torch.float64), 4)
    for _ in range(15):
        optimiser.step(evaluate)
        ours = search.step(ours, (curvature @ ours.flatten() - goal).view_as(ours))
        assert torch.allclose(ours.flatten(), theirs.detach(), rtol=1e-6, atol=1e-9)
    for _ in range(200):
        ours = search.step(ours, (curvature @ ours.flatten() - goal).view_as(ours))
    assert torch.allclose(curvature @ ours.flatten(), goal, atol=1e-4)


def test_a_pair_without_curvature_changes_nothing() -> None:
    """Where the gradient stays the same there is nothing to learn: the next step is one along the gradient."""
    slope = torch.tensor([3.0, -4.0])
    search = Lbfgs(slope, 3)
    first = search.step(torch.zeros(2), slope)
    assert torch.allclose(first, -slope / 7)
    assert torch.allclose(search.step(first, slope), first - slope)


def test_no_number_is_fetched_from_the_device() -> None:
    """On the device without values every fetch fails."""
    point = torch.zeros(3, 5, device="meta")
    search = Lbfgs(point, 3)
    for _ in range(5):
        point = search.step(point, torch.zeros(3, 5, device="meta"))
    assert point.shape == (3, 5)
