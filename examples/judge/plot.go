package main

import (
	"fmt"
	"math"
	"strings"
)

const (
	plotWidth  = 64
	plotHeight = 7
	labelWidth = 14
)

// percent is a part of one.
func percent(v float64) string { return fmt.Sprintf("%.3g%%", 100*v) }

// text is the plot in characters; empty where there is nothing to plot.
func (c *course) text() string {
	if len(c.points) == 0 {
		return ""
	}
	points := grouped(c.points, (len(c.points)+plotWidth-1)/plotWidth)
	var b strings.Builder
	for _, p := range c.panels(points) {
		p.draw(&b, len(points))
	}
	end := brief(c.points[len(c.points)-1].to)
	fmt.Fprintf(&b, "%*s  %s%*s\n", labelWidth, "", brief(c.begin), max(len(points)-len(brief(c.begin)), len(end)+1), end)
	return b.String()
}

func (p panel) draw(b *strings.Builder, width int) {
	low, high := p.scale()
	rows := make([][]byte, plotHeight)
	for i := range rows {
		rows[i] = []byte(strings.Repeat(" ", width))
	}
	row := func(v float64) int { return plotHeight - 1 - int(math.Round((v-low)/(high-low)*(plotHeight-1))) }
	if !math.IsNaN(p.limit) {
		rows[row(p.limit)] = []byte(strings.Repeat("=", width))
	}
	for _, l := range p.lines {
		for x, v := range l.values {
			if math.IsNaN(v) {
				continue
			}
			at := &rows[row(v)][x]
			if *at == ' ' || *at == '=' {
				*at = l.mark
			} else {
				*at = '#'
			}
		}
	}
	fmt.Fprintf(b, "%*s  %s\n", labelWidth, "", p.title)
	for i, r := range rows {
		label := ""
		switch i {
		case 0:
			label = p.text(high)
		case plotHeight - 1:
			label = p.text(low)
		}
		fmt.Fprintf(b, "%*s |%s\n", labelWidth, label, strings.TrimRight(string(r), " "))
	}
}
