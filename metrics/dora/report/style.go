package report

import "html/template"

// style is the only style of a page. Against what is behind them, texts have a contrast of 4.5 to 1 or more in both schemes, and
// marks one of 3 to 1, but for the bars of intervals, which stand behind the points.
const style template.CSS = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1a2027;--soft:#5a6572;--line:#dfe3e8;--grid:#e9ecf0;
--accent:#2b5fc7;--band:#b7cbf3;--count:#6688cc;--warn:#b4481c;--n:#8b96a3;--s0:#5b8def;--s1:#2f4f8f;--s2:#c4861c;--s3:#3f9b84}
@media (prefers-color-scheme:dark){:root{--page:#12161b;--card:#1a2027;--ink:#e7ebf0;--soft:#a0abb8;--line:#2e3741;--grid:#262e37;
--accent:#8ab0ff;--band:#3a5283;--count:#6486c4;--warn:#ff9d73;--n:#68747f;--s0:#7aa5ff;--s1:#4a6db5;--s2:#e2ab52;--s3:#4fb59c}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
main{max-width:1120px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:28px;line-height:1.2;margin:0 0 6px;letter-spacing:-.01em}
h2{font-size:19px;line-height:1.3;margin:44px 0 12px}
h3{font-size:15px;margin:0;font-weight:600}
p{margin:0 0 8px;max-width:78ch}
.about,.soft,.cap,.more{color:var(--soft)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(196px,1fr));gap:12px;margin:24px 0 0;padding:0;list-style:none}
.card,figure,.box{background:var(--card);border:1px solid var(--line);border-radius:10px}
.card{padding:14px 16px 12px;display:flex;flex-direction:column}
.card h3{font-size:13px;color:var(--soft);min-height:2.6em;line-height:1.3}
.value{font-size:25px;line-height:1.25;font-weight:650;letter-spacing:-.01em;margin:2px 0 4px;font-variant-numeric:tabular-nums}
.value.none{color:var(--soft);font-weight:500}
.facts{font-size:13px;margin:0}
.facts div{display:flex;justify-content:space-between;gap:10px;border-top:1px solid var(--grid);padding:3px 0}
.facts dt{color:var(--soft);white-space:nowrap}.facts dd{margin:0;text-align:right;font-variant-numeric:tabular-nums}
.more{font-size:12px;line-height:1.45;margin:6px 0 0;padding:0;list-style:none}
.tier{display:inline-block;border:1px solid var(--accent);color:var(--accent);border-radius:999px;padding:0 8px;font-size:12px;line-height:18px;white-space:nowrap}
figure{margin:0 0 14px;padding:14px 16px 8px}
figcaption{display:flex;flex-wrap:wrap;gap:4px 18px;align-items:center;margin:0 0 6px}
.cap{font-size:12px;display:inline-flex;align-items:center;gap:6px}
.cap svg{flex:none}
.scroll{overflow-x:auto}
.chart{display:block;width:100%;min-width:680px;height:auto}
svg text{fill:var(--soft);font-size:12px;font-variant-numeric:tabular-nums}
svg text.label{fill:var(--ink);paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
.grid{stroke:var(--grid)}.base{stroke:var(--n)}
.band{fill:var(--band)}.count{fill:var(--count)}.part{opacity:.55}.n{fill:var(--n)}
.dot{fill:var(--accent)}.hollow{fill:var(--card);stroke:var(--accent);stroke-width:1.5}.open{fill:var(--card);stroke:var(--warn);stroke-width:1.5}
.quantile{stroke:var(--accent);stroke-width:1.5}.mean{stroke:var(--warn);stroke-width:1.5;stroke-dasharray:4 3}.rug{stroke:var(--ink);opacity:.6}
.whisker{stroke:var(--count);stroke-width:3;stroke-linecap:round}
.stage0{fill:var(--s0)}.stage1{fill:var(--s1)}.stage2{fill:var(--s2)}.stage3{fill:var(--s3)}
g:hover>.band,g:hover>.count{filter:brightness(.9)}
details{margin:4px 0 6px;font-size:13px}
summary{color:var(--soft);cursor:pointer;width:max-content}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}
.box{padding:6px 16px 10px}.box+p{margin-top:8px}p+.box{margin-top:12px}
.box table,figure .wide{width:100%}
th,td{padding:5px 12px 5px 0;text-align:left;vertical-align:top;border-top:1px solid var(--grid)}
thead th{border-top:0;color:var(--soft);font-weight:500;vertical-align:bottom;white-space:nowrap}
tbody th{font-weight:600}
.r{text-align:right}
td.r{white-space:nowrap}
.services td,.services th{padding-right:16px;overflow-wrap:normal}
.services th bdi{overflow-wrap:anywhere}
.services tbody th{min-width:110px}
.services .pic{min-width:148px}.services .rework{min-width:72px}
.services b{font-weight:600;margin-right:6px;white-space:nowrap}
.services svg{display:block;margin:2px 0}
.services .soft{font-size:12px;display:block;max-width:168px}
.axis{display:flex;justify-content:space-between;width:140px;font-size:11px;font-weight:400}
bdi.id{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.93em}
@media print{:root{color-scheme:light;--page:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc;--grid:#e4e4e4;--accent:#2b5fc7;--band:#b7cbf3;--count:#6688cc;--warn:#b4481c;--n:#8b96a3;--s0:#5b8def;--s1:#2f4f8f;--s2:#c4861c;--s3:#3f9b84}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{font-size:11px}main{max-width:none;padding:0}h2{break-after:avoid}details:not([open]){display:none}.card,figure,tr{break-inside:avoid}thead{display:table-header-group}
.scroll{overflow:visible}.chart{min-width:0}.cards{grid-template-columns:repeat(5,1fr);gap:6px}.card{padding:8px}.value{font-size:17px}.services .pic,.services td,.services th,.services tbody th{min-width:0;padding-right:8px}.services{font-size:9px}.services .soft{font-size:8.5px;white-space:normal}}
`
