/** The style of a report: follows the reader's light or dark, and prints black on white. */
export const reportStyle = `
:root { color-scheme: light dark; --ground: #fbfbfa; --text: #1b1d21; --quiet: #5d646e; --line: #dcdfe3; --good: #1a7f4b; --bad: #b3261e; --warn: #8a5a00 }
@media (prefers-color-scheme: dark) { :root { --ground: #121417; --text: #e6e8eb; --quiet: #9aa3ae; --line: #2c3138; --good: #5cc98b; --bad: #ff8a80; --warn: #e0b050 } }
body { margin: 0 auto; max-width: 66rem; padding: 2rem 1.5rem; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: break-word }
th { color: var(--quiet); font-weight: 600 } table.checks td:first-child { width: 46% } table.items td:first-child { width: 52% } td { word-break: break-word } td.short { white-space: nowrap; word-break: normal }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem } dd { margin: 0 }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
small, dt { color: var(--quiet) } ul, ol { margin: 0; padding-left: 1.2rem }
code, pre { font: 12px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap }
tr.ok td:nth-child(2), .clean h2 { color: var(--good) } tr.limited td:nth-child(2), .limited h2 { color: var(--bad) } .open h2 { color: var(--warn) }
tr.high > td:first-child { border-left: 3px solid var(--warn) } tr.nothing { color: var(--quiet) }
@media print {
  :root { color-scheme: light; --ground: #fff; --text: #000; --quiet: #444; --line: #bbb; --good: #064; --bad: #900; --warn: #630 }
  body { max-width: none; padding: 0; font-size: 10pt } tr, section > h2 { break-inside: avoid; break-after: auto } h2 { break-after: avoid } thead { display: table-header-group }
  @page { margin: 16mm }
}
`
