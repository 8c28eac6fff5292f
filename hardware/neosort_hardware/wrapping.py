"""Counters of so many bits, which wrap around."""

WRAP = 1 << 32


def ahead(later: int, earlier: int, wrap: int = WRAP) -> int:
    """By how much one counter is ahead of another, negative where it is behind: the shorter way round."""
    return (later - earlier + wrap // 2) % wrap - wrap // 2
