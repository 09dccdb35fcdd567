"""
`python -m benchmarks [flows] [start] [huge]`: measures, and exits with 1 where a bound is missed.
"""

from __future__ import annotations

import click

from benchmarks.flows import flows, huge
from benchmarks.start import start

BENCHMARKS = {"flows": flows, "start": start, "huge": huge}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
def main(names: tuple[str, ...]) -> None:
    """Measure what the harness costs, all of it or the NAMES given."""
    met = True
    for name in names or BENCHMARKS:
        for figure in BENCHMARKS[name]():
            click.echo(str(figure))
            met = met and figure.met
    raise SystemExit(not met)


main()
