package dora

import (
	"fmt"
	"math/big"
	"strings"
	"time"
)

// Objective is the share of time, or of requests, that must be good, in parts per billion: 99.9 % is
// 999,000,000. It is a whole number because 1 - 0.999 is not 0.001 for a machine.
type Objective int64

// whole is an objective of 100 %.
const whole = 1_000_000_000

// ParseObjective reads "99.9%", "0.999" or "99.9 %", exactly.
func ParseObjective(text string) (Objective, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	number = strings.TrimSpace(number)
	if strings.Trim(number, "0123456789.") != "" || len(number) > 20 {
		return 0, fmt.Errorf("%q is no objective such as 99.9%%", text)
	}
	r, ok := new(big.Rat).SetString(number)
	if !ok {
		return 0, fmt.Errorf("%q is no objective such as 99.9%%", text)
	}
	parts := int64(whole)
	if percent {
		parts /= 100
	}
	r.Mul(r, big.NewRat(parts, 1))
	if !r.IsInt() || !r.Num().IsInt64() {
		return 0, fmt.Errorf("%q is finer than a part per billion", text)
	}
	o := Objective(r.Num().Int64())
	return o, o.Validate()
}

// Validate says whether the objective is above 0 and below 100 %: the other two have no error budget.
func (o Objective) Validate() error {
	if o <= 0 || o >= whole {
		return fmt.Errorf("%s is not above 0%% and below 100%%", o)
	}
	return nil
}

// String is the objective in per cent, exactly.
func (o Objective) String() string {
	text := big.NewRat(int64(o), whole/100).FloatString(7)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".") + "%"
}

// MarshalText writes what UnmarshalText reads.
func (o Objective) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what ParseObjective reads.
func (o *Objective) UnmarshalText(text []byte) error {
	v, err := ParseObjective(string(text))
	if err == nil {
		*o = v
	}
	return err
}

// Budget is how long a service may be down in a period: 43m12s of 30 days at 99.9 %, cut to nanoseconds.
func (o Objective) Budget(period time.Duration) time.Duration {
	b := new(big.Int).Mul(big.NewInt(whole-int64(o)), big.NewInt(int64(period)))
	return time.Duration(b.Quo(b, big.NewInt(whole)).Int64())
}
