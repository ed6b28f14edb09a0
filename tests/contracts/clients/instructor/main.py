"""Instructor in each of its modes that OpenAI's and Anthropic's APIs have."""
import anthropic
import instructor
import openai
from features import Client, chat_model, run, tool_model, url
from pydantic import BaseModel
from questions import greeting

of = Client("instructor")
asked = [{"role": "user", "content": greeting}]


class City(BaseModel):
    """A city and whether it is big."""

    city: str
    big: bool


def over_openai(mode):
    return instructor.from_openai(openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0), mode=mode)


def over_anthropic(mode):
    return instructor.from_anthropic(anthropic.Anthropic(base_url=url, api_key="none", max_retries=0), mode=mode)


def ask(client, **changed):
    request = {"model": tool_model, "messages": asked, "response_model": City, "max_tokens": 200, "max_retries": 0}
    return client.chat.completions.create(**{**request, **changed})


# Modes that ask the model for JSON in words only (MD_JSON and the like) show what a model can, not a server.
for name in ("TOOLS", "TOOLS_STRICT", "JSON_SCHEMA", "RESPONSES_TOOLS"):

    def works(name=name):
        assert isinstance(ask(over_openai(getattr(instructor.Mode, name)), temperature=0), City)

    of.feature(f"OpenAI: {name}")(works)

for name in ("ANTHROPIC_TOOLS",):

    def works_there(name=name):
        assert isinstance(ask(over_anthropic(getattr(instructor.Mode, name))), City)

    of.feature(f"Anthropic: {name}")(works_there)


@of.feature("OpenAI: JSON, the answer is JSON")
def json_mode():
    # Its schema is told in words; what holds whatever the model says is that JSON comes.
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    wrapped = instructor.from_openai(client, mode=instructor.Mode.JSON)
    answers = []
    wrapped.on("completion:response", answers.append)
    try:
        ask(wrapped, temperature=0)
    except Exception:  # the model's JSON may be of another shape
        pass
    assert answers[0].choices[0].message.content.lstrip().startswith(("{", "["))


@of.feature("OpenAI: partial objects, streamed")
def partial():
    client = over_openai(instructor.Mode.JSON_SCHEMA)
    parts = list(client.chat.completions.create_partial(model=tool_model, messages=asked, response_model=City, max_tokens=200, temperature=0))
    assert parts[-1].city is not None and len(parts) > 1


run()
