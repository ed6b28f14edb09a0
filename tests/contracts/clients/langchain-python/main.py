"""LangChain's integrations of Ollama, OpenAI and Anthropic."""
from features import Client, chat_model, embed_model, run, tool_model, url
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_ollama import ChatOllama, OllamaEmbeddings, OllamaLLM
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from pydantic import BaseModel
from questions import greeting, is_call, tool_questions

asked = [SystemMessage("Be brief."), HumanMessage(greeting)]


class City(BaseModel):
    """A city and whether it is big."""

    city: str
    big: bool


@tool
def get_weather(city: str) -> str:
    """The current weather of a city."""
    return f"rain in {city}"


@tool
def get_time(city: str) -> str:
    """The current time in a city."""
    return f"noon in {city}"


tools = [get_weather, get_time]
calls = [
    {"name": "get_weather", "args": {"city": "Paris"}, "id": "a"},
    {"name": "get_weather", "args": {"city": "Rome"}, "id": "b"},
]
two_results = [
    HumanMessage("What is the weather in Paris and in Rome?"),
    AIMessage("", tool_calls=calls),
    ToolMessage("rain", tool_call_id="a", name="get_weather"),
    ToolMessage("sun", tool_call_id="b", name="get_weather"),
]


def basics(of, short, able):
    """What all of them promise: `short` makes a model of few tokens without tools, `able` one with them."""

    @of.feature("invoke")
    def invoke():
        answer = short().invoke(asked)
        assert answer.content and answer.usage_metadata["output_tokens"] > 0

    @of.feature("stream")
    def stream():
        assert "".join(part.text for part in short().stream(asked))

    @of.feature("async, batch")
    async def asynchronous():
        assert (await short().ainvoke(asked)).content
        assert [part async for part in short().astream(asked)]
        assert len(short().batch(["a", "b"])) == 2

    @of.feature("results of parallel tool calls")
    def parallel():
        assert able().bind_tools(tools).invoke(two_results).usage_metadata["input_tokens"] > 100


def forced(of, able, choice):
    @of.feature("tools, required")
    def required():
        answer = able().bind_tools(tools, tool_choice=choice).invoke(tool_questions[0])
        is_call(answer.tool_calls[0]["name"], answer.tool_calls[0]["args"])
        assert answer.tool_calls[0]["id"]

    @of.feature("tools, by name, streamed")
    def named():
        whole = None
        for part in able().bind_tools(tools, tool_choice="get_time").stream(tool_questions[0]):
            whole = part if whole is None else whole + part
        assert whole.tool_calls[0]["name"] == "get_time"
        is_call("get_time", whole.tool_calls[0]["args"])


of_ollama = Client("langchain-ollama")


def ollama(model, tokens):
    return ChatOllama(base_url=url, model=model, temperature=0, seed=1, num_predict=tokens)


basics(of_ollama, lambda: ollama(chat_model, 8), lambda: ollama(tool_model, 40))


@of_ollama.feature("tools")
def ollama_tools():
    for question in tool_questions:
        found = ollama(tool_model, 120).bind_tools(tools).invoke(question).tool_calls
        if found:
            return is_call(found[0]["name"], found[0]["args"])
    raise AssertionError("none of the questions made the model call a tool")


@of_ollama.feature("structured output")
def ollama_structured():
    assert isinstance(ollama(tool_model, 200).with_structured_output(City).invoke(greeting), City)


@of_ollama.feature("structured output, JSON mode")
def ollama_json():
    found = ollama(tool_model, 200).with_structured_output(City, method="json_mode", include_raw=True).invoke(
        f"{greeting} Answer as JSON with keys city and big (a boolean)."
    )
    assert found["raw"].content.lstrip().startswith(("{", "["))


@of_ollama.feature("validation of the model's name")
def ollama_validation():
    ChatOllama(base_url=url, model=chat_model, validate_model_on_init=True)


@of_ollama.feature("completion")
def ollama_completion():
    assert OllamaLLM(base_url=url, model=chat_model, num_predict=8).invoke(greeting)


@of_ollama.feature("embeddings")
def ollama_embeddings():
    model = OllamaEmbeddings(base_url=url, model=embed_model)
    assert len(model.embed_documents(["a", "b"])) == 2 and len(model.embed_query("a")) > 100


of_openai = Client("langchain-openai")


def openai(model, tokens, **changed):
    return ChatOpenAI(base_url=f"{url}/v1", api_key="none", model=model, temperature=0, max_tokens=tokens, max_retries=0, **changed)


basics(of_openai, lambda: openai(chat_model, 16), lambda: openai(tool_model, 40))
forced(of_openai, lambda: openai(tool_model, 120), "required")


@of_openai.feature("structured output")
def openai_structured():
    for method in ("json_schema", "function_calling"):
        found = openai(tool_model, 200).with_structured_output(City, method=method).invoke(greeting)
        assert isinstance(found, City), method


@of_openai.feature("Responses API")
def openai_responses():
    model = openai(chat_model, 16, use_responses_api=True)
    assert model.invoke(asked).text and "".join(part.text for part in model.stream(asked))
    assert model.invoke([HumanMessage("My name is Ada."), AIMessage("Hello."), HumanMessage("My name?")]).text


@of_openai.feature("Responses API, tools and structured output")
def openai_responses_able():
    model = openai(tool_model, 200, use_responses_api=True)
    answer = model.bind_tools(tools, tool_choice="get_weather").invoke(tool_questions[0])
    is_call(answer.tool_calls[0]["name"], answer.tool_calls[0]["args"])
    assert isinstance(model.with_structured_output(City).invoke(greeting), City)
    assert model.bind_tools(tools).invoke(two_results).usage_metadata["input_tokens"] > 100


@of_openai.feature("completion")
def openai_completion():
    assert OpenAI(base_url=f"{url}/v1", api_key="none", model=chat_model, max_tokens=8).invoke("The capital of France is")


@of_openai.feature("embeddings")
def openai_embeddings():
    # Its own tokeniser is OpenAI's and is fetched from them; texts are sent as they are without it.
    model = OpenAIEmbeddings(
        base_url=f"{url}/v1", api_key="none", model=embed_model, check_embedding_ctx_length=False, dimensions=64
    )
    assert [len(each) for each in model.embed_documents(["a", "b"])] == [64, 64]


of_anthropic = Client("langchain-anthropic")


def anthropic(model, tokens):
    return ChatAnthropic(base_url=url, api_key="none", model=model, max_tokens=tokens, max_retries=0)


basics(of_anthropic, lambda: anthropic(chat_model, 8), lambda: anthropic(tool_model, 40))
forced(of_anthropic, lambda: anthropic(tool_model, 120), "any")


@of_anthropic.feature("structured output")
def anthropic_structured():
    for method in ("function_calling", "json_schema"):
        found = anthropic(tool_model, 200).with_structured_output(City, method=method).invoke(greeting)
        assert isinstance(found, City), method


@of_anthropic.feature("counting tokens")
def anthropic_count():
    assert anthropic(chat_model, 8).get_num_tokens_from_messages(asked) > 5


run()
