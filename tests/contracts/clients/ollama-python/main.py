"""Every feature of Ollama's own Python client."""
import base64
import json
import time

import ollama
from features import Client, chat_model, embed_model, raises, run, tool_model, url
from questions import city, greeting, is_call, is_city, openai_tools, pixel, tool_questions

client = ollama.Client(host=url)
of = Client("ollama (Python)", "ollama")
asked = [{"role": "user", "content": greeting}]
short = {"temperature": 0, "seed": 1, "num_predict": 8}
long = {"temperature": 0, "seed": 1, "num_predict": 120}


@of.feature("chat")
def chat():
    answer = client.chat(model=chat_model, messages=asked, options=short)
    assert answer.message.role == "assistant" and answer.message.content
    assert answer.done and answer.done_reason in ("length", "stop")
    assert 0 < answer.eval_count <= 8 and answer.prompt_eval_count > 5
    assert answer.total_duration >= answer.eval_duration > 0


@of.feature("chat streamed")
def chat_streamed():
    parts = list(client.chat(model=chat_model, messages=asked, options=short, stream=True))
    assert len(parts) > 3 and [part.done for part in parts[:-1]] == [False] * (len(parts) - 1)
    assert parts[-1].done and 0 < parts[-1].eval_count <= 8
    whole = client.chat(model=chat_model, messages=asked, options=short).message.content
    assert "".join(part.message.content for part in parts) == whole


@of.feature("chat async")
async def chat_async():
    own = ollama.AsyncClient(host=url)
    assert (await own.chat(model=chat_model, messages=asked, options=short)).message.content
    parts = [part async for part in await own.chat(model=chat_model, messages=asked, options=short, stream=True)]
    assert parts[-1].done


@of.feature("null options")
def null_options():
    options = {**short, "mirostat": None, "top_p": None, "stop": None, "num_ctx": None, "tfs_z": None}
    body = {"model": chat_model, "messages": asked, "stream": False, "options": options}
    answer = client._client.post("/api/chat", json={**body, "format": None, "keep_alive": None, "tools": None})
    assert answer.status_code == 200, answer.text


@of.feature("JSON mode")
def json_mode():
    messages = [{"role": "user", "content": "Name a city as JSON: {\"city\": name}."}]
    answer = client.chat(model=tool_model, messages=messages, format="json", options=long)
    assert isinstance(json.loads(answer.message.content), (dict, list)), answer.message.content


@of.feature("JSON schema")
def json_schema():
    is_city(client.chat(model=chat_model, messages=asked, format=city, options=long).message.content)
    is_city(client.generate(model=chat_model, prompt=greeting, format=city, options=long).response)


@of.feature("JSON schema streamed")
def json_schema_streamed():
    parts = client.chat(model=chat_model, messages=asked, format=city, options=long, stream=True)
    is_city("".join(part.message.content for part in parts))


def first_call(**options):
    for question in tool_questions:
        messages = [{"role": "user", "content": question}]
        got = client.chat(model=tool_model, messages=messages, tools=openai_tools, options=long, **options)
        calls = [c for part in ([got] if not options else got) for c in part.message.tool_calls or []]
        if calls:
            return messages, calls
    raise AssertionError("none of the questions made the model call a tool")


@of.feature("tools")
def tools():
    messages, calls = first_call()
    is_call(calls[0].function.name, calls[0].function.arguments)
    messages += [
        {"role": "assistant", "content": "", "tool_calls": [call.model_dump() for call in calls]},
        {"role": "tool", "content": "11 degrees and sunny", "tool_name": calls[0].function.name},
    ]
    answer = client.chat(model=tool_model, messages=messages, tools=openai_tools, options=short)
    assert answer.done


@of.feature("tools streamed")
def tools_streamed():
    _, calls = first_call(stream=True)
    is_call(calls[0].function.name, calls[0].function.arguments)


@of.feature("a Python function as tool")
def function_as_tool():
    def get_weather(city: str) -> str:
        """The current weather of a city.

        Args:
          city: The name of the city
        """

    for question in tool_questions:
        messages = [{"role": "user", "content": question}]
        calls = client.chat(model=tool_model, messages=messages, tools=[get_weather], options=long).message.tool_calls
        if calls:
            return is_call(calls[0].function.name, calls[0].function.arguments)
    raise AssertionError("none of the questions made the model call a tool")


@of.feature("parallel tool results")
def parallel_results():
    call = lambda city: {"function": {"name": "get_weather", "arguments": {"city": city}}}
    messages = [
        {"role": "user", "content": "What is the weather in Paris and in Rome?"},
        {"role": "assistant", "tool_calls": [call("Paris"), call("Rome")]},
        {"role": "tool", "content": "rain", "tool_name": "get_weather"},
        {"role": "tool", "content": "sun", "tool_name": "get_weather"},
    ]
    answer = client.chat(model=tool_model, messages=messages, tools=openai_tools, options=short)
    assert answer.done and answer.prompt_eval_count > 100


@of.feature("tools refused by a model without them")
def tools_refused():
    error = raises(
        ollama.ResponseError,
        lambda: client.chat(model=chat_model, messages=asked, tools=openai_tools, options=short),
        status_code=400,
    )
    assert "does not support tools" in error.error, error.error


@of.feature("thinking refused by a model without it")
def thinking_refused():
    error = raises(
        ollama.ResponseError,
        lambda: client.chat(model=chat_model, messages=asked, think=True, options=short),
        status_code=400,
    )
    assert "does not support thinking" in error.error, error.error
    assert client.chat(model=chat_model, messages=asked, think=False, options=short).done


@of.feature("an image refused by a text model")
def image_refused():
    messages = [{"role": "user", "content": "What is this?", "images": [base64.b64decode(pixel)]}]
    raises(ollama.ResponseError, lambda: client.chat(model=chat_model, messages=messages), status_code=400)


@of.feature("generate")
def generate():
    answer = client.generate(model=chat_model, prompt=greeting, system="Answer in one word.", options=short)
    assert answer.response and answer.done and 0 < answer.eval_count <= 8
    parts = list(client.generate(model=chat_model, prompt=greeting, system="Answer in one word.", options=short, stream=True))
    assert "".join(part.response for part in parts) == answer.response


@of.feature("generate raw")
def generate_raw():
    options = {**short, "stop": ["6"], "num_predict": 24}
    answer = client.generate(model=chat_model, prompt="1, 2, 3, 4,", raw=True, options=options).response
    assert "6" not in answer, answer


@of.feature("generate with context")
def generate_context():
    first = client.generate(model=chat_model, prompt="My name is Ada.", options=short)
    assert first.context and all(isinstance(token, int) for token in first.context), first.context
    second = client.generate(model=chat_model, prompt="What is my name?", context=first.context, options=short)
    alone = client.generate(model=chat_model, prompt="What is my name?", options=short)
    assert second.prompt_eval_count > alone.prompt_eval_count
    assert len(second.context) > len(first.context)


@of.feature("generate with suffix")
def generate_suffix():
    prompt = "def add(a, b):\n    return "
    answer = client.generate(model=tool_model, prompt=prompt, suffix="\n\nprint(add(1, 2))\n", options=short)
    assert answer.done and 0 < answer.eval_count <= 8


@of.feature("suffix refused by a model without it")
def suffix_refused():
    call = lambda: client.generate(model=chat_model, prompt="a", suffix="b", options=short)
    assert "insert" in raises(ollama.ResponseError, call, status_code=400).error


@of.feature("logprobs")
def logprobs():
    alone = client.generate(model=chat_model, prompt=greeting, logprobs=True, options=short)
    assert len(alone.logprobs) == alone.eval_count and all(one.logprob <= 0 for one in alone.logprobs)
    answer = client.chat(model=chat_model, messages=asked, logprobs=True, top_logprobs=3, options=short)
    assert all(len(one.top_logprobs) == 3 for one in answer.logprobs)
    assert "".join(one.token for one in answer.logprobs).startswith(answer.message.content)


@of.feature("64-bit seed")
def big_seed():
    options = {"temperature": 1, "seed": 2**63 - 1, "num_predict": 8}
    one, two = (client.generate(model=chat_model, prompt=greeting, options=options).response for _ in range(2))
    assert one == two


@of.feature("keep_alive, ps")
def keep_alive():
    client.generate(model=chat_model, prompt="", keep_alive="5m")
    running = {model.model: model for model in client.ps().models}
    assert chat_model in running and running[chat_model].size > 0 and running[chat_model].context_length > 0
    assert client.generate(model=chat_model, prompt="", keep_alive=0).done_reason == "unload"
    # It is told to go; that it has gone is seen a little later.
    for _ in range(100):
        if chat_model not in [model.model for model in client.ps().models]:
            return
        time.sleep(0.1)
    raise AssertionError("it is still running 10 s later")


@of.feature("a longer prompt than the context")
def long_prompt():
    messages = [{"role": "user", "content": "word " * 400}, {"role": "assistant", "content": "ok"}] * 4
    options = {**short, "num_ctx": 1024}
    answer = client.chat(model=chat_model, messages=[*messages, *asked], options=options)
    assert answer.done and answer.prompt_eval_count <= 1024, answer.prompt_eval_count


@of.feature("embed")
def embed():
    answer = client.embed(model=embed_model, input=["a cat", "a kitten", "the stock market"])
    cat, kitten, market = answer.embeddings
    dot = lambda a, b: sum(x * y for x, y in zip(a, b))
    assert abs(dot(cat, cat) - 1) < 1e-3 and len(cat) == len(market)
    assert answer.prompt_eval_count > 5
    # An engine may add up in another order for one text than for three.
    assert dot(client.embed(model=embed_model, input="a cat").embeddings[0], cat) > 0.98
    assert len(client.embeddings(model=embed_model, prompt="a cat").embedding) == len(cat)


@of.feature("embed with dimensions")
def embed_dimensions():
    found = client.embed(model=embed_model, input="a cat", dimensions=64).embeddings[0]
    assert len(found) == 64 and abs(sum(x * x for x in found) - 1) < 1e-3


@of.feature("embed truncated")
def embed_truncated():
    text = "word " * 20_000
    assert client.embed(model=embed_model, input=text).embeddings[0]
    raises(ollama.ResponseError, lambda: client.embed(model=embed_model, input=text, truncate=False), status_code=400)


@of.feature("list, show")
def list_show():
    listed = {model.model: model for model in client.list().models}
    assert listed[chat_model].size > 10_000_000 and len(listed[chat_model].digest) == 64
    shown = client.show(chat_model)
    assert shown.template and shown.modelinfo["general.architecture"] == "llama"
    assert "completion" in shown.capabilities and "tools" not in shown.capabilities, shown.capabilities
    assert "tools" in client.show(tool_model).capabilities


@of.feature("create, copy, delete")
def create():
    messages = [{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "A pirate."}]
    made = client.create(
        model="clients-pirate",
        from_=chat_model,
        system="Talk like a pirate. " * 10,
        parameters={"temperature": 0.1, "stop": ["X", "Y"]},
        messages=messages,
    )
    assert made.status == "success"
    try:
        shown = client.show("clients-pirate")
        assert "temperature" in shown.parameters and "Talk like a pirate." in shown.modelfile
        plain = client.chat(model=chat_model, messages=asked, options=short).prompt_eval_count
        pirate = client.chat(model="clients-pirate", messages=asked, options=short).prompt_eval_count
        assert pirate > plain + 20, f"{pirate} tokens with the persona, {plain} without"
        assert client.copy("clients-pirate", "clients-pirate2").status == "success"
        assert "clients-pirate2:latest" in [model.model for model in client.list().models]
        assert client.delete("clients-pirate2").status == "success"
    finally:
        client.delete("clients-pirate")
    assert raises(ollama.ResponseError, lambda: client.show("clients-pirate")).status_code == 404


@of.feature("an unknown model")
def unknown():
    error = raises(ollama.ResponseError, lambda: client.chat(model="no-such-model", messages=asked), status_code=404)
    assert "not found" in error.error, error.error


@of.feature("abort")
def abort():
    stream = client.chat(model=chat_model, messages=asked, options={"num_predict": 2000}, stream=True)
    next(stream)
    stream.close()
    assert client.chat(model=chat_model, messages=asked, options=short).done


run()
