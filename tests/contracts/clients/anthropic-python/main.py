"""Every feature of Anthropic's Python client that a local server can serve."""
import anthropic
from features import Client, chat_model, raises, run, tool_model, url
from pydantic import BaseModel
from questions import city, greeting, is_call, is_city, pixel, time, weather

client = anthropic.Anthropic(base_url=url, api_key="none", max_retries=0)
of = Client("anthropic (Python)", "anthropic")
asked = [{"role": "user", "content": greeting}]
weather_asked = [{"role": "user", "content": "What is the weather in Paris?"}]
tools = [
    {"name": one["name"], "description": one["description"], "input_schema": one["parameters"]} for one in (weather, time)
]


class City(BaseModel):
    city: str
    big: bool


def create(**changed):
    # The client takes no temperature any more; the API does.
    return client.messages.create(
        **{"model": chat_model, "messages": asked, "max_tokens": 8, "extra_body": {"temperature": 0}, **changed}
    )


def prompt_tokens(answer):
    """All of the prompt: what the cache held is counted apart."""
    return answer.usage.input_tokens + (answer.usage.cache_read_input_tokens or 0)


@of.feature("messages")
def messages():
    answer = create()
    assert answer.type == "message" and answer.role == "assistant" and answer.id and answer.model
    assert answer.content[0].type == "text" and answer.content[0].text
    assert answer.stop_reason in ("end_turn", "max_tokens") and 0 < answer.usage.output_tokens <= 8
    assert prompt_tokens(answer) > 5


@of.feature("messages streamed")
def streamed():
    events = list(create(stream=True))
    kinds = [event.type for event in events]
    assert kinds[0] == "message_start" and kinds[-2:] == ["message_delta", "message_stop"], kinds
    assert kinds.count("content_block_start") == kinds.count("content_block_stop") == 1
    text = "".join(event.delta.text for event in events if event.type == "content_block_delta")
    assert text == create().content[0].text
    assert events[-2].delta.stop_reason in ("end_turn", "max_tokens") and events[-2].usage.output_tokens > 0


@of.feature("stream helper")
def helper():
    with client.messages.stream(model=chat_model, messages=asked, max_tokens=8) as stream:
        text = "".join(stream.text_stream)
        assert text and stream.get_final_message().content[0].text == text


@of.feature("messages async")
async def async_messages():
    own = anthropic.AsyncAnthropic(base_url=url, api_key="none", max_retries=0)
    assert (await own.messages.create(model=chat_model, messages=asked, max_tokens=8)).content
    async with own.messages.stream(model=chat_model, messages=asked, max_tokens=8) as stream:
        assert [text async for text in stream.text_stream]


@of.feature("system, blocks of text, cache_control")
def system():
    blocks = [{"type": "text", "text": "Answer in one word. " * 10, "cache_control": {"type": "ephemeral"}}]
    content = [{"type": "text", "text": greeting}]
    counted = prompt_tokens(create(system=blocks, messages=[{"role": "user", "content": content}]))
    assert counted > prompt_tokens(create(system="x")) + 20


@of.feature("stop_sequences")
def stop_sequences():
    answer = create(messages=[{"role": "user", "content": "Count: 1, 2, 3, 4, 5, 6, 7, 8"}], stop_sequences=["a", "e", "i", "1"], max_tokens=60)
    assert answer.stop_reason == "stop_sequence" and answer.stop_sequence in ("a", "e", "i", "1"), answer


@of.feature("count_tokens")
def count_tokens():
    alone = client.messages.count_tokens(model=chat_model, messages=asked).input_tokens
    assert alone == prompt_tokens(create())
    with_tools = client.messages.count_tokens(model=tool_model, messages=asked, tools=tools).input_tokens
    assert with_tools > client.messages.count_tokens(model=tool_model, messages=asked).input_tokens + 50


def called(answer):
    assert answer.stop_reason == "tool_use", answer.stop_reason
    call = next(block for block in answer.content if block.type == "tool_use")
    assert call.id
    is_call(call.name, call.input)
    return call


@of.feature("tool_choice any")
def tool_any():
    called(create(model=tool_model, messages=weather_asked, tools=tools, tool_choice={"type": "any"}, max_tokens=120))


@of.feature("tool_choice by name")
def tool_named():
    choice = {"type": "tool", "name": "get_time"}
    answer = create(model=tool_model, messages=weather_asked, tools=tools, tool_choice=choice, max_tokens=120)
    assert called(answer).name == "get_time"


@of.feature("tool_choice none")
def tool_none():
    answer = create(model=tool_model, messages=weather_asked, tools=tools, tool_choice={"type": "none"}, max_tokens=40)
    assert {block.type for block in answer.content} == {"text"}


@of.feature("one call with disable_parallel_tool_use")
def not_parallel():
    choice = {"type": "any", "disable_parallel_tool_use": True}
    asked = [{"role": "user", "content": "What is the weather in Paris and in Rome?"}]
    answer = create(model=tool_model, messages=asked, tools=tools, tool_choice=choice, max_tokens=160)
    assert [block.type for block in answer.content].count("tool_use") == 1


@of.feature("tool results")
def tool_results():
    first = create(model=tool_model, messages=weather_asked, tools=tools, tool_choice={"type": "any"}, max_tokens=120)
    called(first)
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": [{"type": "text", "text": "rain"}]}
        for block in first.content
        if block.type == "tool_use"
    ]
    history = [*weather_asked, {"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
    assert create(model=tool_model, messages=history, tools=tools, tool_choice={"type": "none"}, max_tokens=20).content[0].text


@of.feature("parallel tool results, one an error")
def parallel_results():
    use = lambda id, city: {"type": "tool_use", "id": id, "name": "get_weather", "input": {"city": city}}
    result = lambda id, **more: {"type": "tool_result", "tool_use_id": id, **more}
    history = [
        {"role": "user", "content": "What is the weather in Paris and in Rome?"},
        {"role": "assistant", "content": [{"type": "text", "text": "I look."}, use("a", "Paris"), use("b", "Rome")]},
        {"role": "user", "content": [result("a", content="rain"), result("b", content="no such city", is_error=True)]},
    ]
    assert prompt_tokens(create(model=tool_model, messages=history, tools=tools, max_tokens=20)) > 100


@of.feature("tools streamed")
def tools_streamed():
    with client.messages.stream(
        model=tool_model, messages=weather_asked, tools=tools, tool_choice={"type": "any"}, max_tokens=120
    ) as stream:
        parts = "".join(event.partial_json for event in stream if event.type == "input_json")
        call = called(stream.get_final_message())
    is_call(call.name, parts if parts.count("{") == 1 else call.input)


@of.feature("tools refused by a model without them")
def tools_refused():
    raises(anthropic.BadRequestError, lambda: create(tools=tools))
    raises(anthropic.BadRequestError, lambda: create(tools=tools, tool_choice={"type": "any"}))


@of.feature("an image refused by a text model")
def image_refused():
    source = {"type": "base64", "media_type": "image/png", "data": pixel}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]
    error = raises(anthropic.BadRequestError, lambda: create(messages=[{"role": "user", "content": content}]))
    assert error.body["error"]["type"] == "invalid_request_error"


@of.feature("structured output")
def structured():
    form = {"format": {"type": "json_schema", "schema": city}}
    answer = create(extra_body={"output_config": form, "temperature": 0}, max_tokens=120)
    is_city(answer.content[0].text)


@of.feature("structured output parsed")
def parsed():
    answer = client.messages.parse(model=tool_model, messages=asked, max_tokens=200, output_format=City)
    assert isinstance(answer.parsed_output, City)


@of.feature("thinking blocks in the history")
def thinking():
    history = [
        {"role": "user", "content": "My name is Ada."},
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "Hm.", "signature": "x"}, {"type": "text", "text": "Hello."}],
        },
        {"role": "user", "content": "What is my name?"},
    ]
    assert create(messages=history).content[0].text


@of.feature("a persona")
def persona():
    """SYSTEM of a model holds on this API too."""
    import json
    import urllib.request

    def ollama(method, path, **body):
        request = urllib.request.Request(f"{url}{path}", method=method, data=json.dumps(body).encode())
        request.add_header("content-type", "application/json")
        return urllib.request.urlopen(request).read()

    ollama("POST", "/api/create", model="clients-messages", **{"from": chat_model}, system="Talk like a pirate. " * 10, stream=False)
    try:
        assert prompt_tokens(create(model="clients-messages")) > prompt_tokens(create()) + 20
    finally:
        ollama("DELETE", "/api/delete", model="clients-messages")


@of.feature("models")
def models():
    assert chat_model in [model.id for model in client.models.list()]
    assert client.models.retrieve(chat_model).type == "model"


@of.feature("an unknown model")
def unknown():
    error = raises(anthropic.NotFoundError, lambda: create(model="no-such-model"))
    assert error.body["type"] == "error" and error.body["error"]["type"] == "not_found_error"


@of.feature("a longer prompt than the context")
def long_prompt():
    error = raises(anthropic.BadRequestError, lambda: create(messages=[{"role": "user", "content": "word " * 200_000}]))
    assert error.body["error"]["type"] == "invalid_request_error" and "too long" in str(error), error


@of.feature("abort")
def abort():
    stream = create(max_tokens=2000, stream=True)
    next(iter(stream))
    stream.close()
    assert create().content


run()
