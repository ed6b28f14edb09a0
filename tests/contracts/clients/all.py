"""The real ollama, openai and anthropic clients of PyPI against the gateway; prints what the test looks at, as JSON."""
import json

import anthropic
import ollama
import openai

model = "smollm2"
messages = [{"role": "user", "content": "What is the capital of France?"}]
found = {}

client = ollama.Client(host="http://127.0.0.1:11434")
options = {"temperature": 0, "num_predict": 8}
found["ollama"] = client.chat(model=model, messages=messages, options=options).message.content
found["ollama_stream"] = "".join(
    part.message.content for part in client.chat(model=model, messages=messages, options=options, stream=True)
)
found["ollama_embed"] = len(client.embed(model="bge-small", input="a").embeddings[0])
try:
    client.chat(model="smolm2", messages=messages)
except ollama.ResponseError as error:
    found["ollama_unknown"] = error.status_code

client = openai.OpenAI(base_url="http://127.0.0.1:11434/v1", api_key="none", max_retries=0)
found["openai"] = client.chat.completions.create(model=model, messages=messages, max_tokens=8).choices[0].message.content
# Without encoding_format the Python client asks for base64.
found["openai_embed"] = len(client.embeddings.create(model="bge-small", input="a").data[0].embedding)
try:
    client.chat.completions.create(model="smolm2", messages=messages)
except openai.NotFoundError as error:
    found["openai_unknown"] = error.code

client = anthropic.Anthropic(base_url="http://127.0.0.1:11434", api_key="none", max_retries=0)
found["anthropic"] = client.messages.create(model=model, messages=messages, max_tokens=8).content[0].text
with client.messages.stream(model=model, messages=messages, max_tokens=8) as stream:
    found["anthropic_stream"] = "".join(stream.text_stream)
found["anthropic_tokens"] = client.messages.count_tokens(model=model, messages=messages).input_tokens
try:
    client.messages.create(model="smolm2", messages=messages, max_tokens=8)
except anthropic.NotFoundError as error:
    found["anthropic_unknown"] = error.body["error"]["type"]

print(json.dumps(found))
