package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

const (
	svgWidth  = 760
	svgPanel  = 180
	svgLeft   = 110
	svgRight  = 20
	svgTop    = 64
	svgInside = 120 // the height of the plot in a panel
)

var svgColours = map[byte]string{'*': "#7c3aed", 'c': "#dc2626", 'b': "#2563eb"}

// svg is the plot as a picture, with the verdict as its title.
func (c *course) svg(v verdict) string {
	panels := c.panels(c.points)
	if len(c.points) == 0 {
		panels = nil
	}
	var b strings.Builder
	height := svgTop + svgPanel*len(panels) + 10
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", svgWidth, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", svgWidth, height)
	fmt.Fprintf(&b, `<text x="%d" y="24" font-size="16" font-weight="bold">%s at %s</text>`+"\n", svgLeft, v.outcome, brief(v.at))
	fmt.Fprintf(&b, `<text x="%d" y="42" fill="#525252">%s</text>`+"\n", svgLeft, html.EscapeString(short(v.reason)))
	for i, p := range panels {
		c.panelSVG(&b, p, svgTop+i*svgPanel, v)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// short is a reason that fits into a line.
func short(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func (c *course) panelSVG(b *strings.Builder, p panel, top int, v verdict) {
	low, high := p.scale()
	first, last := c.begin.Seconds(), c.points[len(c.points)-1].to.Seconds()
	x := func(seconds float64) float64 {
		return svgLeft + (seconds-first)/math.Max(last-first, 1e-9)*(svgWidth-svgLeft-svgRight)
	}
	y := func(value float64) float64 { return float64(top+20+svgInside) - (value-low)/(high-low)*svgInside }
	title, _, _ := strings.Cut(strings.Replace(p.title, " (=)", "", 1), ":") // what stands for characters is left out
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", svgLeft, top+12, html.EscapeString(title))
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#d4d4d4"/>`+"\n", svgLeft, top+20, svgWidth-svgLeft-svgRight, svgInside)
	for _, value := range []float64{low, high} {
		fmt.Fprintf(b, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", svgLeft-6, y(value)+4, html.EscapeString(p.text(value)))
	}
	if !math.IsNaN(p.limit) {
		fmt.Fprintf(b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#dc2626" stroke-dasharray="4 3"/>`+"\n", svgLeft, svgWidth-svgRight, y(p.limit), y(p.limit))
	}
	at := x(v.at.Seconds())
	fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#737373" stroke-dasharray="2 3"/>`+"\n", at, at, top+20, top+20+svgInside)
	for i, l := range p.lines {
		c.lineSVG(b, l, x, y)
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end" fill="%s">%s</text>`+"\n", svgWidth-svgRight-90*(len(p.lines)-1-i), top+12, svgColours[l.mark], l.name)
	}
	fmt.Fprintf(b, `<text x="%d" y="%d">%s</text><text x="%d" y="%d" text-anchor="end">%s</text>`+"\n",
		svgLeft, top+34+svgInside, brief(c.begin), svgWidth-svgRight, top+34+svgInside, brief(c.points[len(c.points)-1].to))
}

// lineSVG draws a line, in pieces where values are missing.
func (c *course) lineSVG(b *strings.Builder, l line, x, y func(float64) float64) {
	var piece []string
	flush := func() {
		if len(piece) == 1 {
			piece = append(piece, piece[0])
		}
		if len(piece) > 0 {
			fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="1.5" stroke-linecap="round" points="%s"/>`+"\n", svgColours[l.mark], strings.Join(piece, " "))
		}
		piece = nil
	}
	for i, v := range l.values {
		if math.IsNaN(v) {
			flush()
			continue
		}
		piece = append(piece, fmt.Sprintf("%.1f,%.1f", x(c.points[i].to.Seconds()), y(v)))
	}
	flush()
}
