"""The real ollama and huggingface_hub clients of PyPI as peers of the model store; prints JSON."""
import json
import sys

import ollama
from huggingface_hub import hf_hub_download, scan_cache_dir

reference, weights, hub = sys.argv[1:]
client = ollama.Client(host="http://127.0.0.1:11434")
found = {}


def failure(call):
    try:
        call()
    except ollama.ResponseError as error:
        return error.status_code


found["pulled"] = [part.status for part in client.pull(reference, insecure=True, stream=True)][-1]
digest = client.create_blob(weights)
found["created"] = client.create("snake", files={"model.gguf": digest}).status
found["from"] = client.create("snake2", from_="snake", system="Hiss.", parameters={"temperature": 0.1}).status
found["show"] = client.show("snake2").parameters
found["copied"] = client.copy("snake", "snake3").status
found["names"] = sorted(model.model for model in client.list().models)
for name in ["snake", "snake2", "snake3"]:
    client.delete(name)
found["gone"] = failure(lambda: client.delete("snake"))

cache = scan_cache_dir(hub)
found["cache"] = [[repo.repo_id, repo.nb_files, repo.size_on_disk] for repo in cache.repos]
found["warnings"] = [str(warning) for warning in cache.warnings]
repo = next(iter(cache.repos))
name = next(file.file_name for revision in repo.revisions for file in revision.files)
found["path"] = hf_hub_download(repo.repo_id, name, cache_dir=hub, local_files_only=True)
print(json.dumps(found))
