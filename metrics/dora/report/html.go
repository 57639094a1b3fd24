package report

import (
	"bytes"
	"fmt"
	"html/template"
	"io"

	"github.com/davit-sdk/davit/metrics/dora"
)

// HTML writes the report as a page that is one file, with charts. See Options.LeadTimes for the distribution of lead times.
func HTML(w io.Writer, r *dora.Report, o Options) error {
	o, err := o.ready(r)
	if err != nil {
		return err
	}
	t, err := template.New("page").Funcs(template.FuncMap{"visible": visible}).Parse(pageTemplate)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, pageOf(r, o)); err != nil {
		return err
	}
	return deliver(w, out.Bytes())
}

// A page is what the template shows.
type page struct {
	Title    string
	Style    template.CSS
	About    sentence
	Cards    []card
	Charts   []*chart
	Services *grid
	Further  section
	Compared []section
	Loose    section
	Legend   section
	Empty    bool
}

// A card is one of the five.
type card struct {
	Name, Value, Interval, N, TierOf string
	Tier                             dora.Tier
	More                             []string
	Known                            bool
}

func pageOf(r *dora.Report, o Options) page {
	p := page{
		Title: o.Title, Style: style, About: about(r), Further: further(r), Compared: comparison(o), Loose: loose(r, o), Legend: legend(r), Services: servicesOf(r),
		Empty: r.DeploymentFrequency.N == 0,
	}
	for _, f := range five(&r.Metrics) {
		c := card{Name: f.name, Value: f.value, N: f.n, Interval: f.interval, Tier: f.tier, More: f.more, Known: f.known}
		if f.tier != "" && r.Tiers != nil && r.Tiers.Year > 0 {
			c.TierOf = fmt.Sprint(r.Tiers.Year)
		}
		p.Cards = append(p.Cards, c)
	}
	all := []*chart{deployed(r)}
	if p.Empty {
		all = nil
	}
	for _, t := range trends() {
		all = append(all, t.chart(r))
	}
	all = append(all, distribution(r, o), breakdown(r))
	for _, c := range all {
		if c != nil {
			p.Charts = append(p.Charts, c)
		}
	}
	return p
}

// The fields of what other forms show, too, by the names that a template can read.

// Name, Before, After, Table are the parts of a section.
func (s section) Name() string       { return s.name }
func (s section) Before() []sentence { return s.before }
func (s section) After() []sentence  { return s.after }
func (s section) Table() table       { return s.table }

func (t table) Columns() []column { return t.columns }
func (t table) Rows() [][]cell    { return t.rows }

// IsRight says whether a column has numbers.
func (t table) IsRight(i int) bool { return t.columns[i].right }

func (c column) Name() string  { return c.name }
func (c column) IsRight() bool { return c.right }

func (c cell) Text() string    { return c.text }
func (c cell) IsForeign() bool { return c.foreign }
