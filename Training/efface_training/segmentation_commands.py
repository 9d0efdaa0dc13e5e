"""Commands of the segmentation network: cache, train, evaluate, export."""

from __future__ import annotations

import json
from pathlib import Path

import torch


def _train(options) -> None:
    from .segmentation_training import train

    train(options.data, options.teacher, options.runs, options.minutes, batch=options.batch, rate=options.rate,
          sparsity=tuple(options.sparsity), anew=options.prune_anew, start=options.start, salient=options.salient,
          threads=options.threads, device=options.device, workers=options.workers, side=options.crop)  # fmt: skip


def _discover(options) -> None:
    from .segmentation_discovery import add_found_things
    from .segmentation_export import load_average

    torch.set_num_threads(options.threads)
    network, _ = load_average(options.checkpoint or options.runs / "checkpoint.pt")
    network = network.to(options.device, memory_format=torch.channels_last)
    add_found_things(options.runs / "cache", network, options.device, 60 * options.minutes)


def _model(path: Path, exact: bool):
    from .segmentation_evaluation import FileModel, FloatModel
    from .segmentation_export import load_average

    return FileModel(path, exact) if path.suffix == ".safetensors" else FloatModel(load_average(path)[0])


def _evaluate(options) -> None:
    import cv2

    from .segmentation_evaluation import evaluate

    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    result = evaluate(_model(options.network, options.exact), options.data, limit=options.every, peer=options.peer)
    print(json.dumps(result, indent=1))
    if options.output:
        options.output.write_text(json.dumps(result, indent=1))


def _describe(options) -> None:
    from .export import rewrite
    from .segmentation_data import CLASSES
    from .segmentation_export import unlisted

    quality = {"test_set": "validation split: classes by pixels; clicks and boxes on COCO and DAVIS objects",
               "shipped": json.loads(options.quality.read_text())}  # fmt: skip
    if options.fp32:
        quality["fp32"] = json.loads(options.fp32.read_text())
    hidden = unlisted(quality)
    quality["names"] = [name for name in CLASSES[1:] if name not in hidden]
    rewrite(options.network, {"unlisted": hidden}, {"quality": quality})
    print("not offered as names: " + ", ".join(hidden))


def _tune(options) -> None:
    import cv2

    from .export import rewrite
    from .segmentation_tuning import tune

    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    thresholds = tune(options.network, options.data)
    print(json.dumps(thresholds.parameters()))
    rewrite(options.network, {"thresholds": thresholds.parameters()})


def _export(options) -> None:
    from .segmentation_calibration import calibration_set
    from .segmentation_export import export
    from .segmentation_pruning import remove_cheapest

    torch.set_num_threads(1)
    pictures, prompts = calibration_set(options.runs / "cache", options.pictures)
    card = {"quality": json.loads(options.quality.read_text())} if options.quality else {}
    remove = None
    if options.spare:
        torch.set_num_threads(options.threads)
        shown = calibration_set(options.runs / "cache", 480, seed=9)
        remove = lambda graphs: remove_cheapest(graphs, *shown, options.spare)  # noqa: E731
    size = export(options.checkpoint or options.runs / "checkpoint.pt", options.output, pictures, prompts, card,
                  options.version, remove=remove)  # fmt: skip
    print(f"{options.output}: {size} bytes")


def add_commands(subparsers) -> None:
    parser = subparsers.add_parser("train-segmentation", help="train the segmentation network; resumes by itself")
    parser.add_argument("--data", type=Path, required=True, help="folder with photos/, labelled/ and cutouts/")
    parser.add_argument("--teacher", type=Path, required=True, help="the DeepLabV3 TensorFlow Lite file for pseudo labels")
    parser.add_argument("--runs", type=Path, required=True, help="folder for the cache, checkpoints and the log")
    parser.add_argument("--minutes", type=float, default=66, help="length of the whole run")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--crop", type=int, default=256, help="side of the crops, a multiple of 32; a run may go on with others")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--sparsity", type=float, nargs=2, default=(0.1, 0.35), metavar=("ENCODER", "DECODERS"),
                        help="shares of the prunable 16x4 blocks to empty")  # fmt: skip
    parser.add_argument("--start", type=Path, help="network file to go on from where there is no checkpoint yet; what it "
                        "pruned stays pruned")  # fmt: skip
    parser.add_argument("--prune-anew", action="store_true", help="train all weights again, and prune to --sparsity")
    parser.add_argument("--salient", type=Path, help="the ONNX file of U2-Netp: outlines of things without a class")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw crops")
    parser.set_defaults(run=_train)

    parser = subparsers.add_parser("discover-things", help="outline more things to click on in the cache's unlabelled photos: those "
                                   "that a checkpoint finds again from elsewhere")  # fmt: skip
    parser.add_argument("--runs", type=Path, required=True, help="folder with the cache, from train-segmentation")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="when to stop; another run goes on")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.set_defaults(run=_discover)

    parser = subparsers.add_parser("evaluate-segmentation", help="figures of a checkpoint (.pt) or a shipped file (.safetensors)")
    parser.add_argument("network", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peer", type=Path, help="also measure this DeepLabV3 TensorFlow Lite file")
    parser.add_argument("--every", type=int, help="only every Nth validation photo")
    parser.add_argument("--exact", action="store_true", help="compute a shipped file in exact integers, several times as slow")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path)
    parser.set_defaults(run=_evaluate)

    parser = subparsers.add_parser("tune-segmentation", help="choose a shipped file's thresholds anew, and write them into it")
    parser.add_argument("network", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.set_defaults(run=_tune)

    parser = subparsers.add_parser("describe-segmentation", help="write measured figures into a shipped file, and which "
                                   "classes they allow to be offered as names")  # fmt: skip
    parser.add_argument("network", type=Path)
    parser.add_argument("quality", type=Path, help="what evaluate-segmentation --output wrote of this file")
    parser.add_argument("--fp32", type=Path, help="the same of the checkpoint that it was made from")
    parser.set_defaults(run=_describe)

    parser = subparsers.add_parser("export-segmentation", help="quantize a checkpoint and write the product's network file")
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--pictures", type=int, default=64, help="calibration pictures")
    parser.add_argument("--spare", type=int, default=0, metavar="BYTES", help="make the file so much smaller by taking out the "
                        "blocks that are missed least, without training")  # fmt: skip
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quality", type=Path, help="JSON of measured figures for the file's card")
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--output", type=Path, default=Path("../Sources/CWeights/segmentation.safetensors"))
    parser.set_defaults(run=_export)
