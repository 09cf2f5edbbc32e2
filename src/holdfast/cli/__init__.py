"""The command line.

`main` parses and dispatches, `commands/` holds one file per command, and the rest is how they
talk: console, progress, prompts, failures. Nothing heavy is imported before a command runs, so
that `--help` answers at once.
"""
