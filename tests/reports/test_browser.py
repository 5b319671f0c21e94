"""The page in a real browser: it asks for nothing, fits a small phone, and opens its proofs in print."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from runs import derivation, everything, hostile

from verify.report import write
from verify.results import Run

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here; apt-get install chromium")

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--allow-file-access-from-files",
)  # fmt: skip
PHONE = 320  # CSS pixels

# A frame as wide as a phone; the page inside is the report as it is.  The script reports what sticks out of it,
# apart from what lies within a box that scrolls by itself.
FRAME = """<!DOCTYPE html><body style="margin:0">
<iframe id="f" src="report.html" width="{width}" height="900" style="border:0"></iframe>
<script>
onload = () => {{
  const page = document.getElementById("f").contentDocument;
  const scrolls = e => {{
    for (; e; e = e.parentElement)
      if (["auto", "scroll"].includes(getComputedStyle(e).overflowX) && e !== page.documentElement) return true;
    return false;
  }};
  const out = [...page.querySelectorAll("body *")]
    .filter(e => e.getBoundingClientRect().right > {width} + 0.5 && !scrolls(e))
    .map(e => e.tagName + "." + e.getAttribute("class"));
  document.body.dataset.result = JSON.stringify({{
    width: page.documentElement.scrollWidth, out: out, marks: page.querySelectorAll("math mo").length,
    tall: Math.max(...[...page.querySelectorAll("mfrac")].map(e => e.getBoundingClientRect().height)),
    alerts: page.querySelectorAll("script, img, iframe, object, embed, link").length,
  }});
}};
</script></body>"""


def browse(folder: Path, page: str, *options: str) -> str:
    """The page's DOM after it has loaded."""
    assert BROWSER is not None
    profile = folder / "profile"
    command = [BROWSER, *FLAGS, f"--user-data-dir={profile}", *options, (folder / page).as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.stdout


def on_a_phone(run: Run, folder: Path, width: int = PHONE) -> dict[str, object]:
    write(run, folder / "report.html")
    (folder / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    dom = browse(folder, "frame.html", "--dump-dom")
    found = re.search(r'data-result="([^"]*)"', dom)
    assert found is not None, dom[-400:]
    result: dict[str, object] = json.loads(found.group(1).replace("&quot;", '"'))
    return result


@pytest.mark.parametrize("make", [derivation, everything, hostile])
def test_the_page_fits_a_small_phone(make: object, tmp_path: Path) -> None:
    result = on_a_phone(make(), tmp_path)  # type: ignore[operator]
    assert result["width"] == PHONE
    assert result["out"] == []
    assert result["alerts"] == 0


def test_the_measurement_sees_what_sticks_out(tmp_path: Path) -> None:
    write(derivation(), tmp_path / "wide.html")
    content = (tmp_path / "wide.html").read_text(encoding="utf-8")
    wide = content.replace("<main>", '<main><div class="wide" style="width:400px">wide</div>')
    (tmp_path / "report.html").write_text(wide, encoding="utf-8")
    (tmp_path / "frame.html").write_text(FRAME.format(width=PHONE), encoding="utf-8")
    dom = browse(tmp_path, "frame.html", "--dump-dom")
    assert "DIV.wide" in dom


def test_formulas_are_laid_out_as_formulas(tmp_path: Path) -> None:
    result = on_a_phone(derivation(), tmp_path, width=1000)
    assert int(str(result["marks"])) > 20
    assert float(str(result["tall"])) > 25  # a fraction has two lines


def requests(folder: Path, page: str) -> set[str]:
    """The addresses at jensen.invalid that the browser asked for, from its own log of the network."""
    log = folder / "net.json"
    browse(folder, page, f"--log-net-log={log}", "--dump-dom")
    content = log.read_text(encoding="utf-8", errors="replace")
    return set(re.findall(r'"url":"([a-z]+://jensen\.invalid[^"]*)"', content))


def test_no_request_is_made_even_without_the_policy(tmp_path: Path) -> None:
    """Hostile names would ask for an image; neither they nor anything else gets the chance."""
    content = write(hostile(), tmp_path / "report.html").read_text(encoding="utf-8")
    assert "http://jensen.invalid/x" in content
    without = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", content)
    assert without != content
    (tmp_path / "report.html").write_text(without, encoding="utf-8")
    assert requests(tmp_path, "report.html") == set()


def test_the_log_would_show_a_request(tmp_path: Path) -> None:
    (tmp_path / "asks.html").write_text('<img src="http://jensen.invalid/a.png">', encoding="utf-8")
    assert requests(tmp_path, "asks.html") == {"http://jensen.invalid/a.png"}


def test_the_policy_stops_what_should_ever_slip_through(tmp_path: Path) -> None:
    write(derivation(), tmp_path / "report.html")
    content = (tmp_path / "report.html").read_text(encoding="utf-8")
    slipped = '<main><img src="http://jensen.invalid/a.png"><script>document.title = "ran"</script>'
    (tmp_path / "report.html").write_text(content.replace("<main>", slipped), encoding="utf-8")
    assert requests(tmp_path, "report.html") == set()
    assert "<title>ran" not in browse(tmp_path, "report.html", "--dump-dom")


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext here; apt-get install poppler-utils")
def test_proofs_are_open_in_print(tmp_path: Path) -> None:
    write(derivation(), tmp_path / "report.html")
    browse(tmp_path, "report.html", "--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'report.pdf'}")
    done = subprocess.run(["pdftotext", tmp_path / "report.pdf", "-"], capture_output=True, text=True, check=True)
    printed = " ".join(done.stdout.split())
    assert "log lies below its tangents" in printed  # the reason of a step, which is folded away on the screen
    assert "How to read this page" in printed
