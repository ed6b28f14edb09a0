"""What all clients ask: see questions.json."""
import json
import pathlib

_all = json.loads(pathlib.Path(__file__).with_name("questions.json").read_text())
greeting, city, weather, time, tool_questions, pixel = (
    _all[name] for name in ("greeting", "city", "weather", "time", "toolQuestions", "pixel")
)
openai_tools = [{"type": "function", "function": one} for one in (weather, time)]


def is_city(text):
    """The text is JSON of the schema `city`, whatever it says."""
    found = json.loads(text)
    assert sorted(found) == ["big", "city"], text
    assert isinstance(found["city"], str) and isinstance(found["big"], bool), text


def is_call(name, arguments):
    """A call of one of the two tools, with arguments of its schema."""
    assert name in ("get_weather", "get_time"), name
    found = json.loads(arguments) if isinstance(arguments, str) else arguments
    assert list(found) == ["city"] and isinstance(found["city"], str), found
