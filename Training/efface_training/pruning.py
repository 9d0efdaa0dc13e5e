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
    """Removes blocks of each layer by their expected effect on the loss.

    A block's score is the running mean of (sum of weight * gradient)^2: the first-order change of the
    loss if the block went (Molchanov et al., 2019). The share removed follows a cubic ramp (Zhu and
    Gupta, 2017). What is gone stays gone. Layers that do nothing, whose ReLUs never open, go first and whole.
    Among the others scores rank the blocks of one layer, never those of two: over all layers at once the
    coarse levels, which learn later, would lose everything. Layers with fewer than `small` weights lose half
    the share that the others lose, so that the whole meets the target.
    """

    def __init__(self, network: nn.Module, target: float, begin: float = 0.05, end: float = 0.6,
                 every: int = 10, small: int = 50_000, settle: int = 40):  # fmt: skip
        self.target, self.begin, self.end, self.every, self.settle = target, begin, end, every, settle
        self.sizes = {name: p.numel() for name, p in prunable(network).items()}
        self.gentle = {name: 0.5 if n < small else 1.0 for name, n in self.sizes.items()}
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

    def dead(self) -> set[str]:
        """Layers without any effect on the loss, next to the others."""
        effects = {name: float(score.mean()) for name, score in self.scores.items()}
        usual = sorted(effects.values())[-len(effects) // 4]
        return {name for name, effect in effects.items() if effect < 1e-6 * usual}

    @torch.no_grad()
    def masks(self, share: float, old: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Masks that remove `share` of all weights, among them everything that `old` removed."""
        result, dead = {}, self.dead()
        live = sum(n * self.gentle[name] for name, n in self.sizes.items() if name not in dead)
        idle = sum(n for name, n in self.sizes.items() if name in dead)
        part = max(0.0, share * sum(self.sizes.values()) - idle) / live
        for name, score in self.scores.items():
            score = score.clone()
            count = min(int(part * self.gentle[name] * score.numel()), score.numel() - 1)
            if name in old:
                gone = block_sums(old[name]) == 0
                score[gone] = -1
                count = max(count, int(gone.sum()))
            blocks = torch.ones(score.numel(), device=score.device)
            blocks[score.flatten().argsort()[: score.numel() if name in dead else count]] = 0
            result[name] = expand(blocks.view_as(score))
        return result

    def on_step(self, trainer, done: float) -> None:
        if trainer.step % self.every == 0 and self.seen > self.settle:
            trainer.masks = self.masks(self.sparsity(done), trainer.masks)


def sparsity_by_layer(masks: dict[str, torch.Tensor]) -> dict[str, float]:
    return {name: round(1 - float(mask.mean()), 3) for name, mask in masks.items()}
