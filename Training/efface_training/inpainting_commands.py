"""The commands of the inpainting network: train, prune, evaluate, quantize and export, draw curves."""

from __future__ import annotations

import argparse
import copy
import json
import os
import time
from pathlib import Path

import numpy as np
import torch


def add_commands(subparsers) -> None:
    def command(name: str, run, text: str):
        parser = subparsers.add_parser(name, help=text, description=text)
        parser.add_argument("--data", type=Path, required=True, help="folder with photos/ and labelled/")
        parser.add_argument("--run", type=Path, required=True, help="folder of the run: checkpoints and log", dest="folder")
        parser.add_argument("--cache", type=Path, default=None, help="decoded photos and holes (default: RUN/../cache)")
        parser.add_argument("--threads", type=int, default=0, help="CPU threads (0: PyTorch's choice)")
        parser.set_defaults(run=lambda options: _prepare(options) or run(options))
        return parser

    for name, run, text, rate in (
        ("train-inpainting", train, "train the dense network; continues a run that is there", (2e-3, 2e-4)),
        ("prune-inpainting", prune, "prune a trained network by the curvature of its loss, and train on", (2e-4, 2e-5)),
        ("quantize-inpainting", quantize, "calibrate, and train on with simulated bytes", (5e-5, 1e-6)),
    ):
        parser = command(name, run, text)
        parser.add_argument("--minutes", type=float, required=True, help="wall clock; the learning rate falls over it")
        parser.add_argument("--size", type=int, default=128, help="side of the training windows")
        parser.add_argument("--batch", type=int, default=24)
        parser.add_argument("--rate", type=float, nargs=2, default=rate, metavar=("FIRST", "LAST"))
        parser.add_argument("--perceptual-weight", type=float, default=0.5)
        parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
        parser.add_argument("--seed", type=int, default=0)
        if run is train:
            parser.add_argument("--start", type=Path, help="network file to go on from where there is no checkpoint yet")
            parser.add_argument("--whole", action="store_true", help="with --start: train what the file lacks, too")
            parser.add_argument("--widths", type=int, nargs=2, metavar=("FINE", "MIDDLE"), help="channels at 1/4 and 1/8 (96 128)")
            parser.add_argument("--dilations", type=int, nargs="+", metavar="D",
                                help="of the blocks at 1/8 (1 2 4 8 1 1); a file that --start names grows to this shape")  # fmt: skip
        if run is prune:
            parser.add_argument("--dense", type=Path, required=True,
                                help="checkpoint or network file: the teacher, and where to start without --start")  # fmt: skip
            parser.add_argument("--start", type=Path, help="checkpoint of a network that is pruned less")
            parser.add_argument("--sparsity", type=_share, default=0.6, help="share of the weights to remove, what is gone included")
            parser.add_argument("--arithmetic", type=_share, default=0.5,
                                help="how far multiplications count as what pruning saves; the rest is bytes")  # fmt: skip
            parser.add_argument("--windows", type=int, default=192, help="windows on which the loss's curvature is measured")
        if run is quantize:
            parser.add_argument("--pruned", type=Path, required=True, help="checkpoint to start from")
            parser.add_argument("--dense", type=Path, help="checkpoint of a teacher")
        if run in (prune, quantize):
            parser.add_argument("--teacher-share", type=_share, default=0.5,
                                help="how much of what is wanted the teacher says, where there is one")  # fmt: skip

    parser = command("export-inpainting", export, "write the product's network file")
    parser.add_argument("--checkpoint", type=Path, required=True,
                        help="quantized.pt of quantize-inpainting, or a float checkpoint, which is calibrated first")  # fmt: skip
    parser.add_argument("--version", required=True)
    parser.add_argument("--output", type=Path, default=Path("../Sources/CWeights/inpainting.safetensors"))

    text = "write measured figures into the product's network file"
    parser = subparsers.add_parser("describe-inpainting", help=text, description=text)
    parser.add_argument("network", type=Path)
    parser.add_argument("card", type=Path, help="card.json, which evaluate-inpainting wrote of this file")
    parser.set_defaults(run=describe)

    parser = command("evaluate-inpainting", evaluate, "measure checkpoints, network files and classical methods")
    parser.add_argument("--dense", type=Path, help="checkpoint of the dense network, or a file whose card has its figures")
    parser.add_argument("--pruned", type=Path, help="checkpoint of the pruned network")
    parser.add_argument("--network", type=Path, help="network file, run in exact integers")
    parser.add_argument("--count", type=int, default=64, help="pictures of each seed")
    parser.add_argument("--seeds", type=int, nargs="+", default=[20], help="of photos and holes: each another set")
    parser.add_argument("--size", type=int, default=192, help="the network's window")
    parser.add_argument("--no-peers", action="store_true", help="leave out the classical methods")
    parser.add_argument("--sets", nargs="+", default=["objects", "freeform"], choices=["objects", "freeform"])

    parser = command("curves-inpainting", curves, "draw the run's log as RUN/curves.png")


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share between 0 and 1")
    return value


def _prepare(options) -> None:
    if options.threads:
        torch.set_num_threads(options.threads)
    options.cache = options.cache or options.folder.parent / "cache"
    if hasattr(options, "seed"):
        torch.manual_seed(options.seed)


def _trainer(options, network=None):
    from .inpainting_training import Trainer

    return Trainer(options.data, options.folder, options.cache, options.device, network)


def train(options) -> None:
    from .inpainting_network import InpaintingNetwork
    from .inpainting_start import network_like

    checkpoint = options.folder / "checkpoint.pt"
    known = checkpoint if checkpoint.exists() else options.start
    shape = network_like(known).config if known else {}
    if not checkpoint.exists():
        shape |= {key: value for key in ("widths", "dilations") if (value := getattr(options, key))}
    network = InpaintingNetwork(**shape)
    trainer = _trainer(options, network)
    if checkpoint.exists():
        trainer.load(checkpoint)
    elif options.start:
        trainer.start(options.start, reviving=True)
        if options.whole:
            trainer.masks = {}
    trainer.train(
        options.size, options.batch, options.minutes * 60, tuple(options.rate),
        perceptual_weight=options.perceptual_weight, seed=options.seed,
    )  # fmt: skip
    trainer.save("final.pt")


def prune(options) -> None:
    from .inpainting_start import network_like
    from .pruning import choose_blocks, remove_blocks, sparsity_by_layer

    trainer = _trainer(options, network_like(options.dense))
    checkpoint = options.folder / "checkpoint.pt"
    first = checkpoint if checkpoint.exists() else options.start or options.dense
    if options.dense.suffix == ".safetensors":
        trainer.start(options.dense, reviving=False)
    else:
        trainer.load(options.dense, optimizers=False)
    teacher = copy.deepcopy(trainer.average) if options.teacher_share else None
    if first != options.dense:
        trainer.load(first, optimizers=first == checkpoint)
    if first != checkpoint:
        curvature = trainer.curvature(options.size, options.batch, options.windows)
        trainer.masks = choose_blocks(trainer.average, curvature, options.sparsity, options.arithmetic)
        remove_blocks(trainer.average, curvature, trainer.masks)
        trainer.network.load_state_dict(trainer.average.state_dict())
        trainer.log(sparsity_by_layer=sparsity_by_layer(trainer.masks), **trainer.validate(options.size))
        trainer.save()
    trainer.train(
        options.size, options.batch, options.minutes * 60, tuple(options.rate), teacher=teacher,
        teacher_share=options.teacher_share, perceptual_weight=options.perceptual_weight, seed=options.seed,
    )  # fmt: skip
    trainer.save("final.pt")


def quantize(options) -> None:
    from .inpainting_export import load_network, trained_parameters
    from .inpainting_quantization import QuantizedNetwork

    teacher = load_network(options.dense) if options.dense else None
    graph, quantization = _calibrated(options.pruned, options)
    network = QuantizedNetwork(graph, quantization)
    trainer = _trainer(options, network)
    teacher = teacher.to(trainer.device) if teacher else None
    trainer.masks = network.masks()
    trainer.log(**trainer.validate(options.size))
    trainer.train(
        options.size, options.batch, options.minutes * 60, tuple(options.rate), teacher=teacher,
        teacher_share=options.teacher_share, perceptual_weight=options.perceptual_weight, seed=options.seed,
    )  # fmt: skip
    graph, quantization = trainer.average.cpu().lowered()
    result = dict(graph=graph, quantization=quantization, trained=trained_parameters(options.pruned))
    torch.save(result, options.folder / "quantized.pt")


def _calibrated(checkpoint: Path, options):
    """A float checkpoint as a graph, and the ranges of its values on training windows."""
    from .holes import hole_pool, unpack_hole
    from .inpainting_export import INPUT_SIZE, calibration_batches, check_lowering, load_network, lower
    from .photos import PhotoStore
    from .quantization import calibrate

    network = load_network(checkpoint)
    graph = lower(network)
    store, rng = PhotoStore(options.data, "train", options.cache), np.random.RandomState(4)
    pool = hole_pool(options.cache / "holes-256.npy", options.data, 6000)
    windows = np.stack([store.window(rng, INPUT_SIZE) for _ in range(64)])
    holes = np.stack([unpack_hole(pool[rng.randint(len(pool))], INPUT_SIZE)[..., None] for _ in range(64)])
    batches = calibration_batches(windows, holes, 64)
    print(f"largest difference after lowering: {check_lowering(network, graph, batches[0][0]['image']):.2e}")
    return graph, calibrate([graph], batches)


def export(options) -> None:
    from .export import write_network
    from .inpainting_export import INPUT_SIZE, trained_parameters

    saved = torch.load(options.checkpoint, map_location="cpu", weights_only=False)
    if "graph" in saved:
        graph, quantization, trained = (saved[key] for key in ("graph", "quantization", "trained"))
    else:
        graph, quantization = _calibrated(options.checkpoint, options)
        trained = trained_parameters(options.checkpoint)
    size = write_network(
        options.output, [graph], quantization, name="inpainting", version=options.version, input_size=INPUT_SIZE,
        trained=trained,
    )  # fmt: skip
    print(f"{options.output}: {size} bytes")


def describe(options) -> None:
    from .export import rewrite

    rewrite(options.network, card=json.loads(options.card.read_text()))


def evaluate(options) -> None:
    os.environ.setdefault("TORCH_HOME", str(Path.home() / ".cache/torch"))
    from . import inpainting_evaluation as e
    from .inpainting_export import load_network
    from .runtime import NetworkFile

    methods: dict[str, e.Fill] = {}
    if not options.no_peers:
        methods |= {"pull-push": e.network_fill(e.smooth_fill, 256), "telea": e.telea, "patchmatch": e.patchmatch}
    known = NetworkFile.load(options.dense).document if options.dense and options.dense.suffix == ".safetensors" else None
    if options.dense and not known:
        methods["dense fp32"] = e.network_fill(e.float_runner(load_network(options.dense)), options.size)
    if options.pruned:
        methods["pruned fp32"] = e.network_fill(e.float_runner(load_network(options.pruned)), options.size)
    if options.network:
        file = NetworkFile.load(options.network)
        methods["shipped int8"] = e.network_fill(e.integer_runner(file), options.size)
        methods["the same in the product"] = e.product_fill(e.integer_runner(file), file.document["input_size"])
    results = {}
    options.folder.mkdir(parents=True, exist_ok=True)
    for kind in options.sets:
        cases = [c for seed in options.seeds for c in e.evaluation_set(kind, options.data, options.cache, options.count, seed)]
        print(f"{kind}: {len(cases)} pictures of {e.SIDE} x {e.SIDE}")
        results[kind], pictures = e.measure(methods, cases, whole=kind == "freeform")
        e.contact_sheet(options.folder / f"sheet-{kind}.png", cases, pictures)
    (options.folder / "evaluation.json").write_text(json.dumps(results, indent=1))
    table = results.get("objects", {})
    if known:
        table["dense fp32"] = known["card"]["quality"]["dense_fp32"]
    if "dense fp32" in table and "shipped int8" in table:
        card = dict(
            quality=dict(
                test_set=f"{options.count * len(options.seeds)} object-shaped holes, 512 x 512, validation photos; the network without the detail",
                dense_fp32=table["dense fp32"], shipped=table["shipped int8"],
                shipped_as_product_frames_it=table["the same in the product"],
                **({"pruned_fp32": table["pruned fp32"]} if "pruned fp32" in table else {}),
            ),
            measured=time.strftime("%Y-%m-%d"),
        )  # fmt: skip
        (options.folder / "card.json").write_text(json.dumps(card, indent=1))


def curves(options) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    lines = [json.loads(line) for line in (options.folder / "log.jsonl").read_text().splitlines()]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    for index, name in enumerate(("absolute", "low-passed rms", "coarse rms", "perceptual")):
        left.plot(*zip(*[(a["images"], a["loss"][index]) for a in lines if "loss" in a]), label=name)
    for name in ("psnr", "low_psnr"):
        right.plot(*zip(*[(a["images"], a[name]) for a in lines if name in a]), marker=".", label=name)
    left.set(xlabel="images seen", ylabel="loss", yscale="log")
    right.set(xlabel="images seen", ylabel="dB in the hole, validation windows")
    for axis in (left, right):
        axis.legend()
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(options.folder / "curves.png", dpi=110)
