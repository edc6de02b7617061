"""report.html in a real browser: nothing is fetched, nothing in an article becomes markup, and it fits a phone."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest

from tests.articles import Cli
from tests.browser import serve, visit
from tests.hostile import write_corpus

PROBE = b"""<!doctype html><title>probe</title><link rel="icon" href="data:,">
<pre id="out"></pre><iframe id="frame" src="/report.html" style="width:390px;height:800px;border:0"></iframe>
<script>
document.getElementById("frame").onload = event => {
  const page = event.target.contentDocument, view = event.target.contentWindow;
  page.querySelectorAll("details").forEach(one => { one.open = true; });
  document.getElementById("out").textContent = JSON.stringify({
    title: page.title,
    tags: [...new Set([...page.querySelectorAll("*")].map(one => one.localName))],
    attributes: [...new Set([...page.querySelectorAll("*")].flatMap(one => one.getAttributeNames()))],
    ran: view.ran === 1,
    wide: page.documentElement.scrollWidth,
    room: page.documentElement.clientWidth,
    paper: view.getComputedStyle(page.querySelector(".story")).borderTopStyle,
  });
};
</script>"""


def probed(dom: str) -> dict[str, object]:
    found = re.search(r'<pre id="out">(.*?)</pre>', dom, re.DOTALL)
    assert found is not None
    assert found[1], "the page in the frame did not load"
    result: dict[str, object] = json.loads(unescape(found[1]))
    return result


def test_a_report_of_hostile_articles_is_harmless(tmp_path: Path, dedup: Cli) -> None:
    pages = {"/probe.html": PROBE}
    with serve(pages) as site:
        write_corpus(tmp_path / "in", f"{site.address}/evil")
        dedup("run", tmp_path / "in", "-o", tmp_path / "out", "--report", "--quiet")
        pages["/report.html"] = (tmp_path / "out" / "report.html").read_bytes()
        seen = visit(f"{site.address}/probe.html", tmp_path / "profile")
    assert site.asked == ["/probe.html", "/report.html"]
    assert not seen.console
    found = probed(seen.dom)
    assert found["title"] == "3 of 6 articles are copies"
    assert not found["ran"]
    tags, attributes = set(map(str, found["tags"])), set(map(str, found["attributes"]))  # type: ignore[call-overload]
    assert not tags & {"script", "img", "iframe", "link", "base", "form", "object", "embed", "template", "b"}
    assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")]
    assert found["wide"] == found["room"], "the page is wider than a phone"
    assert found["paper"] == "solid", "the style sheet was refused"


@pytest.mark.parametrize(
    "policy", ["", "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"]
)
def test_the_browser_would_tell(tmp_path: Path, policy: str) -> None:
    """What the test above looks for does show where a page is not safe: as a request, or on the console."""
    page = f"<!doctype html><html>{policy}<script>ran = 1</script><img src=/evil>"
    with serve({"/": page.encode()}) as site:
        seen = visit(f"{site.address}/", tmp_path / "profile")
    if policy:
        assert "Content Security Policy" in "".join(seen.console)
    else:
        assert "/evil" in site.asked
