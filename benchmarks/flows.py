"""
What a flow costs: a chat of 40 chunks with 100 ms before the first, then the list, the texts compared.
"""

from __future__ import annotations

from benchmarks.figures import Figure, lean_server, measured, typical

__all__ = ["flows", "huge"]

FLOWS = 100
MANY = 512  # four rounds of 128 in flight
CHUNK = 2**16
MEGABYTE = 2**20


def flows() -> list[Figure]:
    """
    100 flows against the same work by hand, and what one costs where many are in flight.
    """
    with lean_server() as url:
        pairs = [(measured("harness", url, FLOWS, 32), measured("bare", url, FLOWS, 32)) for _ in range(3)]
        many = typical("harness", url, MANY, 128)
    ours, bare = min((pair[0] for pair in pairs), key=_wall), min((pair[1] for pair in pairs), key=_wall)
    wall = f"{ours['wall']:.2f} s, by hand {bare['wall']:.2f} s"
    cpu = f"CPU {ours['cpu']:.2f} s, by hand {bare['cpu']:.2f} s"
    return [
        Figure(
            f"flows: wall of {FLOWS} flows, 32 in flight", ours["wall"] / bare["wall"], "x bare", 1.3, f"{wall}; {cpu}"
        ),
        Figure("flows: peak memory of the harness", max(pair[0]["peak"] for pair in pairs), "MB", 80),
        Figure(f"flows: CPU of one of {MANY} flows, 128 in flight", many["cpu"] / MANY * 1000, "ms", 4),
    ]


def huge() -> list[Figure]:
    """
    How much more memory an answer of 200 MB takes than one of 1 MB.
    """
    small, large = _huge(1), _huge(200)
    note = f"{large['peak']:.0f} MB, {small['peak']:.0f} MB for 1 MB; {large['wall']:.1f} s"
    more = large["peak"] - small["peak"]
    return [Figure("huge: memory of 200 MB streamed, beyond 1 MB", more, "MB", 20, note)]


def _huge(megabytes: int) -> dict[str, float]:
    length = megabytes * MEGABYTE
    with lean_server("--first=0", "--every=0", f"--size={CHUNK}", f"--chunks={length // CHUNK}") as url:
        return measured("harness", url, 1, 1, length)


def _wall(costs: dict[str, float]) -> float:
    return costs["wall"]
