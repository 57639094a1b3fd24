package dora

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Tier is the name of a tier: elite, high, medium, low, or what a tool calls it.
type Tier string

const (
	// Elite is the best tier of most models.
	Elite Tier = "elite"
	// High is the tier below Elite.
	High Tier = "high"
	// Medium is the tier below High.
	Medium Tier = "medium"
	// Low is the worst tier of most models.
	Low Tier = "low"
)

// TierModel says which figures are in which tier, as data.
//
// The tables of the DORA reports are medians of clusters, not limits: they overlap, have gaps, and
// are not always in order. Here the best tier that holds a figure is its tier.
type TierModel struct {
	Name string `json:"name"`
	Year int    `json:"year"`
	// Source is where the numbers are from.
	Source string `json:"source"`
	// Gaps says what becomes of a figure between two tiers.
	Gaps Gaps `json:"gaps,omitempty"`
	// Tables are ordered from the best tier to the worst one. A metric that has no table has no tiers.
	// LeadTime, Recovery and Frequency are in seconds, the last one from one deployment to the next; rates are shares.
	LeadTime    []TierRange `json:"lead_time,omitempty"`
	Recovery    []TierRange `json:"recovery,omitempty"`
	FailureRate []TierRange `json:"failure_rate,omitempty"`
	Frequency   []TierRange `json:"frequency,omitempty"`
	// Cadence is a rule of its own for the frequency, in place of Frequency: the first of them that holds.
	Cadence []Cadence `json:"cadence,omitempty"`
}

// Gaps says what becomes of a figure that is in no tier, but between two of them.
type Gaps string

const (
	// GapsWorse gives it the tier that is worse.
	GapsWorse Gaps = "worse"
	// GapsBetter gives it the tier that is better.
	GapsBetter Gaps = "better"
	// GapsNone gives it no tier.
	GapsNone Gaps = "none"
)

// TierRange is what belongs to a tier: of durations, From (included) up to To (excluded); of rates, above From up
// to To, included. To is absent where there is no end.
type TierRange struct {
	Tier Tier    `json:"tier"`
	From float64 `json:"from,omitempty"`
	To   Figure  `json:"to,omitzero"`
}

// Cadence is a tier that is reached where a measure of the frequency is at least a number.
type Cadence struct {
	Tier    Tier    `json:"tier"`
	Measure Measure `json:"measure"`
	AtLeast float64 `json:"at_least"`
}

// Measure is a measure of the deployment frequency.
type Measure string

const (
	// DaysPerWeek is the median over weeks of the days with a deployment.
	DaysPerWeek Measure = "days-per-week"
	// WeeksPerWeek is the median over weeks of 1 for a week with a deployment, and 0 for one without.
	WeeksPerWeek Measure = "weeks-per-week"
	// DaysPerMonth is the median over months of the days with a deployment.
	DaysPerMonth Measure = "days-per-month"
	// WeeksPerMonth is the median over months of the weeks that begin in them and have a deployment.
	WeeksPerMonth Measure = "weeks-per-month"
	// DaysPerHalfYear is the days with a deployment per six months of the window.
	DaysPerHalfYear Measure = "days-per-half-year"
	// PerDay is the mean number of deployments per day, PerWeek that per week, PerMonth that per month of 30 days.
	PerDay   Measure = "per-day"
	PerWeek  Measure = "per-week"
	PerMonth Measure = "per-month"
)

var measures = []Measure{DaysPerWeek, WeeksPerWeek, DaysPerMonth, WeeksPerMonth, DaysPerHalfYear, PerDay, PerWeek, PerMonth}

// Validate reports everything that is wrong with a model, each problem with its field.
func (m TierModel) Validate() error {
	var p problems
	if m.Name == "" {
		p.add("name: there is none")
	}
	oneOf(&p, "gaps", m.Gaps, GapsWorse, GapsBetter, GapsNone)
	for _, table := range []struct {
		field string
		rows  []TierRange
	}{{"lead_time", m.LeadTime}, {"recovery", m.Recovery}, {"failure_rate", m.FailureRate}, {"frequency", m.Frequency}} {
		for i, r := range table.rows {
			if r.Tier == "" {
				p.add("%s[%d].tier: there is none", table.field, i)
			}
			if !(r.From >= 0) || math.IsInf(r.From, 1) {
				p.add("%s[%d].from: %v is not a number from 0", table.field, i, r.From)
			}
			if to, ok := r.To.Get(); ok && !(to > r.From) {
				p.add("%s[%d].to: %v is not above %v", table.field, i, to, r.From)
			}
		}
	}
	for i, c := range m.Cadence {
		if c.Tier == "" {
			p.add("cadence[%d].tier: there is none", i)
		}
		oneOf(&p, fmt.Sprintf("cadence[%d].measure", i), c.Measure, measures...)
		if !(c.AtLeast >= 0) {
			p.add("cadence[%d].at_least: %v is not a number from 0", i, c.AtLeast)
		}
	}
	return p.err()
}

// source is whose the tiers are; nil: there are none.
func (m *TierModel) source() *TierSource {
	if len(m.LeadTime)+len(m.Recovery)+len(m.FailureRate)+len(m.Frequency)+len(m.Cadence) == 0 {
		return nil
	}
	return &TierSource{m.Name, m.Year, m.Source}
}

// tier is the tier of a figure in a table.
func (m *TierModel) tier(table []TierRange, value float64, rate bool) Tier {
	if m == nil || len(table) == 0 || math.IsNaN(value) {
		return ""
	}
	lowest, highest := 0, 0 // the tiers that begin first and end last
	below, above := -1, -1  // the nearest ranges on the two sides of a gap
	for i, r := range table {
		to, ends := r.To.Get()
		begun, ended := value >= r.From, ends && value >= to
		if rate {
			begun, ended = value > r.From || r.From == 0, ends && value > to
		}
		if begun && !ended {
			return r.Tier
		}
		if begun && (below < 0 || to > table[below].To.Or(0)) {
			below = i
		}
		if !begun && (above < 0 || r.From < table[above].From) {
			above = i
		}
		if r.From < table[lowest].From {
			lowest = i
		}
		if !ends || !table[highest].To.IsZero() && to > table[highest].To.Or(0) {
			highest = i
		}
	}
	switch {
	case below < 0:
		return table[0].Tier
	case above < 0:
		return table[len(table)-1].Tier
	case m.Gaps == GapsNone:
		return ""
	case m.Gaps == GapsBetter:
		return table[min(below, above)].Tier
	}
	return table[max(below, above)].Tier
}

// TierModels are the models that Rules.Tiers may name, oldest first. There is none for 2025, for which DORA
// publishes no tiers: see QuickCheck.
func TierModels() []TierModel {
	return []TierModel{tiers2016(), tiers2018(), tiers2019(), tiers2021(), tiers2022(), tiers2023(), tiers2024(), tiersDevlake2021(), tiersDevlake2023(), tiersFourkeys(), tiersMiddleware()}
}

// tierModel is the model of that name: nil for "none".
func tierModel(name string) (*TierModel, bool) {
	switch name {
	case "none":
		return nil, true
	case "":
		name = "2024"
	}
	models := TierModels()
	i := slices.IndexFunc(models, func(m TierModel) bool { return m.Name == name })
	if i < 0 {
		return nil, false
	}
	return &models[i], true
}

func tierModelNames() []string {
	names := []string{"none"}
	for _, m := range TierModels() {
		names = append(names, m.Name)
	}
	return names
}

// Spans of the tables, in seconds; a month is a twelfth of 365 days.
const (
	hour  = float64(time.Hour / time.Second)
	day   = 24 * hour
	week  = 7 * day
	month = 730 * hour
	half  = 6 * month
)

func upTo(t Tier, from, to float64) TierRange { return TierRange{t, from, Known(to)} }

func above(t Tier, from float64) TierRange { return TierRange{Tier: t, From: from} }
