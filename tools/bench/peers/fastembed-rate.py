"""Texts per second of fastembed with a model file of ours: TEXTS.json MODEL_FOLDER BATCH."""

import json
import sys
import time

from fastembed import TextEmbedding

texts = json.load(open(sys.argv[1]))
model = TextEmbedding("BAAI/bge-small-en-v1.5", specific_model_path=sys.argv[2], threads=2)
list(model.embed(texts[:8]))
start = time.monotonic()
vectors = list(model.embed(texts, batch_size=int(sys.argv[3])))
seconds = time.monotonic() - start
print(json.dumps({"seconds": seconds, "vectors": [[float(x) for x in vector] for vector in vectors[:100]]}))
