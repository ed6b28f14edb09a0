"""nDCG@10 of bm25s, stemmed, with its defaults, on Cranfield; relevance binary: CRANFIELD_FOLDER. By halves of the questions."""

import json
import math
import re
import sys

import bm25s
import Stemmer

folder = sys.argv[1]


def records(path):
    found = []
    field = None
    for line in open(path, encoding="latin-1"):
        mark = re.match(r"^\.([IWTAB])\s*(.*)$", line.rstrip("\n"))
        if mark:
            if mark[1] == "I":
                found.append({"I": mark[2].strip()})
            field = mark[1]
        elif field != "I":
            found[-1][field] = found[-1].get(field, "") + line
    return found


documents = records(f"{folder}/cran.all.1400")
questions = [record["W"] for record in records(f"{folder}/cran.qry")]
relevant = {}
for line in open(f"{folder}/cranqrel"):
    parts = line.split()
    if len(parts) == 3 and 1 <= int(parts[2]) <= 4:
        relevant.setdefault(int(parts[0]), set()).add(parts[1])
stemmer = Stemmer.Stemmer("english")
index = bm25s.BM25()
texts = [document.get("T", "") + " " + document.get("W", "") for document in documents]
index.index(bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False)
ids = [document["I"] for document in documents]
values = []
for number, question in enumerate(questions, 1):
    words = bm25s.tokenize([question], stopwords="en", stemmer=stemmer, show_progress=False)
    found, _ = index.retrieve(words, corpus=ids, k=10, show_progress=False)
    wanted = relevant.get(number, set())
    gain = sum(1 / math.log2(at + 2) for at, document in enumerate(found[0]) if document in wanted)
    best = sum(1 / math.log2(at + 2) for at in range(min(10, len(wanted))))
    values.append(gain / best if best else 0)
mean = lambda part: sum(part) / len(part)
print(json.dumps({"all": mean(values), "even": mean(values[0::2]), "odd": mean(values[1::2])}))
