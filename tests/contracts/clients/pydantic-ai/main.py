"""Pydantic AI with its models of Ollama, OpenAI (chat and responses) and Anthropic."""
from anthropic import AsyncAnthropic
from features import Client, chat_model, run, tool_model, url
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, ToolOutput
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.ollama import OllamaProvider
from pydantic_ai.providers.openai import OpenAIProvider
from questions import greeting

of = Client("pydantic-ai", "pydantic-ai-slim")


class City(BaseModel):
    """A city and whether it is big."""

    city: str
    big: bool


openai_provider = OpenAIProvider(base_url=f"{url}/v1", api_key="none")
models = {
    "Ollama": lambda name: OpenAIChatModel(name, provider=OllamaProvider(base_url=f"{url}/v1")),
    "OpenAI chat": lambda name: OpenAIChatModel(name, provider=openai_provider),
    "OpenAI responses": lambda name: OpenAIResponsesModel(name, provider=openai_provider),
    # Of models that it does not know the name of it has to be told what they can do.
    "Anthropic": lambda name: AnthropicModel(
        name,
        provider=AnthropicProvider(anthropic_client=AsyncAnthropic(base_url=url, api_key="none", max_retries=0)),
        profile=ModelProfile(supports_json_schema_output=True),
    ),
}


def declare(api, model):
    # Anthropic's own client has no temperature any more.
    settings = lambda tokens: {"max_tokens": tokens} if api == "Anthropic" else {"max_tokens": tokens, "temperature": 0}

    @of.feature(f"{api}: run, with history")
    async def runs():
        agent = Agent(model(chat_model), instructions="Be brief.", model_settings=settings(16))
        first = await agent.run(greeting)
        assert first.output and first.usage.output_tokens > 0 if not callable(first.usage) else first.usage().output_tokens > 0
        assert (await agent.run("And of Spain?", message_history=first.all_messages())).output

    @of.feature(f"{api}: stream")
    async def streams():
        agent = Agent(model(chat_model), model_settings=settings(16))
        async with agent.run_stream(greeting) as result:
            assert [part async for part in result.stream_text(delta=True)]

    @of.feature(f"{api}: output by a tool")
    async def tool_output():
        agent = Agent(model(tool_model), output_type=ToolOutput(City), model_settings=settings(200), retries=0)
        assert isinstance((await agent.run(greeting)).output, City)

    @of.feature(f"{api}: native output")
    async def native_output():
        agent = Agent(model(tool_model), output_type=NativeOutput(City), model_settings=settings(200), retries=0)
        assert isinstance((await agent.run(greeting)).output, City)

    @of.feature(f"{api}: an agent that offers tools")
    async def tools():
        agent = Agent(model(tool_model), model_settings=settings(120), retries=3)

        @agent.tool_plain
        def get_weather(city: str) -> str:
            """The current weather of a city."""
            return f"rain in {city}"

        assert (await agent.run("What is the weather in Paris?")).output


for api, model in models.items():
    declare(api, model)

run()
