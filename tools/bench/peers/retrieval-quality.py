"""
nDCG@10 of each question by two peers: FOLDER MODEL [LANGUAGE]. FOLDER is Cranfield's or a BEIR folder.

- words: bm25s with its defaults, stop words and Snowball stemmer of the language;
- meaning: whole documents (the first 512 tokens) by the cosine of MODEL's vectors, the better of questions with bge's instruction
  and without. The vectors are the gateway's, which are fastembed's of the same file (the bench `embed` compares them) in a
  quarter of the time. Left out where MODEL is "-".

Relevance is binary.
"""

import json
import math
import os
import re
import sys
import urllib.request

import bm25s
import numpy
import Stemmer

folder, model = sys.argv[1:3]
language = sys.argv[3] if len(sys.argv) > 3 else "english"
instruction = "Represent this sentence for searching relevant passages: "


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


def lines(name):
    return [json.loads(line) for line in open(os.path.join(folder, name), encoding="utf-8")]


if os.path.exists(os.path.join(folder, "cran.qry")):
    documents = [(r["I"], r.get("T", ""), r.get("W", "")) for r in records(f"{folder}/cran.all.1400")]
    questions = [(str(at), r["W"]) for at, r in enumerate(records(f"{folder}/cran.qry"), 1)]
    judged = [line.split() for line in open(f"{folder}/cranqrel")]
    judged = [(q, d) for q, d, grade in (parts for parts in judged if len(parts) == 3) if 1 <= int(grade) <= 4]
else:
    documents = [(d["_id"], d.get("title", ""), d["text"]) for d in lines("corpus.jsonl")]
    questions = [(q["_id"], q["text"]) for q in lines("queries.jsonl")]
    judged = [line.split("\t")[:2] for line in open(f"{folder}/qrels/test.tsv").read().splitlines()[1:]]

relevant = {}
for question, document in judged:
    relevant.setdefault(question, set()).add(document)
tidy = lambda text: re.sub(r"\s+", " ", text).strip()
ids = [document for document, _, _ in documents]
texts = [tidy(f"{title} {text}") for _, title, text in documents]
asked = [tidy(text) for _, text in questions]


def ndcg(question, ranking):
    wanted = relevant.get(question, set())
    gain = sum(1 / math.log2(at + 2) for at, document in enumerate(ranking[:10]) if document in wanted)
    best = sum(1 / math.log2(at + 2) for at in range(min(10, len(wanted))))
    return gain / best if best else 0


stemmer = Stemmer.Stemmer(language)
stop = {"english": "en", "german": "de", "french": "fr"}[language]
index = bm25s.BM25()
index.index(bm25s.tokenize(texts, stopwords=stop, stemmer=stemmer, show_progress=False), show_progress=False)
words = {}
for (question, _), text in zip(questions, asked):
    tokens = bm25s.tokenize([text], stopwords=stop, stemmer=stemmer, show_progress=False)
    found, _ = index.retrieve(tokens, corpus=ids, k=10, show_progress=False)
    words[question] = ndcg(question, list(found[0]))
answer = {"words": words}

def embed(texts):
    vectors = []
    for at in range(0, len(texts), 64):
        body = json.dumps({"model": model, "input": texts[at : at + 64]}).encode()
        request = urllib.request.Request("http://127.0.0.1:11434/api/embed", body, {"content-type": "application/json"})
        vectors += json.load(urllib.request.urlopen(request))["embeddings"]
    return numpy.array(vectors)


if model != "-":
    vectors = embed(texts)
    best = None
    for prefix in (instruction, ""):
        scores = embed([prefix + text for text in asked]) @ vectors.T
        each = {
            question: ndcg(question, [ids[at] for at in numpy.argsort(-row, kind="stable")[:10]])
            for (question, _), row in zip(questions, scores)
        }
        if best is None or sum(each.values()) > sum(best.values()):
            best = each
    answer["meaning"] = best
print(json.dumps(answer))
