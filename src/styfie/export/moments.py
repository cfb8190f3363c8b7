"""From a picture's colours or features to a style's, in operators that ONNX has: matrix roots without eigenvalues."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from styfie.engines.fast.transport import PLAIN, RIDGE, Gaussian
from styfie.export.graph import Graph

ROUNDS = 18  # of the root, for eigenvalues down to the floor
SMALLEST = 1e-4  # root of the smallest eigenvalue that the rounds are made for, as a share of the largest
FLOOR = 1e-10  # added to eigenvalues, as a share of their mean, which keeps them above rounding errors


class Moved(NamedTuple):
    """What is done to features: `matrix` (C, C) and then `offset` (C, 1)."""

    matrix: str
    offset: str


def even(graph: Graph, features: str) -> str:
    """The share of each position of (1, C, H, W), all alike, as one number."""
    from onnx import TensorProto

    count = graph("ReduceProd", graph.size(features), np.array([0]))
    return graph("Reciprocal", graph("Cast", count, to=TensorProto.FLOAT))


def inside(graph: Graph, mask: str) -> str:
    """The shares (1, H * W) of positions in a mask (1, 1, H, W)."""
    flat = graph("Reshape", mask, np.array([1, -1]))
    return graph("Div", flat, graph("Clip", graph("ReduceSum", flat), 1e-6))


def statistics(graph: Graph, features: str, channels: int, weights: str) -> tuple[str, str]:
    """Mean (C, 1) and covariance (C, C) of features (1, C, H, W), by the shares of positions."""
    flat = graph("Reshape", features, np.array([channels, -1]))
    mean = graph("ReduceSum", graph("Mul", flat, weights), np.array([1]))
    around = graph("Sub", flat, mean)
    weighted = graph("Mul", around, weights)
    return mean, graph("MatMul", weighted, graph("Transpose", around, perm=[1, 0]))


def roots(graph: Graph, matrix: str, channels: int) -> tuple[str, str]:
    """The square root of a covariance (C, C) in float64, and its inverse, by scaled Newton-Schulz iteration.

    Products alone, where eigenvalues would be wanted otherwise (Higham 2008, "Functions of Matrices", section 6; the
    scaling is that of Chen and Chow 2014, "A stable scaling of Newton-Schulz for improving the sign function").
    """
    floored = _ridged(graph, matrix, channels, FLOOR, 0.0)
    norm = graph("Sqrt", graph("ReduceSumSquare", floored))
    eye = graph("Identity", np.eye(channels))
    root, inverse, low = graph("Div", floored, norm), eye, SMALLEST
    for _ in range(ROUNDS):
        scale = (3 / (1 + low + low * low)) ** 0.5
        low = scale * low * (3 - (scale * low) ** 2) / 2
        product = graph("Mul", graph("MatMul", inverse, root), np.array(-(scale**3) / 2))
        step = graph("Add", product, graph("Mul", eye, np.array(1.5 * scale)))
        root, inverse = graph("MatMul", root, step), graph("MatMul", step, inverse)
    size = graph("Sqrt", norm)
    return graph("Mul", root, size), graph("Div", inverse, size)


def transport(graph: Graph, photo: tuple[str, str], style: tuple[str, str] | Gaussian, channels: int) -> Moved:
    """The optimal transport that `engines.fast.transport` finds: K (K A K)^-1/2 K, where K^2 is the style's covariance.

    `photo` is a mean (C, 1) and a covariance A (C, C), in float32; `style` likewise, in float64, or known when the file
    is written. The matrices are float64 within: where a style has fewer colours than channels, float32 is too coarse.
    """
    mean, covariance = (in_float64(graph, one) for one in photo)
    if isinstance(style, Gaussian):
        style_mean = graph("Identity", style.mean[0][:, None].double().numpy())
        root = graph("Identity", root_of(style.covariance[0]).numpy())
    else:
        style_mean, root = style[0], roots(graph, style[1], channels)[0]
    ridged = _ridged(graph, covariance, channels, RIDGE, 1e-8, PLAIN if channels == 3 else 0.0)
    _, inverse = roots(graph, graph("MatMul", graph("MatMul", root, ridged), root), channels)
    matrix = graph("MatMul", graph("MatMul", root, inverse), root)
    offset = graph("Sub", style_mean, graph("MatMul", matrix, mean))
    return Moved(in_float32(graph, matrix), in_float32(graph, offset))


def as_pixel(graph: Graph, moved: Moved, channels: int) -> tuple[str, str]:
    """Weights and biases of a convolution of one pixel that does the same."""
    matrix = graph("Reshape", moved.matrix, np.array([channels, channels, 1, 1]))
    return matrix, graph("Reshape", moved.offset, np.array([channels]))


def root_of(covariance: Tensor) -> Tensor:
    """The square root, in float64, of covariances (…, C, C) that are known when the file is written."""
    values, vectors = torch.linalg.eigh(covariance.double())
    root: Tensor = (vectors * values.clamp_min(0).sqrt()[..., None, :]) @ vectors.mT
    return root


def proper(covariance: Tensor) -> Tensor:
    """Covariances (…, C, C) without the eigenvalues below 0 that rounding may have left, which iterations magnify."""
    root = root_of(covariance)
    return root @ root


def in_float64(graph: Graph, x: str) -> str:
    """The same numbers, for products of matrices."""
    from onnx import TensorProto

    return graph("Cast", x, to=TensorProto.DOUBLE)


def in_float32(graph: Graph, x: str) -> str:
    """The same numbers, for pictures."""
    from onnx import TensorProto

    return graph("Cast", x, to=TensorProto.FLOAT)


def _ridged(graph: Graph, matrix: str, channels: int, share: float, least: float, plain: float = 0.0) -> str:
    """With a share of the mean of the diagonal, and a little, added to the diagonal; or what it lacks to `plain`."""
    diagonal = np.eye(channels)
    mean = graph("Mul", graph("ReduceSum", graph("Mul", matrix, diagonal)), np.array(1 / channels))
    ridge = graph("Add", graph("Mul", mean, np.array(share)), np.array(least))
    if plain:
        ridge = graph("Max", ridge, graph("Sub", np.array(plain), mean))
    return graph("Add", matrix, graph("Mul", ridge, diagonal))
