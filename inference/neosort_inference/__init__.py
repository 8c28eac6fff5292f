"""The line-side runtime: belt windows in, shots out, with a ledger of what happened."""
