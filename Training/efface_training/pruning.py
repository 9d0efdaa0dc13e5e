"""Gradual pruning in the blocks that the product's kernels skip: 16 output x 4 input channels of one tap."""

from __future__ import annotations

import torch
import torch.nn as nn


def block_sums(x: torch.Tensor) -> torch.Tensor:
    """O x I x K x K summed over blocks: O/16 x I/4 x K x K."""
    o, i, k, _ = x.shape
    return x.reshape(o // 16, 16, i // 4, 4, k, k).sum((1, 3))


def expand(blocks: torch.Tensor) -> torch.Tensor:
    return blocks.repeat_interleave(16, 0).repeat_interleave(4, 1)


def prunable(network: nn.Module) -> dict[str, nn.Parameter]:
    """Convolution weights whose channels fill whole blocks."""
    return {
        name: p
        for name, p in network.named_parameters()
        if p.dim() == 4 and p.shape[0] % 16 == 0 and p.shape[1] % 16 == 0
    }


class Pruner:
    """Removes blocks, over all layers at once, by their expected effect on the loss.

    A block's score is the running mean of (sum of weight * gradient)^2: the first-order change of the
    loss if the block went (Molchanov et al., 2019). The share removed follows a cubic ramp (Zhu and
    Gupta, 2017). What is gone stays gone; no layer loses more than `most` of its blocks.
    """

    def __init__(self, network: nn.Module, target: float, begin: float = 0.05, end: float = 0.6,
                 most: float = 0.95, every: int = 10):  # fmt: skip
        self.target, self.begin, self.end, self.most, self.every = target, begin, end, most, every
        self.scores = {name: torch.zeros_like(block_sums(p.data)) for name, p in prunable(network).items()}
        self.seen = 0

    @torch.no_grad()
    def watch(self, network: nn.Module) -> None:
        """Updates the scores; call between backward and the optimizer's step."""
        self.seen += 1
        decay = max(0.02, 1 / self.seen)
        for name, p in prunable(network).items():
            if p.grad is not None:
                effect = block_sums(p.grad * p).square()
                self.scores[name].lerp_(effect, decay)

    def sparsity(self, done: float) -> float:
        ramp = min(1.0, max(0.0, (done - self.begin) / (self.end - self.begin)))
        return self.target * (1 - (1 - ramp) ** 3)

    @torch.no_grad()
    def masks(self, share: float, old: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Masks that remove `share` of all blocks, among them everything that `old` removed."""
        scores = {}
        for name, score in self.scores.items():
            score = score.clone()
            if name in old:
                score[block_sums(old[name]) == 0] = -1
            keep = max(1, round(score.numel() * (1 - self.most)))
            protected = score.flatten().topk(keep).indices
            score.view(-1)[protected] = float("inf")
            scores[name] = score
        everything = torch.cat([s.flatten() for s in scores.values()])
        count = int(share * everything.numel())
        if count == 0:
            return old
        threshold = everything.kthvalue(count).values
        return {name: expand((score > threshold).float()) for name, score in scores.items()}

    def on_step(self, trainer, done: float) -> None:
        if trainer.step % self.every == 0:
            trainer.masks = self.masks(self.sparsity(done), trainer.masks)


def sparsity_by_layer(masks: dict[str, torch.Tensor]) -> dict[str, float]:
    return {name: round(1 - float(mask.mean()), 3) for name, mask in masks.items()}
