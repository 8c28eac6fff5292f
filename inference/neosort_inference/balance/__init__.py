"""Mass balance of a lot: how much NdFeB went where, how sure that is, and which rare earths it holds."""
