// Package prometheus (SHELL) reads metrics from Prometheus, and from whatever else speaks its HTTP API: a Source is a
// metrics.Source, a Series a metrics.SeriesSource. Package exporter is the other way round.
//
//	source, err := prometheus.NewSource(prometheus.Options{
//		Server:   prometheus.Server{URL: "https://prometheus.example", BearerFile: "/run/secrets/token"},
//		Scrape:   15 * time.Second,
//		Requests: `http_requests_total{job="shop",version="{version}"}`,
//		Errors:   `http_requests_total{job="shop",version="{version}",code=~"5.."}`,
//		Latency:  `http_request_duration_seconds_bucket{job="shop",version="{version}"}`,
//		Up:       `up{job="shop",version="{version}"}`,
//	})
//	...
//	report, err := source.Check(ctx) // does Prometheus take all that?
//
// # Templates
//
// A template is PromQL in which {name} stands for a value of the group, within quotes and nowhere else. Options.Labels
// says which names there are, by default PoolLabels: group, revision, version, digest, baseline. A value is escaped
// for where it stands, for a regular expression too, so that it can never be anything but a value. Unknown names, and
// a template that would answer all groups alike, are refused by NewSource; what Prometheus refuses, by Check.
//
// # What is counted, and when
//
// Counters are read sample by sample, and not by rate or increase, which estimate. A request is dated by the scrape
// that first shows it: [From, To) holds what the samples in it show beyond the samples before them. So stretches
// that follow each other add up, wherever they are cut, and each request counts once; but it may have come up to a
// scrape interval before the stretch. In detail:
//
//   - A counter that stands still counts zero, which is a measurement.
//   - One that falls began anew: all of it counts. A restart after which it is soon above what it was looks like
//     growth, and counts for too little, unless Options.Started tells. The buckets of a histogram fall together.
//   - A series that is seen for the first time counts from zero where it is known that it was not there before: its
//     instance was scraped without it, or was started within Options.Bridge. Otherwise only what it adds counts.
//   - What an instance counted after its last scrape is never known.
//   - Scrapes that are missed lose nothing: what was counted meanwhile is in the next sample, and is dated by it. After
//     Options.Bridge an instance that comes back is a new one; a group of which nothing was scraped for longer is
//     ErrGap.
//   - The newest samples are not there yet. The answer ends (Window.To) where every instance of the group that
//     lives is known, and Options.Lag before now at the latest; whoever reads on from there loses nothing. An instance
//     has ended where Prometheus has marked that, or after Options.MaxGap without a sample.
//   - The answer begins (Window.From) with the first sample of the group, where it was not there before.
//   - A stretch that reaches up to now, and whose last Options.MaxGap shows nothing of the group, is
//     metrics.ErrNoData, however much there was before; one that ended longer ago is answered up to where the group
//     ended.
//
// A count may be an expression instead, with {window} for the length of the stretch: the answer is what Prometheus
// estimates, rounded; stretches do not add up exactly, nothing is known of births and gaps, and there are no parts. A
// recording rule is a series like any other: one that adds up instances falls when one of them goes, which looks
// like a restart and counts for far too much; use it in an expression. Gauges are the samples of a selector, or an
// expression at whole multiples of Line.Every.
//
// Latency is a classic histogram, or a native one (Prometheus 2.40 and later, where it is enabled), which is told in
// the buckets of Options.Native.
//
// For judge.Gate, let Config.Look be a scrape interval at least, and Delay a scrape interval and Lag.
//
// # Errors
//
// metrics.ErrUnknownGroup says that the server has never had a series of the group, metrics.ErrNoData that it had and
// has none of the stretch. All others mean that the source is down; ErrRefused, ErrDenied, ErrPartial, ErrSkew, ErrGap
// and ErrUnscraped say why. No error and no log line holds a secret. Until its first scrape a new group is
// unknown: a gate.Guard whose Down is not PolicyHold needs an After that is longer than Prometheus takes to find a
// target.
//
// # Concurrency
//
// All methods may be called by any number of goroutines at once. Nothing is cached; a Source remembers in which part
// it put whom.
package prometheus
