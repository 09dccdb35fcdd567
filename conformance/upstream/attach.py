"""
The witness for a run: ours, or the one that already listens at the address.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from conformance.errors import LaunchError, UsageError
from conformance.upstream.server import Upstream
from conformance.upstream.witness import Witness

if TYPE_CHECKING:
    from conformance.upstream.remote import RemoteWitness

__all__ = ["attached"]


@asynccontextmanager
async def attached(address: str) -> AsyncIterator[Witness | RemoteWitness]:
    """
    Listen at `HOST:PORT`, or, where `threadgauge upstream` or another worker of this run does, use that one.

    Raises UsageError for what is no address, LaunchError where something else listens there.
    """
    host, port = _split(address)
    upstream = Upstream()
    try:
        await upstream.start(host, port)
    except OSError as taken:
        async with _remote(host, port, taken) as witness:
            yield witness
    else:
        async with upstream:
            yield upstream.witness


@asynccontextmanager
async def _remote(host: str, port: int, taken: OSError) -> AsyncIterator[RemoteWitness]:
    # httpx takes 100 ms to import, and most runs need none of it here.
    from conformance.upstream.remote import RemoteWitness

    witness = RemoteWitness(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
    try:
        await _known(witness, taken)
        yield witness
    finally:
        await witness.close()


async def _known(witness: RemoteWitness, taken: OSError) -> None:
    with suppress(LaunchError, ValueError):
        await witness.state()
        return
    raise LaunchError(
        f"cannot listen on {witness.url} ({taken.strerror or taken}), and no upstream witness listens there: "
        "choose another address."
    )


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.removeprefix("http://").rstrip("/").rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise UsageError(f"`{address}` is not an address for the upstream witness: write HOST:PORT.")
    return host.strip("[]") or "127.0.0.1", int(port)
