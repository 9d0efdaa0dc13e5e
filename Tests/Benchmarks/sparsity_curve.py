"""Draw what pruning costs in quality and what it saves in time: two curves over the share of weights that are gone.

    swift build -c release --package-path Tests/Benchmarks --product network-benchmarks
    PYTHONPATH=Training python Tests/Benchmarks/sparsity_curve.py PICTURE.png --logs RUN/log.jsonl...

Times are of networks of the inpainting network's shape with random weights, ours and the fastest peer's on the same
file, in turns (`compare_engines.py`). Quality is the low-passed PSNR of the validation windows that runs of
`prune-inpainting` logged, one run for each share: right after the removal, and after training on (`--minutes 0`: none).
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import compare_engines

HERE = pathlib.Path(__file__).resolve().parent


def times(sparsities, threads, rounds, runs):
    """Return (ours, best peer) in milliseconds for each sparsity."""
    result = []
    with tempfile.TemporaryDirectory() as folder:
        for sparsity in sparsities:
            file = f"{folder}/{sparsity}.safetensors"
            subprocess.run([sys.executable, HERE / "random_network.py", file, "--sparsity", str(sparsity)],
                           check=True, stdout=subprocess.DEVNULL)
            size = compare_engines.read_network(file)[0]["input_size"]
            table = compare_engines.measure(file, size, threads, rounds, runs, dense=False)
            medians = {name: statistics.median(r["median_ms"] for r in rows) for name, rows in table.items()}
            ours = medians.pop("ours")
            result.append((ours, min(medians.values())))
            print(f"{sparsity:5.0%} pruned: ours {ours:.2f} ms, best peer {result[-1][1]:.2f} ms", flush=True)
    return result


def quality(log):
    """Return the share that is gone and low-passed PSNRs: after the removal, and after training on if that was done."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    lines = [a for a in lines if "low_psnr" in a and "sparsity" in a]
    first, last = lines[0], lines[-1]
    return 100 * first["sparsity"], first["low_psnr"], last["low_psnr"] if last["step"] > first["step"] else None


def draw(path, sparsities, measured, logs):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    for name, column in (("ours", 0), ("the fastest peer, zeros in place", 1)):
        left.plot([100 * s for s in sparsities], [row[column] for row in measured], marker="o", label=name)
    left.set(xlabel="% of the weights pruned", ylabel="ms a run", ylim=(0, None))
    points = sorted(quality(log) for log in logs)
    right.plot([p[0] for p in points], [p[1] for p in points], marker="o", label="right after the removal")
    trained = [p for p in points if p[2] is not None]
    right.plot([p[0] for p in trained], [p[2] for p in trained], marker="^", label="trained on")
    right.set(xlabel="% of the weights pruned", ylabel="low-passed PSNR, dB")
    for axis in (left, right):
        axis.grid(alpha=0.3)
        axis.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=pathlib.Path)
    parser.add_argument("--logs", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--sparsities", type=float, nargs="+", default=[0, 0.25, 0.5, 0.625, 0.75, 0.83, 0.9])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    measured = times(options.sparsities, options.threads, options.rounds, options.runs)
    draw(options.picture, options.sparsities, measured, options.logs)


if __name__ == "__main__":
    main()
