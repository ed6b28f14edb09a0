"""ShellGPT, pointed at OpenAI's API."""
from commands import command
from features import Client, chat_model, run, tool_model, url

of = Client("shell-gpt")
env = {"API_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "none", "DEFAULT_MODEL": chat_model, "PRETTIFY_MARKDOWN": "false", "OPENAI_USE_FUNCTIONS": "false"}
sgpt = lambda *argv, **more: command("sgpt", *argv, env={**env, **more.pop("env", {})}, **more)


@of.feature("a question")
def question():
    assert sgpt("--no-interaction", "What is the capital of France?").strip()


@of.feature("a shell command")
def shell():
    assert sgpt("--shell", "--no-interaction", "--model", tool_model, "list the files of this folder").strip()


@of.feature("code")
def code():
    assert sgpt("--code", "--model", tool_model, "hello world in Python").strip()


@of.feature("a chat")
def chat():
    sgpt("--chat", "ada", "--no-interaction", "My name is Ada.")
    assert sgpt("--chat", "ada", "--no-interaction", "What is my name?").strip()


@of.feature("functions")
def functions():
    sgpt("--install-functions")
    answer = sgpt("--functions", "--no-interaction", "--model", tool_model, "What is in this folder?", env={"OPENAI_USE_FUNCTIONS": "true"})
    assert answer.strip()


run()
