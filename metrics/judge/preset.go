package judge

import "time"

// Balanced is the default configuration, written out where it differs from other presets: errors are
// harm from 1.1 times the baseline's rate and pass below twice the usual one or 0.2 %, latency is harm
// from 3 % slower and passes below 20 %.
func Balanced() Config {
	return Config{Metrics: []Metric{Errors{}, Latency{}}, MinBake: 5 * time.Minute, DoubtBake: 15 * time.Minute, MaxTime: time.Hour}
}

// Quick passes sooner, and what it passes may be worse: up to five times the usual errors or 0.5 %, and
// latency up to 50 % slower, of the median and the p90 alone. It calls harm as Balanced does.
func Quick() Config {
	return Config{
		Metrics: []Metric{Errors{PassRatio: 5, Floor: 0.005}, Latency{Quantiles: []float64{0.5, 0.9}, Pass: 1.5}},
		MinBake: 90 * time.Second, DoubtBake: 5 * time.Minute, MaxTime: 20 * time.Minute,
	}
}

// Strict tolerates nothing: any difference is harm, and a pass needs less than 1.5 times the usual
// errors or 0.05 %, and latency less than 10 % slower. It finds small harm, takes longer to pass, and
// calls differences between instances harm, where there are any.
func Strict() Config {
	return Config{
		Metrics: []Metric{Errors{Tolerance: 1, PassRatio: 1.5, Floor: 0.0005}, Latency{Tolerance: 1, Pass: 1.1}},
		MinBake: 5 * time.Minute, DoubtBake: 25 * time.Minute, MaxTime: 2 * time.Hour,
	}
}
