package maturity

import (
	"cmp"
	"slices"
)

// Spread is how services differ in one dimension.
type Spread struct {
	Dimension string `json:"dimension"`
	Title     string `json:"title"`
	// Highest is the highest level that has practices.
	Highest int `json:"highest"`
	// Lowest is the lowest level of a service, and Where the services that are there. Possible is the lowest that it would be if all that is unknown held.
	Lowest   int      `json:"lowest"`
	Possible int      `json:"possible"`
	Where    []string `json:"where"`
	// Services is how many services are on each level, from 0 on.
	Services []int `json:"services"`
}

// spread is how services differ, by dimension.
func (m Model) spread(all []Profile) []Spread {
	spreads := []Spread{}
	for i, d := range m.Dimensions {
		s := Spread{Dimension: d.Name, Title: d.Title, Where: []string{}, Services: make([]int, len(m.Levels)+1)}
		for _, p := range d.Practices {
			s.Highest = max(s.Highest, p.Level)
		}
		for k, is := range all {
			at := is.Dimensions[i]
			s.Services[at.Level]++
			if k == 0 || at.Possible < s.Possible {
				s.Possible = at.Possible
			}
			if k == 0 || at.Level < s.Lowest {
				s.Lowest, s.Where = at.Level, []string{}
			}
			if at.Level == s.Lowest {
				s.Where = append(s.Where, is.Service)
			}
		}
		spreads = append(spreads, s)
	}
	return spreads
}

// Legacies is how many of the services are legacy systems, or are treated as such.
type Legacies struct {
	Services int `json:"services"`
	// Declared is how many are said to be, and Undeclared of how many nobody said anything.
	Declared   int `json:"declared"`
	Undeclared int `json:"undeclared"`
	// NotAutomated is how many of those whose deployments are told have no automated one.
	NotAutomated Part `json:"not_automated"`
	// NotDeployed is how many of those of which it is known were not deployed for Days days.
	NotDeployed Part `json:"not_deployed"`
	Days        int  `json:"days"`
}

// Part is K of N; the others of all are not known.
type Part struct {
	K int `json:"k"`
	N int `json:"n"`
}

func (p *Part) say(is bool) {
	if p.N++; is {
		p.K++
	}
}

func (m Model) legacy(all []*view) Legacies {
	l := Legacies{Services: len(all), Days: m.legacyDays()}
	for _, v := range all {
		switch v.Standing {
		case Legacy:
			l.Declared++
		case "":
			l.Undeclared++
		}
		if f := v.measure(Check{Fact: FactAutomated}); f.known {
			l.NotAutomated.say(f.k == 0)
		}
		limit := float64(l.Days)
		switch answer, _ := (Check{Fact: FactAge, AtMost: &limit}).judge(v.measure(Check{Fact: FactAge})); answer {
		case Yes:
			l.NotDeployed.say(false)
		case No:
			l.NotDeployed.say(true)
		}
	}
	return l
}

// Advice is a practice that is missing for the next level of some services.
type Advice struct {
	Dimension string `json:"dimension"`
	Practice  string `json:"practice"`
	Name      string `json:"name"`
	Level     int    `json:"level"`
	Impact    int    `json:"impact"`
	Effort    int    `json:"effort"`
	// Services are those it is missing in; Unknown is in how many of them nothing is known, so that telling may be all there is to do.
	Services []string `json:"services"`
	Unknown  int      `json:"unknown,omitempty"`
	// Others is how many other practices have to join it, in the service that is nearest, for the level to be reached.
	Others int `json:"others"`
	// Score is impact times services, divided by effort.
	Score float64 `json:"score"`
}

// advice are the practices that the next levels of services lack, the best first.
func (m Model) advice(all []Profile) []Advice {
	found := []Advice{}
	for i, d := range m.Dimensions {
		for _, p := range d.Practices {
			a := Advice{Dimension: d.Name, Practice: p.ID, Name: p.Name, Level: p.Level, Impact: p.Impact, Effort: p.Effort}
			for _, is := range all {
				at := is.Dimensions[i]
				if !slices.Contains(at.Missing, p.ID) {
					continue
				}
				if others := len(at.Missing) - 1; len(a.Services) == 0 || others < a.Others {
					a.Others = others
				}
				a.Services = append(a.Services, is.Service)
				if slices.ContainsFunc(at.Findings, func(f Finding) bool { return f.Practice == p.ID && f.Answer == Unknown }) {
					a.Unknown++
				}
			}
			if len(a.Services) > 0 {
				a.Score = float64(a.Impact*len(a.Services)) / float64(a.Effort)
				found = append(found, a)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Advice) int {
		// Whole numbers, so that what is equal is equal.
		return cmp.Or(b.Impact*len(b.Services)*a.Effort-a.Impact*len(a.Services)*b.Effort, a.Others-b.Others, a.Level-b.Level)
	})
	return found
}
