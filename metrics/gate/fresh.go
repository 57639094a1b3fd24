package gate

import (
	"cmp"
	"fmt"
	"time"
)

// defaultMaxAge is how old the latest measurement may be.
const defaultMaxAge = 5 * time.Minute

// fresh keeps a verdict from passing by numbers that end too long before now: what nobody measures any more is no
// data. A fail stays one, as what was measured did happen. Of a source that does not say where its numbers end
// (Window.To is zero) they cover what was asked for.
func fresh(v Verdict, to, now time.Time, maxAge time.Duration) Verdict {
	most := cmp.Or(maxAge, defaultMaxAge)
	age := now.Sub(to)
	if v.Outcome != Pass || to.IsZero() || age <= most {
		return v
	}
	v.Outcome, v.NoData = Continue, true
	v.Reason = fmt.Sprintf("%s; but the measurements end at %s, %s before (at most %s)", v.Reason, to.UTC().Format(time.RFC3339), age.Round(time.Second), most)
	return v
}
