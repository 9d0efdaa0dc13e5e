"""Time single dense int8 layers in other engines and in ours.

    python Tests/Benchmarks/compare_layers.py [--threads 1] [--isa avx2] [--rounds 3] [--least] [--layers 3x3 1x1 depthwise]

A layer's time is the difference between a long and a short chain of such layers, so that starting a run and the
first layer do not count. For what else is needed, see `compare_engines.py`.
"""

import argparse
import pathlib
import statistics
import tempfile

import compare_engines

LAYERS = [
    # kind, kernel, side, channels
    ("3x3", 3, 64, 64), ("3x3", 3, 48, 64), ("3x3", 3, 24, 128), ("3x3", 3, 12, 192),
    ("1x1", 1, 64, 64), ("1x1", 1, 64, 128), ("1x1", 1, 32, 256),
    ("depthwise", 3, 64, 96), ("depthwise", 3, 32, 192), ("depthwise", 3, 16, 384),
]  # fmt: skip


# Of convolutions: no two neighbouring weights sum to more than 128, as the exporter rounds them (`to_bytes` of `Training`
# says why), and weights are spread as in the trained networks' 3x3 layers: with AVX2, our time depends on them.
LARGEST, SPREAD = 64, 26


def write_chain(path, kind, kernel, channels, length):
    """Write a network: a 1x1 layer from pixels to the channels, then `length` layers with random weights."""
    import numpy

    rng = numpy.random.default_rng(1)
    tensors, nodes = {}, []
    values = {"pixels": {"channels": 16, "type": "u8", "scale": 0.0078125, "zero_point": 128}}

    def layer(name, op, kernel, inputs, source):
        output = f"{name}.out"
        values[output] = {"channels": channels, "type": "u8", "scale": 0.02, "zero_point": 0}
        if op == "depthwise":
            weights = rng.integers(-127, 128, (channels // 16, kernel, 1, 16, 4)).astype(numpy.int8)
            weights[..., kernel:] = 0
            products, spread = kernel * kernel, 73
        else:
            columns = numpy.arange(kernel * kernel * inputs // 4)
            count = channels // 16 * len(columns)
            weights = rng.normal(0, SPREAD, (count, 16, 4)).round().clip(-LARGEST, LARGEST).astype(numpy.int8)
            tensors[f"{name}.columns"] = numpy.tile(columns, channels // 16).astype(numpy.uint16)
            tensors[f"{name}.rows"] = (numpy.arange(channels // 16 + 1) * len(columns)).astype(numpy.uint32)
            products, spread = kernel * kernel * inputs, SPREAD
        tensors[f"{name}.weights"] = weights
        tensors[f"{name}.bias"] = rng.integers(-500, 500, channels).astype(numpy.int32)
        # Keeps activations in the middle of their range.
        tensors[f"{name}.scale"] = numpy.full(channels, 1 / (spread * products**0.5), numpy.float32)
        nodes.append({"op": op, "name": name, "input": source, "output": output, "kernel": kernel, "stride": 1,
                      "dilation": 1, "pad": kernel // 2, "lo": 0, "hi": 255})
        return output

    source = layer("first", "conv", 1, 16, "pixels")
    for index in range(length):
        source = layer(f"layer{index}", "depthwise" if kind == "depthwise" else "conv", kernel, channels, source)
    graph = {"name": "main", "inputs": [{"value": "pixels", "channels": 3, "unshuffle": 1}], "outputs": [source],
             "values": values, "nodes": nodes}
    compare_engines.write_network(path, {
        "format_version": 1, "name": "chain", "version": "1", "input_size": 64, "multiple": 1, "graphs": [graph],
    }, tensors)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--isa", default="")
    parser.add_argument("--least", action="store_true", help="compare shortest times instead of medians")
    parser.add_argument("--layers", nargs="+", default=["3x3", "1x1", "depthwise"])
    options = parser.parse_args()
    print(compare_engines.processor())
    print(f"GMAC/s, {options.threads} thread(s) {options.isa}")
    heading = False
    for kind, kernel, side, channels in LAYERS:
        if kind not in options.layers:
            continue
        short, long = (4, 44) if kind != "3x3" else (2, 8)
        times = {}
        with tempfile.TemporaryDirectory() as folder:
            for length in (short, long):
                path = pathlib.Path(folder) / f"{length}.safetensors"
                write_chain(path, kind, kernel, channels, length)
                results = compare_engines.measure(
                    path, side, options.threads, options.rounds, options.runs, options.isa, dense=False)
                for name, rows in results.items():
                    times.setdefault(name, []).append(statistics.median(r["least_ms" if options.least else "median_ms"] for r in rows))
        macs = side * side * kernel * kernel * channels * (1 if kind == "depthwise" else channels)
        rates = {name: macs * (long - short) / (after - before) / 1e6 for name, (before, after) in times.items()}
        if not heading:
            print(f"{'':26}" + "".join(f"{name:>18}" for name in rates) + f"{'ours / best peer':>18}")
            heading = True
        best = max(rate for name, rate in rates.items() if name != "ours")
        print(f"{kind} {side}x{side}x{channels}".ljust(26) + "".join(f"{rate:18.1f}" for rate in rates.values())
              + f"{rates['ours'] / best:18.2f}")


if __name__ == "__main__":
    main()
