"""The head of every page: it may load nothing from anywhere, and runs the one script that it came with."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from glassnet.lens.markup import Markup, element


def document_head(
    title: str, style: str, script: str, *, styled_elements: bool = False, pictures: bool = False
) -> Markup:
    """Return the head of a page that makes no network access.

    Args:
        title: of the window.
        style, script: the page's own; their digests are all that the page's policy allows.
        styled_elements: elements may carry a style of their own.
        pictures: elements may hold pictures within themselves (``data:``), and none from anywhere else.
    """
    return element(
        "head",
        element("meta", charset="utf-8"),
        element(
            "meta",
            http_equiv="Content-Security-Policy",
            content=_policy(style, script, styled_elements, pictures),
        ),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(style)),
    )


def embedded(data: Any, key: str) -> Markup:
    """Return a script element that holds data for the page's script and cannot be ended by them."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return element("script", Markup(text.replace("<", "\\u003c")), id=key, type="application/json")


def _policy(style: str, script: str, styled_elements: bool, pictures: bool) -> str:
    styles = f"style-src {_digest(style)}"
    if styled_elements:
        styles = f"style-src-elem {_digest(style)}; style-src-attr 'unsafe-inline'"
    scripts = f"script-src {_digest(script)}"
    images = " img-src data:;" if pictures else ""
    return f"default-src 'none';{images} {styles}; {scripts}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
