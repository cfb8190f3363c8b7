"""L-BFGS without a line search, in a fixed piece of memory and without waiting for the device."""

from __future__ import annotations

import torch
from torch import Tensor

from styfie.devices import in_float64

MIN_CURVATURE = 1e-10  # of s^T y: pairs below it say nothing about the curvature


class Lbfgs:
    """Limited-memory BFGS (Liu and Nocedal 1989) in its compact representation (Byrd, Nocedal and Schnabel 1994).

    The same steps as the usual two loops, but the history is read four times a step rather than once for each of
    its vectors, and no number is fetched from the device, if it has float64. The first step is at most one unit of the
    gradient's sum, the others are whole ones.
    """

    def __init__(self, like: Tensor, history: int) -> None:
        """`like` is what will be moved; `history` pairs of differences of points and gradients are kept."""
        self.history, self.count = history, 0
        self.pairs = like.new_zeros(2 * history, like.numel())  # differences of points, then of gradients
        self.products = like.new_zeros(2 * history, 2 * history)
        self.point, self.gradient = torch.zeros(0), torch.zeros(0)
        self.scale = like.new_ones(())
        places = torch.arange(history, device=like.device)
        self.orders = [torch.cat([places.roll(-i), history + places.roll(-i)]) for i in range(history)]

    def step(self, point: Tensor, gradient: Tensor) -> Tensor:
        """The next point, from this one and its gradient, both of any shape."""
        at, slope = point.flatten(), gradient.flatten()
        if self.point.numel():
            move = self._direction(at, slope)
        else:
            self.point, self.gradient = at, slope
            move = -slope * (1 / slope.abs().sum().clamp_min(1e-30)).clamp(max=1)
        return move.add_(at).view_as(point)

    def _direction(self, at: Tensor, slope: Tensor) -> Tensor:
        m, k = self.history, self.count % self.history
        torch.sub(at, self.point, out=self.pairs[k])
        torch.sub(slope, self.gradient, out=self.pairs[m + k])
        self.point, self.gradient = at, slope  # now: the ones before make room for the move
        self.count += 1
        # One by one: put together for a single product they would be three more pictures in memory.
        found = torch.stack([self.pairs @ vector for vector in (self.pairs[k], self.pairs[m + k], slope)])
        told = found[0, m + k] > MIN_CURVATURE
        self.pairs[k].mul_(told)
        self.pairs[m + k].mul_(told)
        for row, new in ((k, found[0] * told), (m + k, found[1] * told)):
            self.products[row], self.products[:, row] = new, new
        self.scale = torch.where(told, found[0, m + k] / found[1, m + k].clamp_min(1e-30), self.scale)
        shares = self._coefficients(in_float64(found[2] * self.products.diagonal().ne(0)))
        move = shares.to(slope.dtype).to(slope.device) @ self.pairs
        return move.addcmul_(slope, self.scale).neg_()

    def _coefficients(self, product: Tensor) -> Tensor:
        """What of each vector of the history the step takes, from the gradient's products with them."""
        m, scale = self.history, in_float64(self.scale)
        order = self.orders[self.count % m]  # the oldest first
        curved, order = in_float64(self.products[order][:, order]), order.to(product.device)
        product = product[order]
        mixed, square = curved[:m, m:], curved[m:, m:]
        along = mixed.diagonal()
        upper = mixed.triu()
        upper.diagonal().add_(along == 0)  # pairs that are not there change nothing
        p = torch.linalg.solve_triangular(upper, product[:m, None], upper=True)
        inner = along[:, None] * p + scale * (square @ p - product[m:, None])
        q = torch.linalg.solve_triangular(upper.T, inner, upper=False)
        return torch.empty_like(product).index_copy_(0, order, torch.cat([q, -scale * p])[:, 0])
