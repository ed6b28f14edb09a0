"""Every feature of OpenAI's Python client that a local server can serve."""
import json
import struct
import base64

import openai
from features import Client, chat_model, embed_model, raises, run, tool_model, url
from pydantic import BaseModel
from questions import city, greeting, is_call, is_city, openai_tools, pixel

client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
of = Client("openai (Python)", "openai")
asked = [{"role": "user", "content": greeting}]
weather_asked = [{"role": "user", "content": "What is the weather in Paris?"}]
schema_format = {"type": "json_schema", "json_schema": {"name": "city", "strict": True, "schema": city}}
responses_tools = [{"type": "function", **tool["function"], "strict": True} for tool in openai_tools]
sure = {"temperature": 0, "seed": 1}


class City(BaseModel):
    city: str
    big: bool


def chat_create(**changed):
    return client.chat.completions.create(
        **{"model": chat_model, "messages": asked, "max_tokens": 8, **sure, **changed}
    )


def respond(**changed):
    return client.responses.create(
        **{"model": chat_model, "input": greeting, "max_output_tokens": 16, "temperature": 0, **changed}
    )


@of.feature("chat")
def chat():
    answer = chat_create()
    assert answer.object == "chat.completion" and answer.model and answer.id
    assert answer.choices[0].message.content and answer.choices[0].finish_reason in ("length", "stop")
    assert 0 < answer.usage.completion_tokens <= 8
    assert answer.usage.total_tokens == answer.usage.completion_tokens + answer.usage.prompt_tokens


@of.feature("chat streamed")
def chat_streamed():
    parts = list(chat_create(stream=True, stream_options={"include_usage": True}))
    assert parts[-1].choices == [] and parts[-1].usage.completion_tokens <= 8
    whole = chat_create().choices[0].message.content
    assert "".join(part.choices[0].delta.content or "" for part in parts[:-1]) == whole
    assert parts[-2].choices[0].finish_reason in ("length", "stop")


@of.feature("chat stream helper")
def chat_helper():
    with client.chat.completions.stream(model=chat_model, messages=asked, max_tokens=8, **sure) as stream:
        kinds = {event.type for event in stream}
        assert {"content.delta", "content.done"} <= kinds, kinds
        assert stream.get_final_completion().choices[0].message.content


@of.feature("chat async")
async def chat_async():
    own = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    answer = await own.chat.completions.create(model=chat_model, messages=asked, max_tokens=8)
    assert answer.choices[0].message.content


@of.feature("two choices")
def choices():
    answer = chat_create(n=2)
    assert sorted(choice.index for choice in answer.choices) == [0, 1]


@of.feature("logprobs")
def logprobs():
    answer = chat_create(logprobs=True, top_logprobs=3)
    found = answer.choices[0].logprobs.content
    assert len(found) == answer.usage.completion_tokens or len(found) == answer.usage.completion_tokens - 1
    assert all(len(one.top_logprobs) == 3 and one.logprob <= 0 for one in found)


@of.feature("stop")
def stop():
    answer = client.completions.create(model=chat_model, prompt="1, 2, 3, 4,", stop=["6"], max_tokens=24, **sure)
    assert "6" not in answer.choices[0].text and answer.choices[0].finish_reason == "stop"


@of.feature("developer role, parts of content")
def developer():
    messages = [
        {"role": "developer", "content": "Answer in one word."},
        {"role": "user", "content": [{"type": "text", "text": greeting}]},
    ]
    assert chat_create(messages=messages).choices[0].message.content


@of.feature("JSON schema")
def json_schema():
    answer = chat_create(response_format=schema_format, max_tokens=120)
    is_city(answer.choices[0].message.content)


@of.feature("JSON schema parsed")
def parsed():
    answer = client.chat.completions.parse(
        model=tool_model, messages=asked, response_format=City, max_tokens=200, **sure
    )
    assert isinstance(answer.choices[0].message.parsed, City)


@of.feature("JSON mode")
def json_mode():
    messages = [{"role": "user", "content": 'Name a city as JSON: {"city": name}.'}]
    answer = chat_create(model=tool_model, messages=messages, response_format={"type": "json_object"}, max_tokens=120)
    assert isinstance(json.loads(answer.choices[0].message.content), (dict, list))


def called(answer):
    choice = answer.choices[0]
    call = choice.message.tool_calls[0]
    assert choice.finish_reason == "tool_calls", choice.finish_reason
    assert call.type == "function" and call.id
    is_call(call.function.name, call.function.arguments)
    return call


@of.feature("tool_choice required")
def required():
    called(chat_create(model=tool_model, messages=weather_asked, tools=openai_tools, tool_choice="required", max_tokens=120))


@of.feature("tool_choice by name")
def named():
    choice = {"type": "function", "function": {"name": "get_time"}}
    answer = chat_create(model=tool_model, messages=weather_asked, tools=openai_tools, tool_choice=choice, max_tokens=120)
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.name == "get_time"
    is_call(call.function.name, call.function.arguments)


@of.feature("tool_choice none")
def none():
    answer = chat_create(model=tool_model, messages=weather_asked, tools=openai_tools, tool_choice="none", max_tokens=40)
    assert not answer.choices[0].message.tool_calls and answer.choices[0].message.content


@of.feature("tool results")
def tool_results():
    first = chat_create(model=tool_model, messages=weather_asked, tools=openai_tools, tool_choice="required", max_tokens=120)
    call = called(first)
    messages = [
        *weather_asked,
        first.choices[0].message,
        *({"role": "tool", "tool_call_id": one.id, "content": "rain"} for one in first.choices[0].message.tool_calls),
    ]
    assert chat_create(model=tool_model, messages=messages, tools=openai_tools, tool_choice="none").choices[0].message.content
    return call.id


@of.feature("parallel tool results")
def parallel_results():
    call = lambda id, city: {
        "id": id,
        "type": "function",
        "function": {"name": "get_weather", "arguments": json.dumps({"city": city})},
    }
    messages = [
        {"role": "user", "content": "What is the weather in Paris and in Rome?"},
        {"role": "assistant", "content": None, "tool_calls": [call("a", "Paris"), call("b", "Rome")]},
        {"role": "tool", "tool_call_id": "a", "content": "rain"},
        {"role": "tool", "tool_call_id": "b", "content": "sun"},
    ]
    answer = chat_create(model=tool_model, messages=messages, tools=openai_tools, parallel_tool_calls=True)
    assert answer.usage.prompt_tokens > 100


@of.feature("one call without parallel_tool_calls")
def not_parallel():
    answer = chat_create(
        model=tool_model,
        messages=[{"role": "user", "content": "What is the weather in Paris and in Rome?"}],
        tools=openai_tools,
        tool_choice="required",
        parallel_tool_calls=False,
        max_tokens=160,
    )
    assert len(answer.choices[0].message.tool_calls) == 1


@of.feature("tools streamed")
def tools_streamed():
    stream = chat_create(
        model=tool_model, messages=weather_asked, tools=openai_tools, tool_choice="required", max_tokens=120, stream=True
    )
    name, arguments, ids, finish = "", "", [], None
    for part in stream:
        if not part.choices:
            continue
        finish = part.choices[0].finish_reason or finish
        for call in part.choices[0].delta.tool_calls or []:
            if call.index != 0:
                continue
            ids += [call.id] if call.id else []
            name += call.function.name or ""
            arguments += call.function.arguments or ""
    is_call(name, arguments)
    assert len(ids) == 1 and finish == "tool_calls", (ids, finish)


@of.feature("tools refused by a model without them")
def tools_refused():
    raises(openai.BadRequestError, lambda: chat_create(tools=openai_tools))
    raises(openai.BadRequestError, lambda: chat_create(tools=openai_tools, tool_choice="required"))
    raises(openai.BadRequestError, lambda: respond(tools=responses_tools))


@of.feature("an image refused by a text model")
def image_refused():
    image = f"data:image/png;base64,{pixel}"
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": image}}]
    raises(openai.BadRequestError, lambda: chat_create(messages=[{"role": "user", "content": parts}]))
    parts = [{"type": "input_text", "text": "What is this?"}, {"type": "input_image", "image_url": image, "detail": "auto"}]
    raises(openai.BadRequestError, lambda: respond(input=[{"role": "user", "content": parts}]))


@of.feature("completions")
def completions():
    answer = client.completions.create(model=chat_model, prompt="The capital of France is", max_tokens=4, **sure)
    assert answer.object == "text_completion" and answer.choices[0].text
    parts = list(client.completions.create(model=chat_model, prompt="The capital of France is", max_tokens=4, stream=True, **sure))
    assert "".join(part.choices[0].text for part in parts if part.choices) == answer.choices[0].text


@of.feature("completions with logprobs")
def completions_logprobs():
    answer = client.completions.create(model=chat_model, prompt="The capital of France is", max_tokens=4, logprobs=2, **sure)
    found = answer.choices[0].logprobs
    assert len(found.tokens) == len(found.token_logprobs) == len(found.top_logprobs) > 0, found


@of.feature("completions with echo")
def completions_echo():
    answer = client.completions.create(model=chat_model, prompt="The capital of France is", max_tokens=4, echo=True, **sure)
    assert answer.choices[0].text.startswith("The capital of France is")


@of.feature("completions with suffix")
def completions_suffix():
    answer = client.completions.create(
        model=tool_model, prompt="def add(a, b):\n    return ", suffix="\n\nprint(add(1, 2))\n", max_tokens=8, **sure
    )
    assert answer.choices[0].finish_reason in ("stop", "length")


@of.feature("responses")
def responses():
    answer = respond(instructions="Answer in one word.")
    assert answer.object == "response" and answer.output_text and answer.id and answer.created_at
    assert answer.output[0].type == "message" and answer.usage.output_tokens <= 16
    assert answer.model and answer.status in ("completed", "incomplete")


@of.feature("responses streamed")
def responses_streamed():
    events = list(respond(stream=True))
    kinds = [event.type for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"] and kinds[-1].startswith("response."), kinds
    assert [event.sequence_number for event in events] == list(range(len(events)))
    created, last = events[0].response, events[-1].response
    assert created.output == [] and created.model and created.created_at and created.id == last.id
    for event in events:
        if event.type.startswith("response.output_item"):
            assert event.output_index == 0 and event.item.id
        if event.type.startswith(("response.output_text", "response.content_part")):
            assert (event.output_index, event.content_index) == (0, 0) and event.item_id
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == last.output_text != ""
    for kind in ("output_item.added", "content_part.added", "output_text.done", "content_part.done", "output_item.done"):
        assert kinds.count(f"response.{kind}") == 1, kind


@of.feature("responses stream helper")
def responses_helper():
    with client.responses.stream(model=chat_model, input=greeting, max_output_tokens=16) as stream:
        for event in stream:
            assert event.type
        assert stream.get_final_response().output_text


@of.feature("responses cut short")
def responses_cut():
    answer = respond(model=tool_model, input="Count from 1 to 200.", max_output_tokens=16)
    assert answer.status == "incomplete" and answer.incomplete_details.reason == "max_output_tokens", answer.status


@of.feature("responses with a history of plain messages")
def responses_history():
    messages = [
        {"role": "user", "content": "My name is Ada."},
        {"role": "assistant", "content": "Hello Ada."},
        {"role": "user", "content": "What is my name?"},
    ]
    assert respond(input=messages).output_text


@of.feature("responses with a reasoning item")
def responses_reasoning():
    items = [
        {"role": "user", "content": "My name is Ada."},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "abc"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello.", "annotations": []}]},
        {"role": "user", "content": "What is my name?"},
    ]
    assert respond(input=items).output_text


@of.feature("responses with a JSON schema")
def responses_schema():
    form = {"format": {"type": "json_schema", "name": "city", "strict": True, "schema": city}}
    is_city(respond(text=form, max_output_tokens=120).output_text)


@of.feature("responses parsed")
def responses_parsed():
    answer = client.responses.parse(model=tool_model, input=greeting, text_format=City, max_output_tokens=200, temperature=0)
    assert isinstance(answer.output_parsed, City)


@of.feature("responses with tools")
def responses_tools_used():
    answer = respond(
        model=tool_model, input=weather_asked, tools=responses_tools, tool_choice="required", max_output_tokens=120
    )
    call = next(item for item in answer.output if item.type == "function_call")
    is_call(call.name, call.arguments)
    again = respond(
        model=tool_model,
        input=[*weather_asked, *answer.output, {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}],
        tools=responses_tools,
        tool_choice="none",
        max_output_tokens=40,
    )
    assert again.output_text


@of.feature("responses with tools streamed")
def responses_tools_streamed():
    events = list(
        respond(
            model=tool_model,
            input=weather_asked,
            tools=responses_tools,
            tool_choice={"type": "function", "name": "get_weather"},
            max_output_tokens=120,
            stream=True,
        )
    )
    deltas = "".join(event.delta for event in events if event.type == "response.function_call_arguments.delta")
    done = next(event for event in events if event.type == "response.function_call_arguments.done")
    is_call("get_weather", deltas)
    assert done.arguments == deltas and events[-1].response.output[-1].type == "function_call"


@of.feature("responses stored")
def responses_stored():
    first = respond(input="My name is Ada.", store=True)
    second = respond(input="What is my name?", previous_response_id=first.id)
    alone = respond(input="What is my name?")
    assert second.usage.input_tokens > alone.usage.input_tokens
    assert client.responses.retrieve(first.id).output_text == first.output_text
    client.responses.delete(first.id)
    raises(openai.NotFoundError, lambda: client.responses.retrieve(first.id))


@of.feature("a persona")
def persona():
    """SYSTEM of a model holds on this API too."""
    import urllib.request

    def ollama(method, path, **body):
        request = urllib.request.Request(f"{url}{path}", method=method, data=json.dumps(body).encode())
        request.add_header("content-type", "application/json")
        return urllib.request.urlopen(request).read()

    ollama("POST", "/api/create", model="clients-persona", **{"from": chat_model}, system="Talk like a pirate. " * 10, stream=False)
    try:
        plain = chat_create().usage.prompt_tokens
        assert chat_create(model="clients-persona").usage.prompt_tokens > plain + 20
        plain = respond().usage.input_tokens
        assert respond(model="clients-persona").usage.input_tokens > plain + 20
    finally:
        ollama("DELETE", "/api/delete", model="clients-persona")


@of.feature("embeddings")
def embeddings():
    # Without encoding_format the client asks for base64 and decodes it.
    answer = client.embeddings.create(model=embed_model, input=["a", "b"])
    assert [one.index for one in answer.data] == [0, 1] and answer.usage.prompt_tokens > 0
    plain = client.embeddings.create(model=embed_model, input=["a", "b"], encoding_format="float").data[0].embedding
    assert max(abs(x - y) for x, y in zip(plain, answer.data[0].embedding)) < 1e-5
    text = client.embeddings.create(model=embed_model, input="a", encoding_format="base64").data[0].embedding
    assert len(base64.b64decode(text)) == struct.calcsize("f") * len(plain)


@of.feature("embeddings with dimensions")
def embeddings_dimensions():
    assert len(client.embeddings.create(model=embed_model, input="a", dimensions=64).data[0].embedding) == 64


@of.feature("models")
def models():
    assert chat_model in [model.id for model in client.models.list()]
    assert client.models.retrieve(chat_model).object == "model"
    raises(openai.NotFoundError, lambda: client.models.retrieve("no-such-model"))


@of.feature("an unknown model")
def unknown():
    error = raises(openai.NotFoundError, lambda: chat_create(model="no-such-model"))
    assert "no-such-model" in str(error)


@of.feature("a longer prompt than the context")
def long_prompt():
    messages = [{"role": "user", "content": "word " * 200_000}]
    error = raises(openai.BadRequestError, lambda: chat_create(messages=messages))
    assert error.code == "context_length_exceeded", error


@of.feature("abort")
def abort():
    stream = chat_create(max_tokens=2000, stream=True)
    next(iter(stream))
    stream.close()
    assert chat_create().choices[0].message.content


run()
