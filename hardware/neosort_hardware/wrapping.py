"""Counters of 32 bits, which wrap around."""

WRAP = 1 << 32


def ahead(later: int, earlier: int) -> int:
    """By how much one counter is ahead of another, negative where it is behind: the shorter way round."""
    return (later - earlier + WRAP // 2) % WRAP - WRAP // 2
