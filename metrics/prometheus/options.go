package prometheus

import (
	"cmp"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"
)

// The defaults of Options.
const (
	DefaultBridge   = 10 * time.Minute
	DefaultLag      = time.Second
	DefaultMaxSkew  = 5 * time.Second
	DefaultInstance = "instance"
	DefaultParts    = 16
)

// Options say what a Source reads. Requests, Errors and Scrape are required; the zero value of any other field
// is its documented default.
//
// Requests, Errors, Latency and Counts are templates of counters: a selector alone, like
//
//	http_requests_total{job="shop",version="{version}"}
//
// is read sample by sample, and counted exactly. Anything else needs {window}, which stands for the length of the
// stretch, and tells that the host knows what is lost by it: see the package comment.
//
//	sum(increase(http_requests_total{version="{version}"}[{window}]))
type Options struct {
	Server Server

	// Scrape is the scrape interval of what is read, the longest where there are several. Required.
	Scrape time.Duration

	// Labels says what the placeholders of the templates stand for, by the group's label: "{version}" is
	// replaced by the value of version. It must know any label, and always give the same names; a group for which
	// a value that is asked for is empty is an error. It is called
	// by many at once. Nil: PoolLabels.
	Labels func(group string) map[string]string

	// Requests counts the answers of a group, Errors those of them that failed: most often the same counter
	// with one condition more. A series of Errors that is not there counts as none, as most programs make it
	// with the first error. Required.
	Requests, Errors string
	// Latency are the buckets of a histogram in seconds: of a classic one by its name with _bucket, of a native
	// one by its name. An expression gives a vector with le labels. Empty: not measured.
	Latency string
	// Native says in which buckets native histograms are told.
	Native Grid
	// Counts are further counters by name. One of which there is no series is not measured.
	Counts map[string]string
	// Gauges are values by name. Of a selector alone each sample is one, of all series; an expression is
	// evaluated every so often, and must give one series at most.
	Gauges map[string]Line

	// Up is a template for the targets' own series, which Prometheus makes of each scrape:
	//
	//	up{job="shop",version="{version}"}
	//
	// It works where a target's labels tell its group. With it, instances that cannot be scraped are an error
	// (ErrUnscraped), a group that was never asked anything has 0 requests, and not no data, and more is known of
	// when instances began. It is required where Requests is no selector alone. Empty: there is none.
	Up string
	// Started is a template for when the process of an instance was started, in seconds since 1970:
	//
	//	process_start_time_seconds{version="{version}"}
	//
	// With it, what an instance counted before its first scrape is counted, too, and no restart is overlooked. Of
	// several such series of one instance, the first by its labels is taken: its labels should outlive a restart.
	// With or without it, a counter whose labels change while its instance runs (a new relabelling, say) is taken
	// for a new one, and its whole count for new: change no labels while a rollout is judged.
	// Empty: there is none.
	Started string

	// Instance is the label that tells targets apart: the series of a target are scraped together. All that is
	// counted must have it, and Up and Started, where they are selectors alone: a series without it is an error.
	// Default: DefaultInstance.
	Instance string
	// Part is the label by which Parts tells apart. All that is counted must have it. Default: that of Instance.
	Part string
	// Parts is how many parts there are at most; where there are more instances than that, some share a part.
	// Default: DefaultParts.
	Parts int

	// MaxGap is how long after its last sample an instance counts as gone, and how old the newest sample of a
	// group may be in a stretch that reaches up to now. Default: two and a half times Scrape.
	MaxGap time.Duration
	// Bridge is how long an instance may go without a sample, and still be taken for the same: what it counted
	// meanwhile is in its next sample. Default: DefaultBridge, and at least four times Scrape.
	Bridge time.Duration
	// Lag is how long after its time a sample can be there to be read: as long as a scrape takes, and the way to
	// remote storage. Nothing younger is told. Default: DefaultLag. Negative: none.
	Lag time.Duration
	// MaxSkew is by how much the clocks of this host and of the server may differ. Default: DefaultMaxSkew.
	// Negative: they are not compared.
	MaxSkew time.Duration

	// Logger is told at debug level what each Read asked for. Nil: nothing is logged.
	Logger hclog.Logger
}

// Line is a template of something that is drawn as a line.
type Line struct {
	// Query is a selector alone, or an expression.
	Query string
	// Every is how often it gets a new value: an expression is evaluated at whole multiples of it, and takes
	// no sample for new that is older than two and a half times that. Default: Options.Scrape.
	Every time.Duration
}

func (o Options) withDefaults() Options {
	o.Instance = cmp.Or(o.Instance, DefaultInstance)
	o.Part = cmp.Or(o.Part, o.Instance)
	o.Parts = cmp.Or(o.Parts, DefaultParts)
	o.MaxGap = cmp.Or(o.MaxGap, o.Scrape*5/2)
	o.Bridge = cmp.Or(o.Bridge, max(DefaultBridge, 4*o.Scrape))
	o.Lag = max(cmp.Or(o.Lag, DefaultLag), 0)
	o.MaxSkew = cmp.Or(o.MaxSkew, DefaultMaxSkew)
	o.Native = o.Native.withDefaults()
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	o.Logger = o.Logger.Named("prometheus")
	return o
}

// Validate reports everything that is wrong with the options, each problem with its field. Whether Prometheus
// takes the expressions is told by Source.Check.
func (o Options) Validate() error {
	_, _, err := o.check()
	_, problems := o.Server.problems()
	return multierror.Append(nil, append(problems, flat(err)...)...).ErrorOrNil()
}
