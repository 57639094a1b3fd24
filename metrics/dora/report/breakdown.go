package report

import (
	"fmt"

	"github.com/davit-sdk/davit/metrics/dora"
)

// breakdown shows of what the cycle time consists, of all services and of each one: the means of the stages, which add up.
func breakdown(r *dora.Report) *chart {
	if r.CycleTime == nil || len(r.CycleTime.Stages) == 0 {
		return nil
	}
	type of struct {
		name cell
		time *dora.CycleTime
	}
	all := []of{{own("all services"), r.CycleTime}}
	for i := range r.Services {
		if s := &r.Services[i]; s.CycleTime != nil && len(s.CycleTime.Stages) > 0 {
			all = append(all, of{named(s.Name, "(no name)"), s.CycleTime})
		}
	}
	longest := 0.0
	for _, a := range all {
		longest = max(longest, a.time.Mean.Or(0))
	}
	const begin, high px = 176, 24
	c := newChart("stages", "Where the time goes", fmt.Sprintf("Mean cycle time by stage, of %s. The numbers are in the table below.", count(len(all), "row", "rows")), px(len(all))*high+30)
	c.Left, c.Base = begin, px(len(all))*high+6
	x := spanScale(longest, begin, plotRight-70)
	c.Columns = x.ticks
	for i, s := range r.CycleTime.Stages {
		c.Caption = append(c.Caption, key{fmt.Sprintf("stage%d", i), s.Name})
	}
	c.Caption = append(c.Caption, key{"", "means, which add up to that of the whole"})
	c.Numbers.columns = append(left("Service"), right("N", "Mean")...)
	for _, s := range r.CycleTime.Stages {
		c.Numbers.columns = append(c.Numbers.columns, column{s.Name, true})
	}
	for i, a := range all {
		y, from := px(i)*high+4, 0.0
		name := visible(a.name.text)
		cells := []cell{a.name, own(fmt.Sprint(a.time.N)), own(duration(a.time.Mean))}
		for k, s := range a.time.Stages {
			x1, x2 := x.at(from), x.at(from+s.Mean)
			c.Marks = append(c.Marks, mark{
				Says: fmt.Sprintf("%s, %s: %s on the mean, p50 %s, p90 %s", name, s.Name, seconds(s.Mean), seconds(s.P50), seconds(s.P90)),
				Bars: []bar{{x1, y, max(x2-x1, 0), high - 8, fmt.Sprintf("stage%d", k)}},
			})
			from += s.Mean
			cells = append(cells, own(seconds(s.Mean)))
		}
		c.Labels = append(c.Labels, text{begin - 8, y + 12, "label", "end", short(name)}, text{x.at(from) + 6, y + 12, "label", "start", duration(a.time.Mean)})
		c.Numbers.rows = append(c.Numbers.rows, cells)
	}
	return c
}

// short is a name that has room beside a bar; the whole is in the table.
func short(name string) string {
	signs := []rune(name)
	if len(signs) <= 24 {
		return name
	}
	return string(signs[:23]) + "…"
}

// spanScale is linear from 0, by spans that people count in.
func spanScale(longest float64, begin, end px) scale {
	step := day * 730
	for _, s := range []float64{1, 5, 15, minute, 5 * minute, 15 * minute, hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day, 14 * day, 30 * day, 90 * day, 365 * day} {
		if longest/s <= 6 {
			step = s
			break
		}
	}
	s := scale{high: max(longest, step), begin: begin, end: end}
	for i := 0; float64(i)*step <= s.high && i < 100; i++ {
		s.mark(float64(i)*step, seconds(float64(i)*step))
	}
	return s
}
