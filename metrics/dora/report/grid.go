package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/metrics/dora"
)

// A grid is the table of services, with small pictures that share a scale in each column, so that intervals can be compared.
type grid struct {
	Axes [3]axis
	Rows []gridRow
}

// An axis is what the pictures of a column have in common.
type axis struct{ Name, From, To string }

type gridRow struct {
	Name         cell
	N, Frequency string
	Tier         dora.Tier
	Weeks        string // the bars of the weeks, as a path
	Most         int    // the most of a week
	Figures      [3]gridFigure
	Rework       gridFigure // without a picture
	Unattributed string
}

// A gridFigure is a figure with its interval, in words and as a picture.
type gridFigure struct {
	Value, Interval, N string
	Tier               dora.Tier
	Known              bool
	HasInterval        bool
	Low, High, At      px
}

const (
	whiskerBegin px = 6
	whiskerEnd   px = 134
	sparkWidth   px = 120
	sparkHeight  px = 20
)

func servicesOf(r *dora.Report) *grid {
	if len(r.Services) == 0 {
		return nil
	}
	g := &grid{}
	var of [3][]point
	for i := range r.Services {
		m := &r.Services[i].Metrics
		of[0] = append(of[0], distributed(m.LeadTime))
		of[1] = append(of[1], shared(failureRate(m)))
		of[2] = append(of[2], distributed(m.FailedDeploymentRecovery))
	}
	var scales [3]scale
	for k, name := range []string{"Lead time", "Change failure rate", "Recovery"} {
		scales[k] = trend{timed: k != 1}.scale(of[k])
		scales[k].begin, scales[k].end = whiskerBegin, whiskerEnd
		switch known := slices.ContainsFunc(of[k], func(p point) bool { return !p.value.IsZero() }); {
		case !known:
			g.Axes[k] = axis{Name: name}
		case k == 1:
			g.Axes[k] = axis{name, "0", percent(dora.Known(scales[k].high))}
		default:
			g.Axes[k] = axis{name, seconds(scales[k].low), seconds(scales[k].high)}
		}
	}
	for i := range r.Services {
		s := &r.Services[i]
		all := five(&s.Metrics)
		row := gridRow{
			Name: named(s.Name, "(no name)"), N: all[0].n, Frequency: all[0].value, Tier: all[0].tier, Unattributed: s.Unattributed.String(),
		}
		row.Rework = gridFigure{Value: brief(all[4]), Interval: all[4].interval, N: all[4].n}
		row.Weeks, row.Most = spark(s.Weeks)
		for k, f := range all[1:4] {
			row.Figures[k] = whisker(f, of[k][i], scales[k])
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

func whisker(f figure, p point, s scale) gridFigure {
	w := gridFigure{Value: brief(f), Interval: f.interval, N: f.n, Tier: f.tier}
	v, known := p.value.Get()
	if !known {
		return w
	}
	w.Known, w.At = true, s.at(v)
	if low, ok := p.low.Get(); ok {
		w.HasInterval, w.Low, w.High = true, s.at(low), s.at(p.high.Or(low))
	}
	return w
}

// spark draws the deployments of each week by a path, on a scale of its own.
func spark(weeks []dora.Week) (path string, most int) {
	for i := range weeks {
		most = max(most, weeks[i].N)
	}
	if most == 0 {
		return "", 0
	}
	var b strings.Builder
	step := sparkWidth / px(len(weeks))
	for i := range weeks {
		if n := weeks[i].N; n > 0 {
			h := max(px(float64(sparkHeight)*float64(n)/float64(most)), 1)
			fmt.Fprintf(&b, "M%s %sv%sh%sv-%sz", px(i)*step, sparkHeight-h, h, max(min(step*0.8, 8), 0.5), h)
		}
	}
	return b.String(), most
}
