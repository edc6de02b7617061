"""Articles that try to become markup, wherever something of them is shown."""

from __future__ import annotations

import json
from pathlib import Path

from tests.articles import edited, story, write_jsonl

MARKUP = (
    "</q></code></td></style></title><script>ran = 1</script>",
    "\"'><img src={address}/1 onerror=ran=1>",
    "<b>bold</b> &lt;i&gt; &amp;amp; {{{{ 7 * 7 }}}} {{% raw %}} ]]> -->",
    "</svg><style>@import url({address}/2)</style><link rel=stylesheet href={address}/3>",
    "<base href={address}/4><meta http-equiv=refresh content='0;{address}/5'>",
    "javascript:ran=1 \u202e\u0000\u001b[31m \x85 \u2028",
)
"""Texts that must be shown as they are; `{address}` is a server that nobody may ask."""


def attacks(address: str) -> list[str]:
    """`MARKUP` with the address in it."""
    return [text.format(address=address) for text in MARKUP]


def write_corpus(folder: Path, address: str) -> None:
    """Six articles in three clusters, and a skipped record; markup in texts, titles, ids, names, rules' lines."""
    folder.mkdir()
    texts = attacks(address)
    records = []
    for i in range(3):
        body = f"{story(i)} {texts[i]} {texts[i + 3]}"
        for j, words in enumerate((body, edited(body, 79))):
            lines = [f"Photo: {texts[j]}", words, f"Share this article {texts[i]}", "Share this article"]
            name = f"{texts[i]} {texts[5]} {j}"
            records.append({"id": name, "title": texts[i + 3], "text": "\n".join(lines)})
    records.append({texts[1]: 1})
    write_jsonl(folder / f"{texts[0].replace('/', '∕')[:80]}.jsonl", records)
    (folder / "<img src=x>.txt").write_bytes(b"\xff\xfe\x00" + json.dumps(texts).encode())
