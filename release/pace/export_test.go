package pace

// What the tests look at from within.
var (
	Quantile     = quantile
	Below        = below
	IntervalOf   = interval
	Short        = short
	RolloutWords = []string{rolloutEvent, stepStarted, stepDone, asked, answered, paused, resumed}
)
