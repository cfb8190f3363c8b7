"""Min-sum loopy belief propagation on a grid of nodes that are joined to their neighbours across and down.

Costs are tables: `unary` (H, W, K), what each of K labels costs at each node; `across` (H, W-1, K, K) and `down`
(H-1, W, K, K), what a pair of neighbours costs, [..., a, b] with a the left or upper one's label. All are >= 0. The
update is that of Felzenszwalb and Huttenlocher (2006), "Efficient Belief Propagation for Early Vision", on a
checkerboard, with tables in place of their truncated distances, for ours have no such form.
"""

from __future__ import annotations

import torch
from torch import Tensor

DAMPING = 0.5  # share of a message's old value: on loops it would swing otherwise
SWEEPS = 20  # of the descent at the end, at most


def energy(unary: Tensor, across: Tensor, down: Tensor, labels: Tensor) -> float:
    """What a labelling (H, W) costs."""
    left, right = labels[:, :-1], labels[:, 1:]
    upper, lower = labels[:-1], labels[1:]
    own = unary.gather(2, labels[..., None]).double().sum()
    pairs = _pairs(across, left, right).double().sum() + _pairs(down, upper, lower).double().sum()
    return float(own + pairs)


def belief_propagation(unary: Tensor, across: Tensor, down: Tensor, rounds: int) -> Tensor:
    """Labels (H, W) of low energy: the least on a chain, near it on a grid.

    A round updates every node once. The labelling of least energy among all rounds is taken, and single labels are
    then changed as long as that lowers it. A chain has no loops: there messages are not damped, and rounds are as many
    as it has nodes, after which they are exact (Viterbi's).
    """
    height, width, count = unary.shape
    damping = DAMPING if min(height, width) > 1 else 0.0
    rounds = rounds if min(height, width) > 1 else max(height, width)
    messages = unary.new_zeros(4, height, width, count)  # by a node's left, right, upper and lower neighbour
    board = _checkerboard(height, width)
    best = unary.argmin(2)
    least = energy(unary, across, down, best)
    for turn in range(2 * rounds):
        _send(unary + messages.sum(0), messages, across, down, board == turn % 2, damping)
        if turn % 2:
            labels = (unary + messages.sum(0)).argmin(2)
            if (found := energy(unary, across, down, labels)) < least:
                best, least = labels, found
    return descend(unary, across, down, best)


def descend(unary: Tensor, across: Tensor, down: Tensor, labels: Tensor) -> Tensor:
    """Labels changed, one colour of the checkerboard at a time, as long as it lowers the energy (ICM, Besag 1986)."""
    board, still = _checkerboard(*labels.shape), 0
    for sweep in range(2 * SWEEPS):
        given = unary.clone()
        given[:, 1:] += _rows(across, labels[:, :-1])
        given[:, :-1] += _rows(across.transpose(2, 3), labels[:, 1:])
        given[1:] += _rows(down, labels[:-1])
        given[:-1] += _rows(down.transpose(2, 3), labels[1:])
        better = (board == sweep % 2) & (given.amin(2) < given.gather(2, labels[..., None])[..., 0])
        labels = torch.where(better, given.argmin(2), labels)
        still = 0 if bool(better.any()) else still + 1
        if still == 2:
            break
    return labels


def _checkerboard(height: int, width: int) -> Tensor:
    """0 and 1 (H, W) in turn."""
    return (torch.arange(height)[:, None] + torch.arange(width)) % 2


def _send(belief: Tensor, messages: Tensor, across: Tensor, down: Tensor, sends: Tensor, damping: float) -> None:
    """New messages, into `messages`, from the nodes that send; what a node told is not told back to it."""
    every, first, last = slice(None), slice(None, -1), slice(1, None)
    ways = (  # whom it is told by and from where the other is told, the costs, who tells and who is told
        (0, 1, across, (every, first), (every, last)),
        (1, 0, across.transpose(2, 3), (every, last), (every, first)),
        (2, 3, down, (first,), (last,)),
        (3, 2, down.transpose(2, 3), (last,), (first,)),
    )
    heard = messages.clone()
    for way, back, costs, here, there in ways:
        message = ((belief[here] - heard[back][here])[..., None] + costs).amin(2)
        message -= message.amin(2, keepdim=True)  # only differences matter, and sums do not grow
        old = heard[way][there]
        messages[way][there] = torch.where(sends[here][..., None], damping * old + (1 - damping) * message, old)


def _pairs(table: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The tables' entries at labels a and b."""
    count = table.shape[-1]
    return table.flatten(2).gather(2, (a * count + b)[..., None])[..., 0]


def _rows(table: Tensor, labels: Tensor) -> Tensor:
    """The tables' rows (H, W, K) at labels (H, W)."""
    return table.gather(2, labels[..., None, None].expand(-1, -1, 1, table.shape[-1]))[:, :, 0]
