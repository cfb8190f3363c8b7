from __future__ import annotations

import heapq

import numpy as np
import torch

from styfie.geodesic import STEP, geodesic_distance, stable_patch


def brute_force(colour: np.ndarray, start: tuple[int, int], allowed: np.ndarray) -> np.ndarray:
    """Dijkstra's algorithm pixel by pixel."""
    far = np.full(allowed.shape, np.inf)
    far[start] = 0.0
    heap = [(0.0, start)]
    while heap:
        way, (y, x) = heapq.heappop(heap)
        for v in range(max(0, y - 1), min(allowed.shape[0], y + 2)):
            for u in range(max(0, x - 1), min(allowed.shape[1], x + 2)):
                if (v, u) == (y, x) or not allowed[v, u]:
                    continue
                change = np.linalg.norm(colour[:, y, x] - colour[:, v, u])
                longer = way + STEP * np.hypot(v - y, u - x) + change
                if longer < far[v, u] - 1e-12:
                    far[v, u] = longer
                    heapq.heappush(heap, (longer, (v, u)))
    return far


def test_distances_equal_a_search_pixel_by_pixel() -> None:
    generator = torch.Generator().manual_seed(0)
    photo = torch.rand(1, 3, 9, 12, generator=generator)
    allowed = torch.rand(9, 12, generator=generator).numpy() > 0.25
    allowed[4, 5] = True
    seeds = np.zeros((9, 12), bool)
    seeds[4, 5] = True
    found = geodesic_distance(photo, seeds, allowed)
    wanted = brute_force(photo[0].double().numpy(), (4, 5), allowed)
    assert np.allclose(found, wanted)


def test_no_way_is_infinite() -> None:
    seeds = np.zeros((4, 4), bool)
    assert np.isinf(geodesic_distance(torch.zeros(1, 3, 4, 4), seeds)).all()


def test_a_patch_stops_at_the_edge_around_it() -> None:
    photo = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 0.02
    photo[..., 16:40, 20:50] += 0.7
    seeds = np.zeros((64, 64), bool)
    seeds[30, 30] = True
    patch = stable_patch(geodesic_distance(photo, seeds))[0, 0]
    truth = torch.zeros(64, 64)
    truth[16:40, 20:50] = 1
    assert float((patch - truth).abs().mean()) < 0.01
