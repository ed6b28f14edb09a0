"""gptme as a person without a terminal runs it, with its own full prompt."""
import pathlib

from commands import command
from features import Client, chat_model, run, tool_model, url

of = Client("gptme")
env = {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "none", "GPTME_CHECK": "false"}
config = pathlib.Path.home() / ".config/gptme"


def gptme(*argv):
    config.mkdir(parents=True, exist_ok=True)
    (config / "config.toml").write_text(
        f'[prompt]\n[env]\nOPENAI_API_KEY = "none"\n[[providers]]\nname = "here"\nbase_url = "{url}/v1"\napi_key = "none"\ndefault_model = "{tool_model}"\n'
    )
    folder = pathlib.Path("/tmp/gptme")
    folder.mkdir(exist_ok=True)
    return command("gptme", "--non-interactive", "--no-confirm", *argv, env=env, cwd=folder, seconds=900)


@of.feature("a question, short prompt")
def question():
    assert gptme("--system", "short", "--tools", "none", "-m", f"here/{tool_model}", "Say hello.").strip()


@of.feature("a question with all its tools")
def full():
    assert gptme("-m", f"here/{tool_model}", "Say hello.").strip()


run()
