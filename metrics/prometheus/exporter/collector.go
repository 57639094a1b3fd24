package exporter

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/davit-sdk/davit/release"
)

// Collector is a prometheus.Collector of what releases and rollouts do. Make one with New.
type Collector struct {
	o      Options
	series *series

	mu       sync.Mutex
	values   map[string]map[string]bool // of labels
	releases map[string]*progress
	places   map[place]*deliveries
	current  map[place]*showing
	held     *[]fact // what is held back while a history is fed; nil: nothing is
}

var _ prometheus.Collector = (*Collector)(nil)

// New makes a collector. The error names everything that is wrong with the options.
func New(o Options) (*Collector, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	return &Collector{
		o: o, series: newSeries(o), values: map[string]map[string]bool{}, releases: map[string]*progress{},
		places: map[place]*deliveries{}, current: map[place]*showing{},
	}, nil
}

// Describe tells Prometheus' registry of all metrics.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, one := range c.series.all {
		one.Describe(ch)
	}
}

// Collect gives all metrics, as they are between two events.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.series.all {
		one.Collect(ch)
	}
}

// Replay feeds all releases of a store. Register the collector after it: see the package comment. What goes on
// meanwhile may be fed at once. The error is that of the store, or of a history that is broken; what was fed by
// then stays.
func (c *Collector) Replay(ctx context.Context, store release.Store) error {
	c.mu.Lock()
	if c.held != nil {
		c.mu.Unlock()
		return fmt.Errorf("replay: another one is under way")
	}
	c.held = &[]fact{}
	c.mu.Unlock()
	defer c.settle()
	for id, err := range store.Releases(ctx) {
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		for e, err := range store.Events(ctx, id, c.next(id)) {
			if err == nil {
				err = c.Observe(id, e)
			}
			if err != nil {
				return fmt.Errorf("replay release %s: %w", id, err)
			}
		}
	}
	return nil
}

// Follow feeds the events of a release as they come, from where it was fed up to, until the release is over. The
// error is that of release.Runner.Watch.
func (c *Collector) Follow(ctx context.Context, runner *release.Runner, id string) error {
	for e, err := range runner.Watch(ctx, id, c.next(id)) {
		if err == nil {
			err = c.Observe(id, e)
		}
		if err != nil {
			return fmt.Errorf("follow release %s: %w", id, err)
		}
	}
	return nil
}

// value is a label's value that does not make too many of them.
func (c *Collector) value(label, value string) string {
	value = strings.ToValidUTF8(value, "\uFFFD")
	known := c.values[label]
	if known == nil {
		known = map[string]bool{}
		c.values[label] = known
	}
	if !known[value] {
		if len(known) >= c.o.MaxValues {
			return "other"
		}
		known[value] = true
	}
	return value
}

// place is where something is deployed.
type place struct{ service, environment string }

func (c *Collector) place(service, environment string) place {
	return place{c.value("service", service), c.value("environment", environment)}
}

// underscored is a word of an event as a label's value: "step_done".
func underscored(text string) string { return strings.NewReplacer(" ", "_", "-", "_").Replace(text) }
