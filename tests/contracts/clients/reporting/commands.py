"""Clients that are commands: run one as a person would in a terminal."""
import os
import subprocess


def command(*argv, input="", env=None, cwd=None, seconds=600, code=0):
    """What the command prints; it must end with this exit code."""
    ended = subprocess.run(
        argv, input=input, env={**os.environ, **(env or {})}, cwd=cwd, timeout=seconds, capture_output=True, text=True
    )
    said = f"{ended.stdout}\n{ended.stderr}"
    assert ended.returncode == code, f"{argv[0]} ended with {ended.returncode}: {said[-700:]}"
    return ended.stdout
