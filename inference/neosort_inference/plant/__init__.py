"""The line for the plant's control system: an OPC UA server in a process of its own."""
