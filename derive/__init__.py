"""What is claimed, and why it holds: terms, rules, the kernel, the engine, reading and writing."""
