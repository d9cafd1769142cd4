/** How the page looks, by day and by night. Contrast of texts is at least 4.5; nothing is told by colour alone. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#ffffff, #14171c);
  --panel: light-dark(#f5f6f8, #1c2027);
  --line: light-dark(#d9dde3, #343b46);
  --text: light-dark(#1b2027, #e6e9ee);
  --quiet: light-dark(#5a6472, #a2acba);
  --now: light-dark(#3266c8, #6d9cf2);
  --before: light-dark(#b4530a, #f0a15e);
  --good: light-dark(#1a7340, #62c98c);
  --warn: light-dark(#8a5a00, #e5b454);
  --bad: light-dark(#b3261e, #f28b82);
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 72rem; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
}
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: .95rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .25rem 0 .75rem; }
.quiet, caption, dt { color: var(--quiet); }
code, .mono { font: .92em ui-monospace, 'SF Mono', Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.state { display: inline-block; padding: .1rem .6rem; border-radius: 1rem; border: 1px solid currentColor; font-size: .85rem; font-weight: 600; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
.tile { background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; }
.tile b { display: block; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile span { color: var(--quiet); font-size: .85rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .35rem; font-size: .85rem; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: normal; }
thead th { color: var(--quiet); font-size: .85rem; }
.number { text-align: right; }
dl { margin: 0; } dl div { display: flex; gap: 1rem; padding: .2rem 0; } dt { flex: 0 0 9rem; } dd { margin: 0; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem; }
figure { margin: 0; background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; }
figure header { display: flex; justify-content: space-between; gap: .5rem; align-items: baseline; }
figcaption, details { font-size: .85rem; color: var(--quiet); }
svg { display: block; width: 100%; height: auto; margin: .5rem 0 .25rem; }
svg .now { fill: var(--now); } svg .before { fill: none; stroke: var(--before); stroke-width: 1.5; } svg .axis { stroke: var(--line); }
svg text { fill: var(--quiet); font-size: 9px; }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: .15rem; vertical-align: -.1rem; margin-right: .35rem; }
.key.now { background: var(--now); } .key.before { border: 2px solid var(--before); }
.bar { background: var(--panel); border-radius: .2rem; } .bar rect { fill: var(--now); }
@media print { body { max-width: none; padding: 0; } figure, .tile { break-inside: avoid; } }
`
