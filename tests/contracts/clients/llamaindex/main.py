"""LlamaIndex's Ollama and OpenAI-like models and embeddings."""
from features import Client, chat_model, embed_model, run, tool_model, url
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.ollama import OllamaEmbedding
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.ollama import Ollama
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel
from questions import greeting, is_call, tool_questions

asked = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content=greeting)]


class City(BaseModel):
    """A city and whether it is big."""

    city: str
    big: bool


def get_weather(city: str) -> str:
    """The current weather of a city."""
    return f"rain in {city}"


weather = FunctionTool.from_defaults(fn=get_weather)


def basics(of, short):
    @of.feature("complete")
    def complete():
        assert short().complete(greeting).text

    @of.feature("complete, streamed")
    def stream_complete():
        assert list(short().stream_complete(greeting))[-1].text

    @of.feature("chat")
    def chat():
        assert short().chat(asked).message.content

    @of.feature("chat, streamed")
    def stream_chat():
        assert list(short().stream_chat(asked))[-1].message.content

    @of.feature("chat, async")
    async def achat():
        assert (await short().achat(asked)).message.content
        assert [part async for part in await short().astream_chat(asked)]
        assert (await short().acomplete(greeting)).text


of_ollama = Client("llama-index-llms-ollama")


def ollama(model, tokens, **changed):
    return Ollama(
        base_url=url, model=model, temperature=0, request_timeout=120, context_window=4096, additional_kwargs={"num_predict": tokens}, **changed
    )


basics(of_ollama, lambda: ollama(chat_model, 8))


@of_ollama.feature("JSON mode")
def json_mode():
    answer = ollama(tool_model, 120, json_mode=True).complete('Name a city as JSON: {"city": name}.').text
    assert answer.lstrip().startswith(("{", "["))


@of_ollama.feature("structured output")
def structured():
    assert isinstance(ollama(tool_model, 200).as_structured_llm(City).complete(greeting).raw, City)


@of_ollama.feature("tools")
def tools():
    for question in tool_questions:
        model = ollama(tool_model, 120)
        calls = model.get_tool_calls_from_response(
            model.chat_with_tools([weather], user_msg=question), error_on_no_tool_call=False
        )
        if calls:
            return is_call(calls[0].tool_name, calls[0].tool_kwargs)
    raise AssertionError("none of the questions made the model call a tool")


of_like = Client("llama-index-llms-openai-like")


def like(model, tokens):
    return OpenAILike(
        api_base=f"{url}/v1", api_key="none", model=model, is_chat_model=True, is_function_calling_model=True,
        temperature=0, max_tokens=tokens, max_retries=0, context_window=4096,
    )


basics(of_like, lambda: like(chat_model, 8))


@of_like.feature("tools, required")
def like_tools():
    model = like(tool_model, 120)
    answer = model.chat_with_tools([weather], user_msg=tool_questions[0], tool_required=True)
    call = model.get_tool_calls_from_response(answer)[0]
    is_call(call.tool_name, call.tool_kwargs)


of_embedding = Client("llama-index-embeddings-ollama")


@of_embedding.feature("texts and queries")
def embeddings():
    model = OllamaEmbedding(base_url=url, model_name=embed_model)
    assert len(model.get_text_embedding_batch(["a", "b"])) == 2 and len(model.get_query_embedding("a")) > 100


@of_embedding.feature("async")
async def embeddings_async():
    model = OllamaEmbedding(base_url=url, model_name=embed_model)
    assert len(await model.aget_text_embedding("a")) > 100


of_embedding_like = Client("llama-index-embeddings-openai-like")


@of_embedding_like.feature("texts and queries")
def embeddings_like():
    model = OpenAILikeEmbedding(api_base=f"{url}/v1", api_key="none", model_name=embed_model)
    assert len(model.get_text_embedding_batch(["a", "b"])) == 2 and len(model.get_query_embedding("a")) > 100


run()
