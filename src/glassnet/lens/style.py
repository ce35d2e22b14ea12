"""The one style and the one script of a page. Colours are variables: light, dark, always light on paper."""

from __future__ import annotations

_LIGHT = """
  --paper: #ffffff; --panel: #f4f6f9; --ink: #1a1f26; --soft: #58626e; --line: #d9dfe6;
  --network: #1a66d9; --truth: #7a838d; --other: #b45309;
  --good: #1a7f37; --bad: #c62828; --unsure: #8a6100;
  --goodpaper: #e9f6ec; --badpaper: #fdecec; --unsurepaper: #fdf5e0;
"""
_DARK = """
  --paper: #0f1318; --panel: #181e26; --ink: #e4e9ef; --soft: #9aa6b2; --line: #2e3742;
  --network: #5aa2ff; --truth: #98a4b0; --other: #f0943e;
  --good: #4cc26a; --bad: #ff7b72; --unsure: #e0b040;
  --goodpaper: #12291a; --badpaper: #331a1c; --unsurepaper: #2c2410;
"""
_TEXT = """
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei",
    "Noto Sans CJK SC", sans-serif; }
main, header, footer { max-width: 1060px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 34px; }
.kicker { color: var(--soft); font-size: 14px; letter-spacing: .04em; margin: 0; }
h1 { font-size: 30px; line-height: 1.2; margin: 4px 0 16px; }
h2 { font-size: 21px; margin: 44px 0 10px; padding-top: 14px; border-top: 1px solid var(--line); }
header h2 { margin: 20px 0 8px; padding-top: 0; border-top: 0; }
header p.soft { max-width: none; }
h3 { font-size: 16px; margin: 26px 0 6px; }
p { margin: 8px 0; max-width: 74ch; }
a { color: var(--network); }
nav { font-size: 14px; margin: 18px 0 0; }
nav a { margin-right: 16px; text-decoration: none; white-space: nowrap; display: inline-block; }
.answer { font-size: 18px; max-width: 86ch; }
.soft, figcaption p { color: var(--soft); }
.small { font-size: 14px; }
footer { margin-top: 48px; padding-top: 14px; padding-bottom: 36px; border-top: 1px solid var(--line);
  font-size: 13px; color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px;
  margin: 20px 0 0; }
.panel { background: var(--panel); border-radius: 10px; padding: 12px 16px; }
.panel b { display: block; font-size: 26px; line-height: 1.25; }
.panel span { display: block; font-size: 14px; color: var(--soft); }
.aside { background: var(--panel); }
.verdict { border-radius: 10px; padding: 10px 16px; margin: 14px 0 0; max-width: none; }
.better { background: var(--goodpaper); }
.worse { background: var(--badpaper); }
.unsure, .doubts { background: var(--unsurepaper); }
.better b { color: var(--good); }
.worse b { color: var(--bad); }
.unsure b { color: var(--unsure); }
.doubts { border-radius: 10px; padding: 12px 16px 12px 36px; margin: 10px 0; }
.doubts li { margin: 6px 0; }
.scroll { overflow-x: auto; margin: 10px 0; }
table { border-collapse: collapse; font-size: 14px; min-width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 7px 14px 7px 0; overflow-wrap: normal;
  border-bottom: 1px solid var(--line); }
td, tbody th { min-width: 6.5em; }
.short { white-space: nowrap; min-width: 0; }
th { font-weight: 600; }
thead th small { display: block; font-weight: 400; color: var(--soft); min-width: 9em; }
td small { display: block; color: var(--soft); }
td.long { min-width: 16em; overflow-wrap: anywhere; }
tr.ours > * { background: var(--panel); font-weight: 600; }
tr.ours small { font-weight: 400; }
tr.ours > :first-child { padding-left: 8px; }
dl { columns: 2 380px; column-gap: 34px; margin: 0; }
dt { font-weight: 600; padding: 10px 0 0; break-after: avoid; }
dd { margin: 0; break-inside: avoid; max-width: 74ch; color: var(--soft); }
th a { text-decoration: none; border-bottom: 1px dotted var(--soft); }
summary { cursor: pointer; font-weight: 600; margin: 18px 0 6px; }
.code { position: relative; }
pre { background: var(--panel); border-radius: 10px; padding: 14px 16px; margin: 6px 0; overflow-x: auto;
  font: 13px/1.5 ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, monospace; }
button { position: absolute; top: 8px; right: 8px; font: inherit; font-size: 13px; padding: 3px 12px;
  border: 1px solid var(--line); border-radius: 7px; background: var(--paper); color: var(--ink);
  cursor: pointer; }
button[hidden] { display: none; }
"""
_CHARTS = """
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr));
  gap: 22px 34px; }
.flow { columns: 2 400px; column-gap: 34px; }
.flow > :first-child { margin-top: 0; }
figure { margin: 14px 0; min-width: 0; break-inside: avoid; }
figure.wide { grid-column: 1 / -1; }
figcaption b { font-size: 16px; }
figcaption p { font-size: 14px; margin: 2px 0 8px; }
svg { display: block; width: 100%; max-width: 520px; height: auto; }
.wide svg { max-width: none; }
.narrow { display: none; }
svg text { font-size: 12px; fill: var(--ink); }
svg .tick, svg .title, svg .none { fill: var(--soft); }
svg .half { font-size: 11px; }
svg .value { font-variant-numeric: tabular-nums; }
.grid { stroke: var(--line); }
.axis { stroke: var(--soft); }
.line { fill: none; stroke-width: 1.7; stroke-linejoin: round; stroke-linecap: round; }
.line.truth { stroke-width: 1.3; }
.line.ideal { stroke-dasharray: 5 4; stroke-width: 1.2; }
.rule { stroke-dasharray: 3 3; }
.whisker { stroke-width: 2; }
.line.network, .whisker.network, .rule.network { stroke: var(--network); }
.line.truth, .whisker.truth, .rule.truth { stroke: var(--truth); }
.line.other, .whisker.other, .rule.other { stroke: var(--other); }
.line.ideal, .whisker.ideal, .rule.ideal { stroke: var(--soft); }
.dot.network, .bar.network, .band.network, .tile.network, .cell { fill: var(--network); }
.dot.truth, .bar.truth { fill: var(--truth); }
.dot.other, .bar.other { fill: var(--other); }
.band { opacity: .18; }
.bar { fill-opacity: .6; }
.dot.many { fill-opacity: .4; }
.cell.miss { fill: var(--bad); }
.frame { fill: none; stroke: var(--line); }
.legend { font-size: 13px; color: var(--soft); margin: 4px 0 0; }
.legend > span { margin-right: 16px; display: inline-block; }
.key { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; }
.key.network { background: var(--network); }
.key.pale { opacity: .3; }
.key.truth { background: var(--truth); }
.key.other { background: var(--other); }
.key.ideal { background: var(--soft); height: 3px; vertical-align: middle; }
.passage { white-space: pre-wrap; font-size: 15px; line-height: 1.7; }
.nats1 { background: rgb(224 122 30 / .14); }
.nats2 { background: rgb(224 122 30 / .32); }
.nats3 { background: rgb(224 122 30 / .55); }
.nats4 { background: rgb(224 122 30 / .85); }
figure > pre { white-space: pre-wrap; }
"""
_PHONE = """
  body { font-size: 15px; }
  h1 { font-size: 25px; }
  .answer { font-size: 17px; }
  main, header, footer { padding-left: 16px; padding-right: 16px; }
  .broad { display: none; }
  .narrow { display: block; }
  .tiles { grid-template-columns: repeat(2, 1fr); }
  .tiles > :last-child:nth-child(odd) { grid-column: 1 / -1; }
  .panel { padding: 10px 12px; }
  .panel b { font-size: 21px; }
  svg text { font-size: 13px; }
"""
_PAPER = """
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10.5pt; }
  nav, button { display: none; }
  header { padding-top: 0; }
  main, header, footer { max-width: none; padding-left: 0; padding-right: 0; }
  .scroll, pre { overflow: visible; }
  details::details-content { content-visibility: visible; block-size: auto; }
  pre { white-space: pre-wrap; }
  h2 { margin-top: 26px; }
  h2, h3 { break-after: avoid; }
  tr, .panel, li { break-inside: avoid; }
  .charts { grid-template-columns: 1fr 1fr; gap: 8px 24px; }
  table { font-size: 9pt; }
  th, td { overflow-wrap: anywhere; min-width: 0; }
  .tiles { grid-template-columns: repeat(3, 1fr); }
  svg text { font-size: 13px; }
  .flow { columns: 2; }
"""
STYLE = f"""
:root {{ color-scheme: light dark;{_LIGHT}}}
@media (prefers-color-scheme: dark) {{ :root {{{_DARK}}} }}
{_TEXT.strip()}
{_CHARTS.strip()}
@media screen and (max-width: 640px) {{{_PHONE}}}
@media print {{ :root {{ color-scheme: light;{_LIGHT}}}{_PAPER}}}
@page {{ margin: 15mm; }}
"""

SCRIPT = """
for (const button of document.querySelectorAll("button")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.nextElementSibling.textContent);
    button.textContent = "copied";
  });
}
"""
