"""What a command says on screen, sentence by sentence."""

from __future__ import annotations

from rich.console import Console


def say(console: Console, sentence: str) -> None:
    """A sentence on screen as it stands: names of files are neither coloured, nor wrapped, nor taken for markup."""
    console.print(sentence, highlight=False, markup=False, soft_wrap=True)
