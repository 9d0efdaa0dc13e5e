"""One step of the inpainting network's training, as one function of tensors that a GPU records once and replays."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn as nn

from .inpainting_network import gain_limits, limit_gain

Loss = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


class TrainingStep:
    """Loss, gradient, clipping, optimizers, bounded gain, pruned weights, average.

    Whatever changes from step to step lies in tensors that stay where they are. On CUDA the loss is compiled, and after a few
    steps the whole one is recorded as a graph: launching its kernels one by one takes longer than running them.
    """

    CLIP = 2  # a rare window's gradient is many times larger, and Muon's momentum would carry it through fifty steps
    WARM = 4  # steps before the recording, which see to what is made only once

    def __init__(
        self, network: nn.Module, average: nn.Module, optimizers: list[torch.optim.Optimizer], masks: dict[str, torch.Tensor],
        loss: Loss, batch: int, size: int, device: torch.device,
    ):  # fmt: skip
        """`loss` takes pixels (N x 3 x H x W, 0...255) and holes, and gives a scalar and the four parts that it is made of.
        `masks`: by parameter, 0 where a weight is pruned."""
        self.parameters, self.averaged = list(network.parameters()), list(average.parameters())
        self.network, self.optimizers, self.cuda = network, optimizers, device.type == "cuda"
        self.pruned = [network.get_parameter(name) for name in masks]
        self.masks = [mask.to(device) for mask in masks.values()]
        self.limits = gain_limits(network)
        self.loss = torch.compile(loss, dynamic=False) if self.cuda else loss
        tensor = lambda *shape: torch.zeros(shape, device=device)  # noqa: E731
        self.pixels, self.hole = tensor(batch, 3, size, size), tensor(batch, 1, size, size)
        self.sums, self.norm = tensor(4), tensor()
        self.norms = torch.full((50,), torch.nan, device=device)
        self.decay, self.clip = tensor(), tensor()
        self.rates = [tensor() for o in optimizers for _ in o.param_groups]
        for group, rate in zip((g for o in optimizers for g in o.param_groups), self.rates):
            group["lr"] = rate
        self.calls, self.graph = 0, None

    def __call__(self, pixels: torch.Tensor, hole: torch.Tensor, rate: float, decay: float) -> None:
        """One step at a learning rate; `decay` is how much of the new weights the average takes."""
        self.pixels.copy_(pixels)
        self.hole.copy_(hole)
        self.decay.fill_(decay)
        for group, tensor in zip((g for o in self.optimizers for g in o.param_groups), self.rates):
            tensor.fill_(rate * group.get("share", 1.0))
        self.clip.copy_((self.CLIP * self.norms.nanmedian()).nan_to_num(torch.inf))
        if self.cuda and self.graph is None and self.calls == self.WARM:
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self._run()
        if self.graph is not None:
            self.graph.replay()
        elif self.cuda:  # as the recording will, on another stream than the usual one
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                self._run()
            torch.cuda.current_stream().wait_stream(stream)
        else:
            self._run()
        self.norms[self.calls % len(self.norms)] = self.norm
        self.calls += 1

    def _run(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None
        loss, parts = self.loss(self.pixels, self.hole)
        loss.backward()
        with torch.no_grad():
            gradients = [p.grad for p in self.parameters if p.grad is not None]
            self.norm.copy_(torch.nn.utils.get_total_norm(gradients))
            torch._foreach_mul_(gradients, (self.clip / (self.norm + 1e-6)).clamp_max(1.0))
            for optimizer in self.optimizers:
                optimizer.step()
            limit_gain(self.network, self.limits)
            if self.masks:
                torch._foreach_mul_(self.pruned, self.masks)
            change = torch._foreach_sub(self.parameters, self.averaged)
            torch._foreach_mul_(change, self.decay)
            torch._foreach_add_(self.averaged, change)
            self.sums.add_(parts)
