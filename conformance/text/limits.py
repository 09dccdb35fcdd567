"""
Lengths at which known systems cut a text, in the three units in which they count.
"""

from typing import Final

# Columns (VARCHAR(255), MySQL TEXT), buffers (powers of two), and round numbers that people choose.
LIMITS: Final = {
    *(100, 200, 250, 255, 256, 500, 512, 1000, 1023, 1024, 2000, 2047, 2048, 4000, 4095, 4096, 5000, 8000, 8191, 8192),
    *(10_000, 16_000, 16_383, 16_384, 20_000, 32_000, 32_767, 32_768, 50_000, 65_535, 65_536, 100_000, 131_072),
    *(262_144, 500_000, 524_288, 1_000_000, 2**20 - 1, 2**20, 2**21, 2**22, 2**23, 10_000_000, 2**24 - 1, 2**24),
}

_REASONS: Final = {
    255: "VARCHAR(255)",
    65_535: "MySQL TEXT",
    65_536: "64 KiB",
    2**20: "1 MiB",
    2**24 - 1: "MySQL MEDIUMTEXT, MongoDB's 16 MiB",
    2**24: "16 MiB",
}


def known_limit(text: str) -> str | None:
    """
    The limit that a text is exactly as long as, in words: `4096 UTF-16 units`.
    """
    for size, unit in _sizes(text):
        if size in LIMITS:
            return named(size, unit)
    return None


def named(size: int, unit: str) -> str:
    reason = _REASONS.get(size)
    return f"{size} {unit}, {reason}" if reason else f"{size} {unit}"


def _sizes(text: str) -> tuple[tuple[int, str], ...]:
    return (
        (len(text), "code points"),
        (len(text.encode(errors="surrogatepass")), "bytes of UTF-8"),
        (len(text.encode("utf-16-le", "surrogatepass")) // 2, "UTF-16 units"),
    )
