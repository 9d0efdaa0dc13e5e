"""`python -m efface_training COMMAND`: every command of the trainings; `COMMAND --help` tells its options."""

from __future__ import annotations

import argparse
import importlib

# Modules that add commands; each has `add_commands(subparsers)`.
COMMAND_MODULES = ("inpainting_commands", "segmentation_commands", "fixtures")


def main() -> None:
    parser = argparse.ArgumentParser(prog="efface_training", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMAND_MODULES:
        try:
            module = importlib.import_module(f"{__package__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__package__}.{name}":
                raise
            continue
        module.add_commands(subparsers)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
