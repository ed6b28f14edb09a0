"""How a Python client says which of its features work: a line of JSON each, after a line that says which will be tried."""
import asyncio
import importlib.metadata
import inspect
import json
import os
import signal
import sys
import traceback

url = os.environ.get("NANITE_URL", "http://127.0.0.1:11434")
chat_model = os.environ.get("NANITE_CHAT_MODEL", "smollm2:135m")
tool_model = os.environ.get("NANITE_TOOL_MODEL", "qwen2.5-coder:0.5b")
# For programs whose own prompt has thousands of tokens.
agent_model = os.environ.get("NANITE_AGENT_MODEL", tool_model)
embed_model = os.environ.get("NANITE_EMBED_MODEL", "bge-small-en-v1.5")
# How long one feature may take: far beyond what a slow machine needs, so that only a hang meets it.
seconds_per_feature = int(os.environ.get("NANITE_FEATURE_SECONDS", "180"))

_clients = []


class Client:
    """A client at the version installed here. `distribution` is its name on PyPI."""

    def __init__(self, name, distribution=None):
        self.name = name
        self.version = importlib.metadata.version(distribution or name)
        self.features = []
        _clients.append(self)

    def feature(self, name):
        """Mark a function as the test of a feature: it works if the function returns (or its coroutine does)."""

        def mark(function):
            self.features.append((name, function))
            return function

        return mark


def _say(**line):
    print(json.dumps(line), flush=True)


def _run(function):
    def late(*_):
        raise TimeoutError(f"no end after {seconds_per_feature} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds_per_feature)
    try:
        detail = asyncio.run(function()) if inspect.iscoroutinefunction(function) else function()
        return True, "" if detail is None else str(detail)
    except AssertionError as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return False, f"line {place.lineno}: {place.line}: {error}"
    except BaseException as error:  # whatever a client throws is an answer
        return False, f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)


def run():
    """Try the features of all clients of this program; arguments name some of them."""
    wanted = sys.argv[1:]
    chosen = [(one, [f for f in one.features if not wanted or f[0] in wanted]) for one in _clients]
    for client, features in chosen:
        _say(client=client.name, version=client.version, plan=[name for name, _ in features])
    for client, features in chosen:
        for name, function in features:
            ok, detail = _run(function)
            _say(client=client.name, version=client.version, feature=name, ok=ok, detail=detail[:800])


def raises(kind, call, **attributes):
    """The error of this kind that the call must end with, having these attributes."""
    try:
        result = call()
    except kind as error:
        for name, value in attributes.items():
            assert getattr(error, name) == value, f"{name} is {getattr(error, name)!r}, not {value!r}: {error}"
        return error
    raise AssertionError(f"no {kind.__name__}, but {result!r}")
