"""`python -m efface_training COMMAND`: every command of the trainings; `COMMAND --help` tells its options."""

from __future__ import annotations

import argparse

from . import export, fixtures, inpainting_commands, product_commands, segmentation_commands


class Command(argparse.ArgumentParser):
    """One command; its help shows every default."""

    def __init__(self, **options):
        super().__init__(formatter_class=argparse.ArgumentDefaultsHelpFormatter, **options)


def main() -> None:
    parser = argparse.ArgumentParser(prog="efface_training", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Command)
    for module in (inpainting_commands, product_commands, segmentation_commands, export, fixtures):
        module.add_commands(subparsers)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
