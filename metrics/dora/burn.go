package dora

import (
	"fmt"
	"math/big"
	"time"
)

// SLO is an objective for a period, with alerts on how fast its error budget is used up.
type SLO struct {
	Objective Objective `json:"objective"`
	// Period is that of the error budget; 0 is 30 days.
	Period Duration `json:"period,omitempty"`
	// Alerts are tried in this order; empty: DefaultAlerts.
	Alerts []BurnAlert `json:"alerts,omitempty"`
}

// BurnAlert fires where both of two windows use up the error budget so fast that a share of it would be gone
// within the long one: the long one says that it matters, the short one that it still goes on.
type BurnAlert struct {
	Name string `json:"name"`
	// Budget is the share of the period's budget, in whole tenths of a per cent: 20 is 2 %.
	Budget int      `json:"budget"`
	Long   Duration `json:"long"`
	Short  Duration `json:"short"`
}

// DefaultAlerts are the four of Google's SRE workbook, the most urgent first.
func DefaultAlerts() []BurnAlert {
	return []BurnAlert{
		{"page quick", 20, Duration(time.Hour), Duration(5 * time.Minute)},
		{"page slow", 50, Duration(6 * time.Hour), Duration(30 * time.Minute)},
		{"ticket quick", 100, Duration(24 * time.Hour), Duration(2 * time.Hour)},
		{"ticket slow", 100, Duration(72 * time.Hour), Duration(6 * time.Hour)},
	}
}

// Errors is how many of how many went wrong.
type Errors struct {
	Bad   uint64 `json:"bad"`
	Total uint64 `json:"total"`
}

// Burn is what an SLO says at one moment.
type Burn struct {
	// Alert is the name of the first alert that fires; empty: none does.
	Alert string `json:"alert,omitempty"`
	// Windows are what each alert saw, in their order.
	Windows []BurnWindow `json:"windows"`
}

// BurnWindow is what an alert saw. A burn of 1 uses up the budget exactly within the period.
type BurnWindow struct {
	Alert string `json:"alert"`
	// Factor is above which both burns fire.
	Factor float64 `json:"factor"`
	Long   Figure  `json:"long,omitzero"`
	Short  Figure  `json:"short,omitzero"`
	Fires  bool    `json:"fires"`
}

const defaultPeriod = Duration(30 * 24 * time.Hour)

func (s SLO) period() Duration {
	if s.Period == 0 {
		return defaultPeriod
	}
	return s.Period
}

func (s SLO) alerts() []BurnAlert {
	if len(s.Alerts) == 0 {
		return DefaultAlerts()
	}
	return s.Alerts
}

// Validate reports everything that is wrong with an SLO, each problem with its field.
func (s SLO) Validate() error {
	var p problems
	if err := s.Objective.Validate(); err != nil {
		p.add("objective: %w", err)
	}
	if s.Period < 0 {
		p.add("period: %v is negative", s.Period)
	}
	for i, a := range s.alerts() {
		if a.Name == "" {
			p.add("alerts[%d].name: there is none", i)
		}
		if a.Budget < 1 || a.Budget > 1000 {
			p.add("alerts[%d].budget: %d is no share from 1 to 1000 thousandths", i, a.Budget)
		}
		if a.Short <= 0 || a.Long <= a.Short || a.Long > s.period() {
			p.add("alerts[%d]: %v and %v are no short and long window within %v", i, a.Short, a.Long, s.period())
		}
	}
	return p.err()
}

// Windows are the windows whose errors Burn needs, shortest first, each once.
func (s SLO) Windows() []time.Duration {
	all := map[time.Duration]bool{}
	for _, a := range s.alerts() {
		all[time.Duration(a.Long)], all[time.Duration(a.Short)] = true, true
	}
	return sortedKeys(all)
}

// Burn says which alerts fire. errors has what went wrong in each of Windows, up to the same moment; one that is missing is
// an error, since nothing is known then. A window without traffic burns nothing. All is computed with whole numbers: a rate that
// is exactly at the limit is not above it.
func (s SLO) Burn(errors map[time.Duration]Errors) (Burn, error) {
	if err := s.Validate(); err != nil {
		return Burn{}, err
	}
	var p problems
	for _, w := range s.Windows() {
		if e, ok := errors[w]; !ok {
			p.add("errors: there are none of the last %v", w)
		} else if e.Bad > e.Total {
			p.add("errors: %d of %d in the last %v cannot be", e.Bad, e.Total, w)
		}
	}
	if err := p.err(); err != nil {
		return Burn{}, err
	}
	var b Burn
	for _, a := range s.alerts() {
		factor := s.factor(a)
		w := BurnWindow{Alert: a.Name}
		w.Factor, _ = factor.Float64()
		long, short := s.burn(errors[time.Duration(a.Long)]), s.burn(errors[time.Duration(a.Short)])
		if long != nil {
			v, _ := long.Float64()
			w.Long = Known(v)
		}
		if short != nil {
			v, _ := short.Float64()
			w.Short = Known(v)
		}
		w.Fires = long != nil && short != nil && long.Cmp(factor) > 0 && short.Cmp(factor) > 0
		if w.Fires && b.Alert == "" {
			b.Alert = a.Name
		}
		b.Windows = append(b.Windows, w)
	}
	return b, nil
}

// factor is how fast the budget must be used up: its share, times the period, by the long window.
func (s SLO) factor(a BurnAlert) *big.Rat {
	r := big.NewRat(int64(a.Budget), 1000)
	return r.Mul(r, big.NewRat(int64(s.period()), int64(a.Long)))
}

// burn is the share of errors by that of the objective; nil without traffic.
func (s SLO) burn(e Errors) *big.Rat {
	if e.Total == 0 {
		return nil
	}
	r := new(big.Rat).SetFrac(new(big.Int).SetUint64(e.Bad), new(big.Int).SetUint64(e.Total))
	return r.Mul(r, big.NewRat(whole, whole-int64(s.Objective)))
}

// String is the alert that fires, or that none does.
func (b Burn) String() string {
	if b.Alert == "" {
		return "no alert"
	}
	for _, w := range b.Windows {
		if w.Alert == b.Alert {
			return fmt.Sprintf("%s: the budget burns %.4g and %.4g times as fast as it may, above %.4g", b.Alert, w.Long.float(), w.Short.float(), w.Factor)
		}
	}
	return b.Alert
}
