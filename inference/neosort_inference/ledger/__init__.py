"""The ledger: lots, and every decision, shot and fault that belongs to them, in a chain that shows what was changed."""
