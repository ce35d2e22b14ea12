"""The style and the script of a page with a time slider; both stand in its Content Security Policy."""

from __future__ import annotations

from glassnet.lens.style import STYLE

_SHADES = ("f0a875", "f5c29c", "f8d8c0", "fbe9dd", "fdf5ef", "eef4fe", "dbe8fd", "bfd6fb", "9dc1f8", "79abf5")
_DARK = ("7a3f12", "693c1b", "573721", "432f22", "332823", "222831", "20304a", "1f3a63", "1f467f", "1f529b")
_KINDS = {"0": "#d1570a", "1": "#1f6feb", "2": "#009e73", "3": "#b0549a", "4": "#8a6d00", "5": "#3a9bc9"}
_LIT = {"0": "#f0943e", "1": "#5aa2ff", "2": "#35c79a", "3": "#d98ac6", "4": "#c9a93a", "5": "#79c4ea"}


def _cells(shades: tuple[str, ...]) -> str:
    return "".join(f" .s{at} {{ fill: #{shade}; }}" for at, shade in enumerate(shades))


def _kinds(colors: dict[str, str]) -> str:
    return "".join(
        f" .k{at} {{ fill: {color}; background: {color}; stroke: {color}; }}" for at, color in colors.items()
    )


_OWN = f"""
.stage {{ max-width: 660px; }}
.stage svg {{ max-width: none; }}
.units {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 6px 12px;
  max-width: 1020px; }}
.units .line {{ stroke-width: 2; }}
.controls {{ display: flex; gap: 10px; align-items: center; max-width: 660px;
  margin: 12px 0; flex-wrap: wrap; }}
.controls button {{ position: static; font-size: 15px; padding: 8px 16px; min-height: 42px; }}
.controls input {{ flex: 1 1 220px; height: 42px; accent-color: var(--network); }}
.controls :focus-visible {{ outline: 3px solid var(--other); outline-offset: 2px; }}
.say {{ font-size: 17px; font-variant-numeric: tabular-nums; min-height: 1.6em; }}
.dot {{ stroke: var(--paper); stroke-width: .8; }}
.way {{ fill: none; stroke-width: 2; }}
.line {{ stroke: var(--ink); stroke-width: 3.2; }}
.line.unit {{ stroke-width: 1.6; stroke-dasharray: 7 4; }}
.line.past {{ stroke: var(--soft); stroke-width: 1.1; stroke-dasharray: 5 4; stroke-opacity: .65; }}
.line.curve {{ stroke: var(--network); stroke-width: 2; }}
.dot.now {{ fill: var(--network); }}
.class-surface {{ opacity: .28; }}
.keys svg {{ display: inline-block; width: 16px; height: 16px; vertical-align: -3px; }}
.controls[hidden] {{ display: none; }}
{_cells(_SHADES)}
{_kinds(_KINDS)}
@media screen and (prefers-color-scheme: dark) {{{_cells(_DARK)}{_kinds(_LIT)} }}
rect.k0, rect.k1, rect.k2, rect.k3, rect.k4, rect.k5, svg .sign {{ stroke: none; }}
path.way, path.line {{ fill: none; background: none; }}
svg .sign {{ stroke: var(--paper); stroke-width: .8; }}
@media screen and (max-width: 640px) {{
  .controls input {{ order: -1; flex-basis: 100%; }}
  .stage svg text {{ font-size: 14px; }}
}}
@media print {{ .stage {{ max-width: 140mm; }} .controls {{ display: none; }} }}
"""
PAGE_STYLE = STYLE + _OWN

PAGE_SCRIPT = """
const seen = JSON.parse(document.getElementById("frames").textContent);
const slider = document.querySelector("input[type=range]");
const play = document.getElementById("play");
const moving = [...document.querySelectorAll("[data-from]")];
const cells = [];
for (const { key, side, left, top, width, height } of seen.boards) {
  const made = [];
  for (let row = 0; row < side; row++) for (let column = 0; column < side; column++) {
    const cell = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    cell.setAttribute("x", left + column * width / side);
    cell.setAttribute("y", top + (side - 1 - row) * height / side);
    cell.setAttribute("width", width / side + .4);
    cell.setAttribute("height", height / side + .4);
    document.getElementById(key).appendChild(cell);
    made.push(cell);
  }
  cells.push(made);
}
let timer = null;
function show(at) {
  slider.value = at;
  slider.setAttribute("aria-valuetext", seen.texts[at]);
  document.getElementById("say").textContent = seen.texts[at];
  for (const mark of moving) {
    const from = Number(mark.dataset.from), to = Number(mark.dataset.to);
    mark.style.display = from <= at && at <= to ? "" : "none";
    mark.classList.toggle("past", at > from && to > from && mark.dataset.fades === "1");
  }
  seen.boards.forEach(({ kind, frames }, number) => {
    const digits = frames[Math.min(at, frames.length - 1)];
    cells[number].forEach((cell, place) => cell.setAttribute("class", kind + digits[place]));
  });
}
function stop() { clearInterval(timer); timer = null; play.textContent = "Play"; }
function step(by) { show(Math.max(0, Math.min(Number(slider.max), Number(slider.value) + by))); }
play.addEventListener("click", () => {
  if (timer) { stop(); return; }
  if (Number(slider.value) >= Number(slider.max)) show(0);
  play.textContent = "Pause";
  timer = setInterval(() => {
    step(1);
    if (Number(slider.value) >= Number(slider.max)) stop();
  }, Math.max(40, Math.min(400, 8000 / seen.texts.length)));
});
slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
document.getElementById("back").addEventListener("click", () => { stop(); step(-1); });
document.getElementById("on").addEventListener("click", () => { stop(); step(1); });
show(Number(slider.max));
"""
