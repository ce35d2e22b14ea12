"""The script and the style of a trace's page. The script writes text, never markup."""

from __future__ import annotations

TRACE_STYLE = """
ul.facts { list-style: none; padding: 0; margin: 10px 0; display: flex; flex-wrap: wrap; gap: 6px 20px; }
.net svg { max-width: none; }
.wire { stroke: var(--line); stroke-width: 1; }
.wire.lit { stroke: var(--network); stroke-width: 2.5; }
.unit { fill: var(--panel); stroke: var(--soft); cursor: pointer; }
.unit.near { stroke: var(--network); stroke-width: 2; }
.unit.lit { fill: var(--network); stroke: var(--network); }
.unit:focus-visible { outline: 2px solid var(--other); outline-offset: 2px; }
svg text.head { font-weight: 600; font-size: 11px; }
button.n, button.plain { position: static; padding: 0 5px; margin: 1px 0; border-radius: 6px;
  font-size: inherit; font-variant-numeric: tabular-nums; color: var(--network); line-height: 1.45; }
button.n:hover { border-color: var(--network); }
button.n.on { background: var(--network); color: var(--paper); border-color: var(--network); }
button.given { color: var(--ink); }
button.plain { color: var(--soft); padding: 1px 9px; }
.card { border-left: 3px solid var(--line); padding: 4px 0 4px 14px; margin: 10px 0; }
.card > .title { font-weight: 600; margin: 0; max-width: none; }
.card > p { margin: 3px 0; max-width: none; }
.card .names { color: var(--soft); font-size: 13px; }
.card .sum { line-height: 1.9; }
.card table { width: auto; min-width: 0; margin: 6px 0; }
.card td { padding: 2px 14px 2px 0; min-width: 0; white-space: nowrap; }
.bar { display: inline-block; height: 9px; border-radius: 3px; background: var(--network); }
.bar.minus { background: var(--other); }
.card.root { border-left-color: var(--network); }
.grid { font-size: 13px; }
.grid .line { display: flex; flex-wrap: wrap; gap: 2px 4px; align-items: baseline; margin: 2px 0; }
.grid .line > span { color: var(--soft); min-width: 5.5em; }
details { margin: 6px 0; }
summary { cursor: pointer; }
@media screen and (max-width: 640px) {
  .card { padding-left: 8px; }
  .card .card { padding-left: 5px; border-left-width: 2px; }
  .card tr { display: block; border-bottom: 1px solid var(--line); }
  .card td { border-bottom: 0; }
  .card td.names { display: block; white-space: normal; }
}
@media print { details, #network, .net, #all, #all ~ * { display: none; } }
"""

SCRIPT = """
"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const ONE = 4294967296, MOST_TERMS = 12, MOST_GRID = 600;
const spread = (runs) => runs.flatMap((r) => Array.isArray(r) ?
  Array.from({length: r[2]}, (_, i) => r[0] + i * r[1]) : [r]);
const places = spread(D.places);
const firsts = D.blocks.map((b) => b[1]);
function sheetOf(rank) {
  let low = 0, high = firsts.length - 1;
  while (low < high) {
    const mid = (low + high + 1) >> 1;
    if (firsts[mid] <= rank) low = mid; else high = mid - 1;
  }
  return D.blocks[low][0];
}
function indexOf(place, shape) {
  const at = [];
  for (let d = shape.length - 1; d >= 0; d--) {
    at.unshift(place % shape[d]);
    place = Math.floor(place / shape[d]);
  }
  return at;
}
function name(rank) {
  if (rank < 0) return "0";
  const sheet = D.sheets[sheetOf(rank)];
  const index = indexOf(places[rank], sheet[3]);
  if (sheet[6].length) index.push(sheet[6][index.pop()]);
  return index.length ? `${sheet[0]}[${index.join(", ")}]` : sheet[0];
}
const value = (rank) => rank < 0 ? 0 : D.values[rank];
const six = (v) => String(Number(v.toPrecision(6))).replace("-", "\\u2212");
const short = (text) => text.replace(/\\d+\\.\\d{6,}(?:e[+-]?\\d+)?/g, (v) => six(Number(v)));
const pretty = (text) => short(text).replaceAll(" ** 2", "\\u00b2").replaceAll(" * ", " \\u00d7 ");
function make(tag, text, kind) {
  const e = document.createElement(tag);
  if (text) e.textContent = text;
  if (kind) e.className = kind;
  return e;
}
const unfolds = (rank) => rank in D.arithmetic;
function button(rank, card) {
  const v = value(rank), b = make("button", six(v), unfolds(rank) ? "n" : "n given");
  if (v < 0) b.textContent = `(${b.textContent})`;
  b.title = `${name(rank)} = ${v}`;
  if (rank >= 0) b.addEventListener("click", () => card ? toggle(card, rank, b) : show(rank));
  return b;
}
function parts(block) {
  const columns = Array.isArray(block[2]) ? block[2].map(spread) : [];
  const count = columns.length ? columns[0].length : block[2];
  return Array.from({length: count}, (_, i) => columns.map((c) => c[i]));
}
function fill(form, row, write, out) {
  for (const bit of form.split(/(\\{\\d+\\})/)) {
    const slot = bit.match(/^\\{(\\d+)\\}$/);
    if (slot) out.append(write(row[Number(slot[1])])); else if (bit) out.append(pretty(bit));
  }
}
function line(pieces, write, kind, most) {
  const out = make("p", "", kind);
  for (const piece of pieces) {
    if (typeof piece === "string") out.append(pretty(piece));
    else if (piece.length === 1) out.append(write(piece[0]));
    else {
      const rows = parts(piece), cut = rows.length > most;
      const shown = cut ? rows.slice(0, most - 2) : rows;
      shown.forEach((row, i) => { if (i) out.append(pretty(piece[1])); fill(piece[0], row, write, out); });
      if (cut) out.append(pretty(piece[1]), `[${(rows.length - shown.length).toLocaleString()} more]`);
      if (!rows.length) out.append("0");
    }
  }
  return out;
}
function table(card, piece) {
  const rows = parts(piece).map((row) => ({row, v: row.reduce((a, r) => a * value(r), 1)}));
  const top = Math.max(...rows.map((r) => Math.abs(r.v))) || 1;
  const box = make("div"), t = make("table"), many = rows.length.toLocaleString();
  const all = make("button", `all ${many} parts`, "plain");
  const order = make("button", "in order", "plain");
  let sorted = true, most = MOST_TERMS;
  function draw() {
    t.replaceChildren();
    const list = sorted ? [...rows].sort((a, b) => Math.abs(b.v) - Math.abs(a.v)) : rows;
    for (const {row, v} of list.slice(0, most)) {
      const tr = make("tr"), sum = make("td"), bar = make("span", "", v < 0 ? "bar minus" : "bar");
      fill(piece[0], row, (r) => button(r, card), sum);
      bar.style.width = `${Math.round(90 * Math.abs(v) / top)}px`;
      tr.append(make("td", pretty(piece[0]).replace(/\\{(\\d+)\\}/g, (_, k) => name(row[Number(k)]))), sum,
        make("td", `= ${six(v)}`), make("td"));
      tr.firstChild.className = "names";
      tr.lastChild.append(bar);
      t.append(tr);
    }
    all.hidden = most >= rows.length;
  }
  all.addEventListener("click", () => { most = Math.min(rows.length, 3000); draw(); });
  order.addEventListener("click", () => {
    sorted = !sorted;
    order.textContent = sorted ? "in order" : "largest first";
    draw();
  });
  draw();
  const scroll = make("div", "", "scroll");
  scroll.append(t);
  const told = `${many} parts are added up; the largest come first:`;
  box.append(make("p", told, "soft small"), scroll, order, " ", all);
  return box;
}
function python(rank) {
  const put = (r) => value(r) < 0 ? `(${value(r)})` : `${value(r)}`;
  return D.arithmetic[rank].map((piece) => {
    if (typeof piece === "string") return piece;
    if (piece.length === 1) return put(piece[0]);
    const texts = parts(piece).map((row) => piece[0].replace(/\\{(\\d+)\\}/g, (_, k) => put(row[Number(k)])));
    return texts.length > 100 ? `sum([${texts.join(", ")}])` : texts.join(piece[1]) || "0";
  }).join("");
}
const isLong = (piece) => piece[0] === "{0} * {1}" && parts(piece).length > MOST_TERMS;
function card(rank) {
  const sheet = D.sheets[sheetOf(rank)], box = make("div", "", "card"), title = make("p", "", "title");
  box.rank = rank;
  title.append(name(rank), " = ", six(value(rank)), " ");
  title.append(make("span", sheet[1], "soft small"));
  box.append(title, make("p", sheet[4] || sheet[2], "small"));
  const pieces = D.arithmetic[rank];
  if (pieces) {
    const names = (r) => name(r);
    box.append(line(pieces, names, "names", 6));
    const long = pieces.some((piece) => isLong(piece));
    const sum = ["= ", ...pieces, " = " + six(value(rank))];
    box.append(line(sum, (r) => button(r, box), "sum", long ? 6 : MOST_TERMS));
    for (const piece of pieces)
      if (isLong(piece)) box.append(table(box, piece));
    if (navigator.clipboard) {
      const copy = make("button", "copy for Python", "plain");
      copy.addEventListener("click", async () => {
        await navigator.clipboard.writeText(python(rank));
        copy.textContent = "copied";
      });
      box.append(copy);
    }
  } else if (!sheet[4] && !GIVEN.has(sheet[1])) {
    box.append(make("p", `It does not unfold on this page. In Python: trace["${sheet[0]}"]` +
      `[${indexOf(places[rank], sheet[3]).join(", ")}]`, "soft small"));
  }
  return box;
}
const GIVEN = new Set(["input", "target", "weight", "bias", "buffer", "constant", "index", "drawn", "raw"]);
function toggle(parent, rank, from) {
  const open = [...parent.children].find((c) => c.rank === rank && c.classList.contains("card"));
  if (open) open.remove(); else parent.append(card(rank));
  from.classList.toggle("on", !open);
  light();
}
function show(rank) {
  const root = card(rank);
  root.classList.add("root");
  document.getElementById("tree").replaceChildren(root);
  light();
  document.getElementById("open").scrollIntoView({behavior: "smooth"});
}
function codes(rank) {
  const at = sheetOf(rank);
  return [at * ONE + places[rank], D.sheets[at][5] * ONE + places[rank]].map(String);
}
function light() {
  const lit = new Set(), near = new Set();
  for (const c of document.querySelectorAll(".card")) {
    codes(c.rank).forEach((k) => lit.add(k));
    for (const piece of D.arithmetic[c.rank] || [])
      if (Array.isArray(piece)) for (const row of piece.length === 1 ? [piece] : parts(piece))
        for (const r of row) if (r >= 0) codes(r).forEach((k) => near.add(k));
  }
  for (const u of document.querySelectorAll(".unit")) {
    u.classList.toggle("lit", lit.has(u.dataset.code));
    u.classList.toggle("near", near.has(u.dataset.code));
  }
  for (const w of document.querySelectorAll(".wire"))
    w.classList.toggle("lit", lit.has(w.dataset.to) && (lit.has(w.dataset.from) || near.has(w.dataset.from)));
}
const rankOf = new Map(places.map((place, rank) => [String(sheetOf(rank) * ONE + place), rank]));
for (const u of document.querySelectorAll(".unit")) {
  const open = () => { const r = rankOf.get(u.dataset.code); if (r !== undefined) show(r); };
  u.addEventListener("click", open);
  u.addEventListener("keydown", (e) => {
    if (e.key === "Enter" || e.key === " ") { e.preventDefault(); open(); }
  });
}
for (const d of document.querySelectorAll("details")) {
  d.addEventListener("toggle", () => {
    const grid = d.querySelector(".grid"), at = D.blocks.findIndex((b) => String(b[0]) === d.dataset.sheet);
    if (grid.childNodes.length || at < 0) return;
    const from = D.blocks[at][1], to = at + 1 < D.blocks.length ? D.blocks[at + 1][1] : places.length;
    const shape = D.sheets[d.dataset.sheet][3], last = shape[shape.length - 1] || 1;
    let row = null, before = -1;
    for (let rank = from; rank < Math.min(to, from + MOST_GRID); rank++) {
      const group = Math.floor(places[rank] / last);
      if (group !== before) {
        row = make("div", "", "line");
        const index = indexOf(places[rank], shape).slice(0, -1);
        row.append(make("span", index.length ? `[${index.join(", ")}, \\u00b7]` : ""));
        grid.append(row);
        before = group;
      }
      row.append(button(rank, null));
    }
    const all = shape.reduce((a, b) => a * b, 1), shown = Math.min(to - from, MOST_GRID);
    const told = `${shown.toLocaleString()} of ${all.toLocaleString()} numbers`;
    if (shown < all) grid.append(make("p", told, "soft small"));
  });
}
show(D.start);
window.scrollTo(0, 0);
"""
