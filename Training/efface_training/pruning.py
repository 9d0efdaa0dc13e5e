"""Pruning in the blocks that the product's kernels skip: 16 output x 4 input channels of one tap.

What goes is chosen by the curvature of the loss, and the weights that stay take over what they can of it (Hassibi
and Stork, "Second order derivatives for network pruning: Optimal Brain Surgeon", NIPS 1992, here for blocks as in
Kurtic et al., "The Optimal BERT Surgeon", EMNLP 2022, section 3.2). The curvature of one convolution is taken for
a product of what its inputs and what its outputs say (Martens and Grosse, "Optimizing Neural Networks with
Kronecker-factored Approximate Curvature", ICML 2015); of the outputs' factor only the diagonal counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

ROWS, COLUMNS = 16, 4  # of a block


def block_sums(x: torch.Tensor) -> torch.Tensor:
    """O x I x K x K summed over blocks: O/16 x I/4 x K x K."""
    o, i, k, _ = x.shape
    return x.reshape(o // ROWS, ROWS, i // COLUMNS, COLUMNS, k, k).sum((1, 3))


def expand(blocks: torch.Tensor) -> torch.Tensor:
    return blocks.repeat_interleave(ROWS, 0).repeat_interleave(COLUMNS, 1)


def prunable(network: nn.Module) -> dict[str, nn.Parameter]:
    """Convolution weights whose channels fill whole blocks."""
    return {
        name: p
        for name, p in network.named_parameters()
        if p.dim() == 4 and p.shape[0] % 16 == 0 and p.shape[1] % 16 == 0
    }


@dataclass
class Curvature:
    """How the loss bends with the weights of one convolution of D - 1 inputs (channels x taps) and a bias.

    inputs: D x D, float64, the products of the inputs and of the bias's 1, summed over a window's places, each weighted
    by its squared gradient. outputs: O, how much each output's error counts, 1 on average. places: how often a
    window computes with each weight.
    """

    inputs: torch.Tensor
    outputs: torch.Tensor
    places: int

    def damped(self) -> torch.Tensor:
        """`inputs`, safe to invert: a thousandth of the mean square is added to each."""
        diagonal = self.inputs.diagonal()
        return self.inputs + torch.diag_embed(1e-3 * diagonal.mean() + 1e-12 + torch.zeros_like(diagonal))


def measure_curvature(network: nn.Module, projections: Iterable[torch.Tensor]) -> dict[str, Curvature]:
    """The curvature of every prunable convolution, by the name of its weight.

    `projections`: of each batch, one random linear function of the network's answers, summed over the batch, whose squared
    gradient with respect to the answers is on average the loss's curvature (see `random_projection`).
    """
    modules = {name: network.get_submodule(name.removesuffix(".weight")) for name in prunable(network)}
    seen: dict[str, torch.Tensor] = {}
    sums: dict[str, Curvature] = {}
    windows = 0

    def note(name: str):
        def hook(module, inputs, output):
            seen[name] = inputs[0].detach()
            output.register_hook(lambda gradient: add(name, module, gradient))

        return hook

    @torch.no_grad()
    def add(name: str, module: nn.Conv2d, gradient: torch.Tensor) -> None:
        squared = gradient.float().flatten(2).square()
        root = squared.mean(1, keepdim=True).sqrt()
        x = F.unfold(seen[name].float(), module.kernel_size, module.dilation, module.padding, module.stride)
        x = torch.cat([x * root, root], 1).transpose(0, 1).flatten(1)
        if name not in sums:
            zeros = lambda *shape: torch.zeros(*shape, dtype=torch.float64, device=x.device)  # noqa: E731
            sums[name] = Curvature(zeros(len(x), len(x)), zeros(module.out_channels), squared.shape[2])
        sums[name].inputs += (x @ x.T).double()
        sums[name].outputs += squared.sum((0, 2)).double()

    handles = [module.register_forward_hook(note(name)) for name, module in modules.items()]
    try:
        for projection in projections:
            projection.backward()
            windows += len(next(iter(seen.values())))
    finally:
        for handle in handles:
            handle.remove()
    network.zero_grad(set_to_none=True)
    for curvature in sums.values():
        curvature.inputs /= windows
        curvature.outputs /= curvature.outputs.mean().clamp_min(1e-30)
    return sums


def _block_columns(shape: torch.Size, device: torch.device) -> torch.Tensor:
    """The columns of a weight laid out as O x (I * K * K) that belong to each block of a row of blocks."""
    inputs, taps = shape[1], shape[2] * shape[3]
    blocks = torch.arange(inputs * taps, device=device).view(inputs // COLUMNS, COLUMNS, taps)
    return blocks.transpose(1, 2).reshape(-1, COLUMNS)


@torch.no_grad()
def removal_order(curvature: Curvature, weight: torch.Tensor, bias: torch.Tensor, row: int) -> tuple[list[int], list[float]]:
    """In which order the blocks of one row of blocks (16 outputs) go, and what each costs.

    Each time that block goes whose going costs least, the others (and the bias) making up for it as well as they can.
    Blocks that are empty at the start are not listed. Costs are second-order changes of the loss, in its units.
    """
    columns = _block_columns(weight.shape, weight.device)
    rows = slice(ROWS * row, ROWS * (row + 1))
    w = weight[rows].double().flatten(1)
    alive = w[:, columns].abs().sum((0, 2)) > 0
    # What never sees anything, or what nobody hears, goes first and is not missed.
    useful = curvature.inputs.diagonal()[columns].sum(1) * curvature.outputs[rows].sum() > 0
    order = (alive & ~useful).nonzero()[:, 0].tolist()
    costs = [0.0] * len(order)
    alive = (alive & useful).nonzero()[:, 0]
    last = torch.tensor([weight[0].numel()], device=weight.device)
    kept = torch.cat([columns[alive].flatten(), last])
    inverse = torch.linalg.inv(curvature.damped()[kept][:, kept])
    w = torch.cat([w, bias[rows, None].double()], 1)[:, kept]
    one = torch.eye(COLUMNS, dtype=torch.float64, device=weight.device)
    gone = torch.zeros(len(alive), dtype=torch.bool, device=weight.device)
    own = torch.arange(COLUMNS * len(alive), device=weight.device).view(-1, COLUMNS)
    for _ in range(len(alive)):
        if 3 * gone.sum() > len(gone):  # the smaller the matrix, the faster the next steps
            stay = (~gone).nonzero()[:, 0]
            places = torch.cat([own[stay].flatten(), torch.tensor([w.shape[1] - 1], device=stay.device)])
            alive, gone, w, inverse = alive[stay], gone[stay], w[:, places], inverse[places][:, places]
            own = own[: len(alive)]
        inner = inverse[own[:, :, None], own[:, None, :]]
        inner = torch.linalg.inv(torch.where(gone[:, None, None], one, inner))
        blocks = w[:, :-1].view(ROWS, len(alive), COLUMNS)
        cost = torch.einsum("o,obi,bij,obj->b", curvature.outputs[rows], blocks, inner, blocks)
        best = int(cost.masked_fill(gone, torch.inf).argmin())
        s = own[best]
        share = inner[best] @ inverse[s]
        order.append(int(alive[best]))
        costs.append(max(0.0, float(cost[best])))
        w -= w[:, s] @ share
        inverse -= inverse[:, s] @ share
        w[:, s] = 0
        gone[best] = True
    return order, costs


def rising(costs: list[float]) -> list[float]:
    """Costs made to rise, keeping their sum: the slopes of the lower convex hull of the running sum.

    A cheap block behind a dear one is only had together with it.
    """
    sums = [0.0]
    for cost in costs:
        sums.append(sums[-1] + cost)
    slope = lambda a, b: (sums[b] - sums[a]) / (b - a)  # noqa: E731
    hull = [0]
    for i in range(1, len(sums)):
        while len(hull) > 1 and slope(hull[-1], i) <= slope(hull[-2], hull[-1]):
            hull.pop()
        hull.append(i)
    return [slope(a, b) for a, b in zip(hull, hull[1:]) for _ in range(a, b)]


@torch.no_grad()
def choose_blocks(
    network: nn.Module, curvatures: dict[str, Curvature], share: float, arithmetic: float = 0.5
) -> dict[str, torch.Tensor]:
    """Masks (O x I x K x K, 1 = stays) that remove `share` of all prunable weights, what is zero already among them.

    Blocks of all layers compete by their cost over what is saved: bytes, and by the part `arithmetic` multiplications, of which
    a block of a fine level saves more.
    """
    weights = prunable(network)
    total = sum(w.numel() for w in weights.values())
    work = sum(w.numel() * curvatures[name].places for name, w in weights.items())
    masks, candidates, zeros = {}, [], 0
    for name, weight in weights.items():
        masks[name] = (block_sums(weight.square()) > 0).float()
        zeros += int((masks[name] == 0).sum())
        saved = (1 - arithmetic) / total + arithmetic * curvatures[name].places / work
        bias = network.get_parameter(name.removesuffix("weight") + "bias")
        for row in range(weight.shape[0] // ROWS):
            order, costs = removal_order(curvatures[name], weight, bias, row)
            candidates += [(cost / saved, name, row, block) for block, cost in zip(order, rising(costs))]
    candidates.sort(key=lambda candidate: candidate[0])
    for _, name, row, block in candidates[: max(0, round(share * total / (ROWS * COLUMNS)) - zeros)]:
        masks[name][row].view(-1)[block] = 0
    return {name: expand(mask) for name, mask in masks.items()}


@torch.no_grad()
def remove_blocks(network: nn.Module, curvatures: dict[str, Curvature], masks: dict[str, torch.Tensor]) -> None:
    """Takes out what the masks say; what stays, and the biases, become what changes each convolution's results least."""
    for name, mask in masks.items():
        bias = network.get_parameter(name.removesuffix("weight") + "bias")
        keep_only(network.get_parameter(name), bias, curvatures[name], mask)


@torch.no_grad()
def keep_only(weight: torch.Tensor, bias: torch.Tensor, curvature: Curvature, mask: torch.Tensor) -> None:
    """The same of one convolution, in place."""
    moments = curvature.damped()
    wanted = torch.cat([weight.flatten(1), bias[:, None]], 1).double() @ moments
    last = torch.tensor([weight[0].numel()], device=weight.device)
    for row in range(0, weight.shape[0], ROWS):
        kept = mask[row].flatten().nonzero()[:, 0]
        columns = torch.cat([kept, last])
        solved = torch.linalg.solve(moments[columns][:, columns], wanted[row : row + ROWS, columns].T).T.float()
        rows = torch.zeros(ROWS, weight[0].numel(), device=weight.device)
        rows[:, kept] = solved[:, :-1]
        weight[row : row + ROWS] = rows.view(ROWS, *weight.shape[1:])
        bias[row : row + ROWS] = solved[:, -1]


def sparsity_by_layer(masks: dict[str, torch.Tensor]) -> dict[str, float]:
    return {name: round(1 - float(mask.mean()), 3) for name, mask in masks.items()}
