"""LiteLLM: its functions, synchronous and asynchronous, for each of its providers that speak to us; and its proxy server."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

import litellm
from features import Client, chat_model, embed_model, run, tool_model, url
from questions import city, greeting, is_call, is_city, openai_tools, tool_questions

litellm.telemetry = False
asked = [{"role": "user", "content": greeting}]
schema = {"type": "json_schema", "json_schema": {"name": "city", "strict": True, "schema": city}}

providers = {
    "ollama": {"api_base": url},
    "ollama_chat": {"api_base": url},
    "openai": {"api_base": f"{url}/v1", "api_key": "none"},
    "anthropic": {"api_base": url, "api_key": "none"},
}
of = Client("litellm")


def declare(provider, place):
    def request(model=chat_model, **changed):
        return {"model": f"{provider}/{model}", "messages": asked, "max_tokens": 8, "num_retries": 0, **place, **changed}

    @of.feature(f"{provider}: completion")
    def completion():
        answer = litellm.completion(**request())
        assert answer.choices[0].message.content and answer.usage.completion_tokens > 0

    @of.feature(f"{provider}: streamed")
    def streamed():
        parts = list(litellm.completion(**request(stream=True)))
        assert "".join(part.choices[0].delta.content or "" for part in parts)

    @of.feature(f"{provider}: async")
    async def asynchronous():
        assert (await litellm.acompletion(**request())).choices[0].message.content

    @of.feature(f"{provider}: async, streamed")
    async def asynchronous_stream():
        parts = [part async for part in await litellm.acompletion(**request(stream=True))]
        assert "".join(part.choices[0].delta.content or "" for part in parts)

    @of.feature(f"{provider}: JSON schema")
    def json_schema():
        answer = litellm.completion(**request(model=tool_model, response_format=schema, max_tokens=120, temperature=0))
        is_city(answer.choices[0].message.content)


for provider, place in providers.items():
    declare(provider, place)


@of.feature("ollama_chat: tools")
def ollama_tools():
    for question in tool_questions:
        answer = litellm.completion(
            model=f"ollama_chat/{tool_model}",
            messages=[{"role": "user", "content": question}],
            tools=openai_tools,
            temperature=0,
            max_tokens=120,
            **providers["ollama_chat"],
        )
        calls = answer.choices[0].message.tool_calls
        if calls:
            return is_call(calls[0].function.name, calls[0].function.arguments)
    raise AssertionError("none of the questions made the model call a tool")


@of.feature("openai, anthropic: tools, required")
def tools_required():
    for provider in ("openai", "anthropic"):
        answer = litellm.completion(
            model=f"{provider}/{tool_model}",
            messages=asked,
            tools=openai_tools,
            tool_choice="required",
            max_tokens=120,
            **providers[provider],
        )
        call = answer.choices[0].message.tool_calls[0]
        is_call(call.function.name, call.function.arguments)


@of.feature("embedding")
def embedding():
    for provider in ("ollama", "openai"):
        found = litellm.embedding(model=f"{provider}/{embed_model}", input=["a", "b"], **providers[provider])
        assert len(found.data) == 2, provider
    found = litellm.embedding(model=f"openai/{embed_model}", input="a", dimensions=64, allowed_openai_params=["dimensions"], **providers["openai"])
    assert len(found.data[0]["embedding"]) == 64


@of.feature("embedding, async")
async def async_embedding():
    for provider in ("ollama", "openai"):
        found = await litellm.aembedding(model=f"{provider}/{embed_model}", input=["a", "b"], **providers[provider])
        assert len(found.data) == 2, provider


@of.feature("responses")
def responses():
    answer = litellm.responses(model=f"openai/{chat_model}", input=greeting, max_output_tokens=16, **providers["openai"])
    assert answer.output[0].content[0].text
    events = list(litellm.responses(model=f"openai/{chat_model}", input=greeting, max_output_tokens=16, stream=True, **providers["openai"]))
    assert str(events[-1].type).endswith(("completed", "COMPLETED", "incomplete", "INCOMPLETE")), events[-1].type


@of.feature("proxy server")
def proxy():
    """Its proxy in front of us, asked as OpenAI's API is: whole, streamed, models, embeddings."""
    names = {"a": f"ollama_chat/{chat_model}", "b": f"openai/{chat_model}", "c": f"ollama/{chat_model}"}
    models = [
        {"model_name": name, "litellm_params": {"model": model, **providers[model.split("/")[0]]}} for name, model in names.items()
    ]
    models.append({"model_name": "e", "litellm_params": {"model": f"ollama/{embed_model}", "api_base": url}})
    config = pathlib.Path("/tmp/litellm.json")
    config.write_text(json.dumps({"model_list": models}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(pathlib.Path(sys.executable).with_name("litellm")), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    log = open("/tmp/litellm.log", "w+")
    # Its newest versions start with a key of their own only.
    key = "sk-for-the-tests"
    env = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": key}
    server = subprocess.Popen(command, stdout=log, stderr=log, env=env)

    def ask(path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=None if body is None else json.dumps(body).encode())
        request.add_header("content-type", "application/json")
        request.add_header("authorization", f"Bearer {key}")
        return urllib.request.urlopen(request, timeout=120).read().decode()

    try:
        for _ in range(600):
            assert server.poll() is None, open("/tmp/litellm.log").read()[-500:]
            try:
                ask("/health/liveliness")
                break
            except OSError:
                time.sleep(0.2)
        assert sorted(one["id"] for one in json.loads(ask("/v1/models"))["data"]) == ["a", "b", "c", "e"]
        for name in names:
            body = {"model": name, "messages": asked, "max_tokens": 8}
            assert json.loads(ask("/v1/chat/completions", body))["choices"][0]["message"]["content"], name
            assert "[DONE]" in ask("/v1/chat/completions", {**body, "stream": True}), name
        assert len(json.loads(ask("/v1/embeddings", {"model": "e", "input": ["a", "b"]}))["data"]) == 2
    finally:
        server.terminate()
        server.wait()


run()
