"""The page's style: one accent, light and dark by the reader's setting, and print."""

STYLE = """
:root {
  --paper: #fff; --ink: #16191d; --muted: #565d66; --rule: #d4d8dd; --faint: #e6e9ed;
  --accent: #1b5e9b; --wrong: #b3261e;
  --c2: #d9e7f4; --c1: #a9c9e6; --c0: #73a6d3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --ink: #e9ebee; --muted: #a3abb5; --rule: #3a4149; --faint: #2a3037;
    --accent: #79b4ea; --wrong: #ff9c8f;
    --c2: #203346; --c1: #294d70; --c0: #336797;
  }
}
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 5rem; max-width: 66rem;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
h1 { font-size: clamp(1.6rem, 4vw, 2.3rem); line-height: 1.2; margin: 0 0 .6rem; }
h1, h2, h3, h4 { font-weight: 650; text-wrap: balance; }
h2 { font-size: 1.45rem; line-height: 1.25; margin: 4rem 0 1rem; padding-top: 1.2rem;
  border-top: 2px solid var(--ink); }
h3 { font-size: 1.12rem; margin: 2.8rem 0 .6rem; overflow-wrap: anywhere; }
h4 { font-size: 1rem; margin: 2rem 0 .4rem; }
p, dl, ul { margin: 0 0 1rem; }
p, .lead { max-width: 44rem; }
.lead { font-size: 1.15rem; }
.made, figcaption, caption, .legend, .key-to-sequences p, noscript { color: var(--muted); }
.made { font-size: .9rem; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
main:focus { outline: none; }
.skip { position: absolute; left: -100rem; background: var(--paper); padding: .5rem 1rem; }
.skip:focus { left: 1rem; top: .5rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0;
  margin: 1.5rem 0 0; }
nav a { display: inline-block; padding: .2rem 0; }
bdi.id { overflow-wrap: anywhere; }
table bdi.id { display: inline-block; max-width: 22rem; overflow-wrap: break-word; }
.nowrap { white-space: nowrap; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr));
  gap: 1.25rem 1.5rem; margin: 1.5rem 0 2rem; }
.numbers div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.numbers dd { margin: 0; font-size: 2.1rem; line-height: 1.15; font-weight: 300; }
.numbers dt { color: var(--muted); font-size: .88rem; line-height: 1.35; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
  gap: 2.5rem 3rem; margin: 2rem 0; align-items: start; }
.figures > * { min-width: 0; }
.figures .wide { margin-top: 0; }
figure { margin: 0; max-width: 31rem; }
figcaption { font-size: .9rem; line-height: 1.45; margin-bottom: .5rem; }
figcaption strong { color: var(--ink); font-weight: 650; }
figure svg:not(.key) { display: block; width: 100%; height: auto; overflow: visible; }
svg text { fill: var(--muted); font-size: 11.5px; font-family: inherit; }
svg .title { fill: var(--ink); }
svg .grid { stroke: var(--faint); stroke-width: 1; fill: none; }
svg .main { fill: var(--accent); }
svg .small { fill: var(--accent); fill-opacity: .55; }
svg .hollow { fill: var(--paper); stroke: var(--accent); stroke-width: 1.8; }
svg .spread { stroke: var(--accent); stroke-width: 1.2; fill: none; }
svg .bar { fill: var(--accent); }
svg circle.faint, svg .faint { fill: var(--rule); }
svg .line-main { stroke: var(--accent); stroke-width: 1.8; fill: none; }
svg .line-rest { stroke: var(--muted); stroke-width: 1.4; stroke-dasharray: 5 3; fill: none; }
svg .ideal { stroke: var(--muted); stroke-width: 1.2; stroke-dasharray: 1.5 3; fill: none; }
.key { width: 22px; height: 12px; margin-right: .4rem; }
.legend { display: flex; flex-wrap: wrap; gap: .15rem 1.25rem; list-style: none; padding: 0;
  font-size: .85rem; margin: 0 0 .4rem; }
.wide { overflow-x: auto; margin: 1.2rem 0 1.6rem; max-width: 100%; }
table { border-collapse: collapse; font-size: .9rem; line-height: 1.35; }
caption { text-align: left; caption-side: top; padding-bottom: .45rem; font-size: .9rem; }
caption span { display: block; position: sticky; left: 0;
  max-width: min(44rem, calc(100vw - 2.5rem)); }
th, td { padding: .32rem .9rem .32rem 0; text-align: left; vertical-align: baseline; }
th:last-child, td:last-child { padding-right: 0; }
th { font-weight: 400; }
thead th { color: var(--muted); font-size: .84rem; vertical-align: bottom;
  border-bottom: 1px solid var(--ink); max-width: 11rem; }
tbody tr { border-bottom: 1px solid var(--faint); }
.n { text-align: right; white-space: nowrap; }
thead .n { white-space: normal; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; margin: 0;
  cursor: pointer; text-align: inherit; text-decoration: underline dotted;
  text-underline-offset: .2em; }
th[aria-sort] button { color: var(--ink); font-weight: 650; }
th[aria-sort=ascending] button::after { content: " ↑"; }
th[aria-sort=descending] button::after { content: " ↓"; }
details { margin: .6rem 0; }
summary { color: var(--accent); cursor: pointer; font-size: .88rem; width: fit-content; }
.confusion { font-size: .78rem; }
.confusion th, .confusion td { padding: .15rem .3rem; text-align: center; min-width: 1.75rem;
  border: 0; }
.confusion thead th { border-bottom: 1px solid var(--rule); }
.confusion td { background: color-mix(in srgb, var(--accent) calc(var(--p) * .45%), transparent); }
.confusion .same { outline: 1.5px solid var(--ink); outline-offset: -2px; }
.strip { display: flex; flex-wrap: wrap; gap: .3rem; font: 600 1rem/1 ui-monospace, Menlo, Consolas,
  "DejaVu Sans Mono", monospace; margin: 1.2rem 0 .5rem; }
.strip span { padding: .35rem .5rem; border: 1.5px solid transparent; color: var(--muted);
  font-weight: 400; }
.strip .read { border-color: var(--ink); color: var(--ink); font-weight: 700; }
.strip .group { border: 1.5px dashed var(--ink); color: var(--ink); }
pre { font: .84rem/1.5 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  overflow-x: auto; margin: .6rem 0 1.2rem; padding: .8rem 0; border-block: 1px solid var(--rule); }
.seq { font: .9rem/1.3 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  margin: .4rem 0; max-width: 62rem; }
.seq > span, .chunk > span { display: inline-block; vertical-align: top; margin: 0 .1rem .45rem 0; }
.seq i, .seq b, .seq u, .seq em { display: block; font-style: normal; font-weight: 400;
  text-decoration: none; white-space: pre; }
.seq i, .seq u { color: var(--muted); }
.seq i { font-size: .7rem; }
.seq em { color: var(--wrong); font-weight: 700; }
.o { font-weight: 700; }
.c2 { background: var(--c2); } .c1 { background: var(--c1); } .c0 { background: var(--c0); }
.w { text-decoration: underline 2.5px var(--wrong); text-underline-offset: .18em; }
.seq .w { text-decoration-skip-ink: none; }
.sample { font: .95rem/1.2 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  padding: .05rem .35rem; border: 1px solid var(--rule); color: var(--ink); }
.sample.o { font-weight: 700; }
.chunk { content-visibility: auto; contain-intrinsic-size: auto 18rem; }
.example { margin: 1.2rem 0 .2rem; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem; align-items: baseline;
  margin: 1.6rem 0 .4rem; }
.tools[hidden], .printed { display: none; }
.tools label { color: var(--muted); }
input[type=search], .tools button { font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--muted); border-radius: 3px; padding: .3rem .6rem; }
input[type=search] { width: 16rem; max-width: 100%; }
.tools button { cursor: pointer; }
.list table { width: 100%; }
button.open { font: inherit; color: var(--accent); background: none; border: 0; padding: 0;
  cursor: pointer; text-align: left; max-width: min(22rem, 45vw); display: inline-flex; }
button.open bdi { min-width: 0; overflow-wrap: break-word; text-decoration: underline;
  text-underline-offset: .15em; }
button.open::before { content: "+"; flex: 0 0 1.1em; color: var(--muted); }
button.open[aria-expanded=true]::before { content: "−"; }
tr.opened > td { padding: .6rem 0 1.4rem; white-space: normal; }
.inside { position: sticky; left: 0; width: min(100%, calc(100vw - 2.5rem)); max-width: 64rem; }
.inside ul { margin: .2rem 0 .6rem; padding-left: 1.2rem; font-size: .88rem; }
.commands code { display: block; padding-left: 4ch; text-indent: -4ch; white-space: pre-wrap;
  overflow-wrap: anywhere; margin-bottom: .3rem; font: inherit; }
.words { display: grid; grid-template-columns: minmax(9rem, 16rem) minmax(0, 40rem);
  gap: .35rem 1.5rem; }
.words dt { font-weight: 650; } .words dd { margin: 0; }
@media (max-width: 40rem) {
  body { padding: 1.5rem 1rem 3rem; }
  th, td { padding-right: .7rem; }
  .numbers { grid-template-columns: 1fr 1fr; }
  .words { grid-template-columns: 1fr; } .words dd { margin-bottom: .5rem; }
  .inside { width: calc(100vw - 2rem); }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  :root {
    --paper: #fff; --ink: #000; --muted: #444; --rule: #bbb; --faint: #ddd; --accent: #1b5e9b;
    --wrong: #a01810; --c2: #d9e7f4; --c1: #a9c9e6; --c0: #73a6d3;
  }
  @page { size: A4; margin: 16mm 15mm; }
  html { font-size: 10.5pt; color-scheme: light; }
  body { padding: 0; max-width: none; print-color-adjust: exact;
    -webkit-print-color-adjust: exact; }
  nav, .skip, .tools, summary, noscript { display: none; }
  .printed { display: block; }
  h2 { margin-top: 2rem; } h2, h3, h4, caption, .example { break-after: avoid; }
  figure, tr, .numbers, .seq > span, .chunk > span, .confusion, .readout { break-inside: avoid; }
  .figures { grid-template-columns: 1fr 1fr; gap: 1.5rem; }
  .numbers { grid-template-columns: repeat(5, 1fr); } .numbers dd { font-size: 1.6rem; }
  button.open { color: inherit; } button.open::before { content: none; }
  .chunk { content-visibility: visible; }
  .wide { overflow: visible; } table { font-size: .78rem; } .confusion { font-size: .62rem; }
  .confusion th, .confusion td { min-width: 0; padding: .12rem .2rem; }
  thead { display: table-header-group; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  a { color: inherit; text-decoration: none; }
}
"""
