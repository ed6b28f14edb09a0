"""Simon Willison's llm with its plugin for Ollama."""
import json

from commands import command
from features import Client, chat_model, embed_model, run, tool_model, url
from questions import city, greeting, is_city

of = Client("llm")
plugin = Client("llm-ollama")
env = {"OLLAMA_HOST": url, "LLM_USER_PATH": "/tmp/llm"}
llm = lambda *argv, **more: command("llm", *argv, env=env, **more)
# The plugin names its models so.
chat, tool, embedder = (f"ollama/{name}" for name in (chat_model, tool_model, embed_model))
short = ("-o", "num_predict", "8", "-o", "temperature", "0")


@plugin.feature("models")
def models():
    assert chat_model in llm("models")
    assert chat_model in llm("ollama", "models")


@plugin.feature("prompt")
def prompt():
    assert llm("-m", chat, *short, greeting).strip()
    assert llm("-m", chat, "--no-stream", *short, greeting).strip()


@plugin.feature("prompt, system, piped input")
def piped():
    assert llm("-m", chat, "-s", "Be brief.", *short, input="The sky is blue. What colour is it?").strip()


@plugin.feature("conversation")
def conversation():
    llm("-m", chat, *short, "My name is Ada.")
    assert llm("-c", *short, "What is my name?").strip()


@plugin.feature("schema")
def schema():
    is_city(llm("-m", tool, "--schema", json.dumps(city), "-o", "temperature", "0", greeting))


@plugin.feature("tools")
def tools():
    assert llm("-m", tool, "-T", "llm_version", "--td", "-o", "temperature", "0", "-o", "num_predict", "60", "Which version of llm is this?").strip()


@plugin.feature("embed")
def embed():
    assert len(json.loads(llm("embed", "-m", embedder, "-c", "a cat"))) > 100


@of.feature("OpenAI-compatible model of extra-openai-models.yaml")
def extra():
    import pathlib

    pathlib.Path("/tmp/llm").mkdir(exist_ok=True)
    pathlib.Path("/tmp/llm/extra-openai-models.yaml").write_text(
        f"- model_id: ours\n  model_name: {chat_model}\n  api_base: {url}/v1\n  api_key_name: ours\n"
    )
    llm("keys", "set", "ours", "--value", "none")
    assert llm("-m", "ours", "-o", "max_tokens", "8", greeting).strip()


run()
