"""The style and the script of pages about words. The script writes text, never markup."""

from __future__ import annotations

from glassnet.lens.style import STYLE

STEPS = 5
"""Strengths in which a word is marked."""


def _strengths() -> str:
    return "".join(
        f".first{at} {{ background: color-mix(in srgb, var(--other) {14 * at}%, transparent); }} "
        f".second{at} {{ background: color-mix(in srgb, var(--network) {14 * at}%, transparent); }} "
        for at in range(1, STEPS + 1)
    )


_OWN = f"""
.map {{ margin: 14px 0; }}
.map svg {{ max-width: none; background: var(--panel); border-radius: 10px; touch-action: pan-y; }}
.map svg text {{ pointer-events: none; paint-order: stroke; stroke: var(--panel); stroke-width: 3px; }}
.map .first {{ fill: var(--other); }}
.map .second {{ fill: var(--network); }}
.map .word {{ cursor: pointer; fill-opacity: .75; }}
.map .word.dim {{ fill-opacity: .12; }}
.map .word.lit {{ fill-opacity: 1; stroke: var(--ink); stroke-width: 2; }}
.map text.name.dim {{ opacity: .15; }}
.map text.tag {{ font-weight: 600; font-size: 15px; }}
.ask {{ display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; }}
input[type=search], textarea {{ font: inherit; font-size: 15px; padding: 8px 12px; min-height: 42px;
  width: 100%; max-width: 320px; border: 1px solid var(--line); border-radius: 8px; background: var(--paper);
  color: var(--ink); }}
textarea {{ max-width: 74ch; min-height: 110px; display: block; }}
:focus-visible {{ outline: 3px solid var(--other); outline-offset: 2px; }}
.told {{ min-height: 1.6em; font-variant-numeric: tabular-nums; margin: 4px 0; }}
.said {{ line-height: 2; max-width: 86ch; }}
.said span {{ border-radius: 4px; padding: 2px 4px; }}
.said .unknown {{ color: var(--soft); }}
{_strengths()}
.swatch.first {{ background: var(--other); border-radius: 2px; }}
.swatch.second {{ background: var(--network); border-radius: 50%; }}
.swatch {{ display: inline-block; width: 12px; height: 12px; margin-right: 6px; vertical-align: -1px; }}
td.number, th.number {{ text-align: right; }}
tr.chosen > * {{ background: var(--panel); font-weight: 600; }}
td.chosen {{ background: var(--unsurepaper); font-weight: 600; }}
.pair {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr));
  gap: 10px 34px; align-items: start; }}
.line.front {{ stroke: var(--network); stroke-width: 1.5; }}
.dot.tried {{ fill: var(--truth); fill-opacity: .6; }}
.dot.best {{ fill: var(--network); }}
.dot.chosen {{ fill: none; stroke: var(--other); stroke-width: 3; }}
.whisker.steps {{ stroke: var(--network); }}
@media screen and (max-width: 640px) {{
  .map text.name {{ display: none; }}
  .map svg text.tag {{ font-size: 30px; }}
}}
@media print {{ .ask, .told {{ display: none; }} }}
"""
PAGE_STYLE = STYLE + _OWN

SCRIPT = """
"use strict";
const written = (v) => (v > 0 ? "+" : "") + String(Number(v.toPrecision(3))).replace("-", "\\u2212");
const make = (tag, text, kind) => {
  const e = document.createElement(tag);
  e.textContent = text;
  if (kind) e.className = kind;
  return e;
};
for (const box of document.querySelectorAll(".map")) {
  const facts = JSON.parse(document.getElementById(box.dataset.facts).textContent);
  const marks = [...box.querySelectorAll(".word")], names = [...box.querySelectorAll("text.name")];
  const tag = box.querySelector("text.tag"), told = box.querySelector(".told");
  const search = box.querySelector("input[type=search]");
  const say = (at) => {
    const [word, pull] = facts.words[at];
    return `${word}: pulls ${written(pull)}, to ${facts.classes[pull > 0 ? 1 : 0]}`;
  };
  function point(at) {
    const mark = marks[at];
    const right = Number(mark.dataset.x) > facts.width * .75;
    tag.setAttribute("x", Number(mark.dataset.x) + (right ? -10 : 10));
    tag.setAttribute("y", Number(mark.dataset.y) - 8);
    tag.setAttribute("text-anchor", right ? "end" : "start");
    tag.textContent = facts.words[at][0];
    told.textContent = say(at);
  }
  function clear() { tag.textContent = ""; told.textContent = ""; }
  function find() {
    const asked = search.value.trim().toLowerCase();
    const found = [];
    if (asked) facts.words.forEach(([word], at) => { if (word.includes(asked)) found.push(at); });
    found.sort((a, b) => rank(a, asked) - rank(b, asked) || a - b);
    const lit = new Set(found);
    marks.forEach((mark, at) => {
      mark.classList.toggle("lit", lit.has(at));
      mark.classList.toggle("dim", asked !== "" && !lit.has(at));
    });
    names.forEach((name) => name.classList.toggle("dim", asked !== ""));
    if (!asked) { clear(); return; }
    if (!found.length) { clear(); told.textContent = `${search.value} is not on the map`; return; }
    point(found[0]);
    told.textContent = found.slice(0, 6).map(say).join("; ");
  }
  const rank = (at, asked) => {
    const word = facts.words[at][0];
    return word === asked ? 0 : word.startsWith(asked) ? 1 : 2;
  };
  search.addEventListener("input", find);
  box.addEventListener("pointerover", (event) => {
    const mark = event.target.closest && event.target.closest(".word");
    if (mark) point(marks.indexOf(mark));
  });
  box.addEventListener("click", (event) => {
    const mark = event.target.closest && event.target.closest(".word");
    if (mark) point(marks.indexOf(mark));
  });
}
const own = document.getElementById("own");
if (own) {
  const net = JSON.parse(document.getElementById("net").textContent);
  const pulls = new Map(net.words), strengths = net.strengths;
  const said = document.getElementById("own-said"), answer = document.getElementById("own-answer");
  const signs = "\\\\u3400-\\\\u4dbf\\\\u4e00-\\\\u9fff\\\\uf900-\\\\ufaff";
  const pattern = new RegExp(`[${signs}]|(?:(?![${signs}])\\\\p{L}){1,60}|[.\\u3002]`, "gu");
  const show = () => {
    const words = own.value.toLowerCase().match(pattern) || [];
    const places = new Map();
    for (const word of words) places.set(word, (places.get(word) || 0) + 1);
    let score = net.bias;
    for (const word of places.keys()) score += pulls.get(word) || 0;
    const largest = Math.max(...words.map((w) => Math.abs(pulls.get(w) || 0) / places.get(w)), 1e-300);
    said.replaceChildren(...words.flatMap((word) => {
      const adds = (pulls.get(word) || 0) / places.get(word);
      const size = Math.round(strengths * Math.abs(adds) / largest);
      const kind = !pulls.has(word) ? "unknown" : size ? (adds < 0 ? "first" : "second") + size : "";
      const mark = make("span", word, kind);
      mark.title = pulls.has(word) ? `${word} adds ${written(adds)}` : `${word} is not known`;
      return [mark, " "];
    }));
    const sure = 1 / (1 + Math.exp(-Math.abs(score)));
    answer.textContent = words.length ? `${net.classes[score >= 0 ? 1 : 0]}, ` +
      `${(100 * sure).toFixed(1)} % sure; score ${written(score)}` : "";
  };
  own.addEventListener("input", show);
  show();
}
"""
