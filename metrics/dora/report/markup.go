package report

// pageTemplate is the page. What events say is text in it, whatever it holds: html/template escapes each place for what it is.
const pageTemplate = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{visible .Title}}</title>
<style>{{.Style}}</style>
</head>
<body>
<main>
<header>
<h1>{{visible .Title}}</h1>
<p class="about">{{template "sentence" .About}}</p>
</header>
<ul class="cards">
{{- range .Cards}}
<li class="card">
<h3>{{.Name}}</h3>
<div class="value{{if not .Known}} none{{end}}">{{.Value}}</div>
{{- if .Known}}
<dl class="facts">
<div><dt>n</dt><dd>{{.N}}</dd></div>
{{- if ne .Interval "-"}}
<div><dt>interval</dt><dd>{{.Interval}}</dd></div>
{{- end}}
{{- if .Tier}}
<div><dt>tier{{with .TierOf}} {{.}}{{end}}</dt><dd><span class="tier">{{visible (print .Tier)}}</span></dd></div>
{{- end}}
</dl>
{{- end}}
{{- if .More}}
<ul class="more">{{range .More}}<li>{{.}}</li>{{end}}</ul>
{{- end}}
</li>
{{- end}}
</ul>
{{- if .Empty}}
<p class="soft" style="margin-top:24px">No deployment finished in this window, so that there is little to draw.</p>
{{- end}}
{{- if .Charts}}
<h2>Charts</h2>
{{- range .Charts}}
{{template "chart" .}}
{{- end}}
{{- end}}
{{- with .Services}}
<h2>Services</h2>
<p class="soft">Each with its interval, on one scale a column. Where two intervals overlap, the services may well be the same. What stands for all services pools their samples; it is no average of these.</p>
{{template "services" .}}
{{- end}}
{{template "section" .Further}}
{{- range .Compared}}
{{template "section" .}}
{{- end}}
{{template "section" .Loose}}
{{template "section" .Legend}}
</main>
</body>
</html>
{{define "sentence"}}{{range .}}{{template "cell" .}}{{end}}{{end}}
{{- define "cell"}}{{if .IsForeign}}<bdi class="id">{{visible .Text}}</bdi>{{else}}{{visible .Text}}{{end}}{{end}}
{{- define "section"}}
<h2>{{visible .Name}}</h2>
{{- range .Before}}
<p>{{template "sentence" .}}</p>
{{- end}}
{{- if .Table.Rows}}
<div class="box scroll">{{template "table" .Table}}</div>
{{- end}}
{{- range .After}}
<p class="soft">{{template "sentence" .}}</p>
{{- end}}
{{- end}}
{{- define "table"}}<table>
<thead><tr>{{range .Columns}}<th scope="col"{{if .IsRight}} class="r"{{end}}>{{visible .Name}}</th>{{end}}</tr></thead>
<tbody>
{{- $t := .}}
{{- range .Rows}}
<tr>{{range $i, $c := .}}{{if eq $i 0}}<th scope="row">{{template "cell" $c}}</th>{{else}}<td{{if $t.IsRight $i}} class="r"{{end}}>{{template "cell" $c}}</td>{{end}}{{end}}</tr>
{{- end}}
</tbody>
</table>
{{- end}}
{{- define "chart"}}{{$c := .}}<figure>
<figcaption><h3>{{.Title}}</h3>{{range .Caption}}<span class="cap">{{template "key" .}}{{.Text}}</span>{{end}}</figcaption>
<div class="scroll"><svg class="chart" viewBox="0 0 {{.Width}} {{.Height}}" role="img" aria-labelledby="{{.ID}}-title {{.ID}}-desc">
<title id="{{.ID}}-title">{{.Title}}</title>
<desc id="{{.ID}}-desc">{{.Desc}}</desc>
{{- range .Rows}}
<line class="grid" x1="{{$c.Left}}" x2="{{$c.Right}}" y1="{{.At}}" y2="{{.At}}"/><text class="tick" x="{{$c.Left}}" dx="-8" y="{{.At}}" dy="4" text-anchor="end">{{.Text}}</text>
{{- end}}
{{- range .Columns}}
<line class="grid" x1="{{.At}}" x2="{{.At}}" y1="4" y2="{{$c.Base}}"/><text class="tick" x="{{.At}}" y="{{$c.Height}}" dy="-8" text-anchor="middle">{{.Text}}</text>
{{- end}}
<line class="base" x1="{{.Left}}" x2="{{.Right}}" y1="{{.Base}}" y2="{{.Base}}"/>
{{- range .Marks}}
<g><title>{{.Says}}</title>
{{- range .Bars}}<rect class="{{.Class}}" x="{{.X}}" y="{{.Y}}" width="{{.W}}" height="{{.H}}"/>{{end}}
{{- range .Lines}}<line class="{{.Class}}" x1="{{.X1}}" y1="{{.Y1}}" x2="{{.X2}}" y2="{{.Y2}}"/>{{end}}
{{- range .Dots}}<circle class="{{.Class}}" cx="{{.X}}" cy="{{.Y}}" r="{{.R}}"/>{{end}}</g>
{{- end}}
{{- range .Labels}}
<text class="{{.Class}}" x="{{.X}}" y="{{.Y}}" text-anchor="{{.Anchor}}">{{.Text}}</text>
{{- end}}
</svg></div>
<details><summary>Numbers</summary><div class="scroll">{{template "table" .Numbers}}</div></details>
</figure>
{{- end}}
{{- define "key"}}{{with .Class}}<svg width="12" height="12" aria-hidden="true">
{{- if or (eq . "dot") (eq . "hollow") (eq . "open")}}<circle class="{{.}}" cx="6" cy="6" r="4"/>
{{- else if eq . "rug"}}<line class="rug" x1="6" x2="6" y1="1" y2="11"/>
{{- else}}<rect class="{{.}}" x="1" y="1" width="10" height="10" rx="2"/>{{end}}</svg>{{end}}{{end}}
{{- define "services"}}{{$g := .}}<div class="box scroll"><table class="services">
<thead><tr><th scope="col">Service</th><th scope="col">Deployments, by week</th>
{{- range .Axes}}<th scope="col">{{.Name}}<span class="axis"><span>{{.From}}</span><span>{{.To}}</span></span></th>{{end}}
<th scope="col">Rework</th><th scope="col" class="r">Unattributed</th></tr></thead>
<tbody>
{{- range .Rows}}
<tr><th scope="row">{{template "cell" .Name}}</th>
<td class="pic"><b>{{.N}}</b>{{if .Tier}}<span class="tier">{{visible (print .Tier)}}</span>{{end}}
{{- if .Weeks}}<svg width="120" height="20" aria-hidden="true"><path class="count" d="{{.Weeks}}"/></svg>{{end}}<span class="soft">{{.Frequency}}{{if .Most}}<br>at most {{.Most}} in a week{{end}}</span></td>
{{- range .Figures}}
<td class="pic"><b>{{.Value}}</b>{{if .Tier}}<span class="tier">{{visible (print .Tier)}}</span>{{end}}
{{- if .Known}}<svg width="140" height="14" aria-hidden="true"><line class="grid" x1="6" x2="134" y1="7" y2="7"/>
{{- if .HasInterval}}<line class="whisker" x1="{{.Low}}" x2="{{.High}}" y1="7" y2="7"/>{{end}}<circle class="{{if .HasInterval}}dot{{else}}hollow{{end}}" cx="{{.At}}" cy="7" r="4"/></svg>{{end}}
{{- if ne .N "-"}}<span class="soft">{{.Interval}}<br>n {{.N}}</span>{{end}}</td>
{{- end}}
<td class="rework">{{with .Rework}}<b>{{.Value}}</b>{{if ne .N "-"}}<br><span class="soft">{{.Interval}}<br>n {{.N}}</span>{{end}}{{end}}</td><td class="r">{{.Unattributed}}</td></tr>
{{- end}}
</tbody>
</table></div>
{{- end}}
`
