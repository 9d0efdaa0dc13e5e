"""The commands that measure the whole program's fills, and many settings of the detail stage."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path


def add_commands(subparsers) -> None:
    text = "measure the built program's fills beside classical tools, or many settings beside each other"
    parser = subparsers.add_parser("evaluate-product", help=text, description=text)
    parser.add_argument("--data", type=Path, required=True, help="folder with photos/ and labelled/")
    parser.add_argument("--run", type=Path, required=True, dest="folder", help="folder for cases, fills and figures")
    parser.add_argument("--cache", type=Path, default=None, help="decoded photos (default: RUN/../cache)")
    parser.add_argument("--set", default="objects", choices=["objects", "large"], dest="kind")
    parser.add_argument("--photos", type=Path, help="folder of photos for the large set")
    parser.add_argument("--half", default="tuning", choices=["tuning", "reporting", "both"])
    parser.add_argument("--count", type=int, default=96, help="cases in both halves")
    parser.add_argument("--efface", type=Path, help="the built program")
    parser.add_argument("--fill-benchmarks", type=Path, help="the built benchmark, to try settings by --runs")
    parser.add_argument("--runs", type=Path, help="file of settings, one LABEL KEY=VALUE... a line")
    parser.add_argument("--network", type=Path, help="network file, to measure alone, enlarged")
    parser.add_argument("--no-peers", action="store_true", help="leave out the classical tools")
    parser.add_argument("--sheet", type=int, nargs="*", help="cases to draw side by side (none named: all)")
    parser.add_argument("--threads", type=int, default=1)
    parser.set_defaults(run=evaluate)


def evaluate(options) -> None:
    if (options.runs is None) != (options.fill_benchmarks is None):
        raise SystemExit("--runs and --fill-benchmarks need each other")

    import torch

    from . import product_evaluation as e

    torch.set_num_threads(options.threads)
    os.environ.setdefault("TORCH_HOME", str(Path.home() / ".cache/torch"))
    cases = e.product_set(
        options.kind, options.half, options.data, options.cache or options.folder.parent / "cache",
        options.count, options.photos,
    )  # fmt: skip
    place = options.folder / f"{options.kind}-{options.half}"
    e.write_cases(place / "cases", cases)
    print(f"{options.kind}, {options.half}: {len(cases)} pictures")
    scores, fills = e.Scores(cases), {}
    if not options.no_peers:
        e.fill_by_peers(e.peers(options.kind), cases, place / "cases", place / "peers")
        fills |= {name: place / "peers" / name for name in e.peers(options.kind)}
    if options.efface:
        e.fill_by_product(options.efface, cases, place / "cases", place / "product")
        fills["product"] = place / "product"
    if options.network:
        e.fill_by_network(options.network, cases, place / "network")
        fills["network alone"] = place / "network"
    for name, folder in fills.items():
        scores.add(name, folder)
    for line in options.runs.read_text().splitlines() if options.runs else ():
        if not line.strip() or line[0] == "#":
            continue
        (place / "run").write_text(line + "\n")
        command = [options.fill_benchmarks, place / "cases", place / "run", place / "runs", options.threads]
        taken = json.loads(subprocess.run([str(word) for word in command], check=True, capture_output=True).stdout)
        label = line.split()[0]
        scores.add(label, place / "runs" / label, f"  {taken['detail_ms']:.0f} ms")
        fills[label] = place / "runs" / label
    (place / "figures.json").write_text(json.dumps(scores.means(), indent=1))
    if options.sheet is not None:
        e.sheet(place / "sheet.png", fills, cases, scores.table, options.sheet or range(len(cases)))
        print(place / "sheet.png")
