package prometheus

import (
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/common/model"
)

// Times are in milliseconds since 1970, as they are in Prometheus.

// stream is one series as it was scraped.
type stream struct {
	labels model.Metric
	at     []int64
	values []float64
	// native are native histograms, in place of values.
	native []*model.SampleHistogram
}

// streams are the series of one selector, by their labels.
type streams map[string]*stream

// newStreams takes what was answered for [from, to]. Samples that are not in the order of time, and a series that is
// there twice, are errors: to leave them out would be to count too little.
func newStreams(matrix model.Matrix, from, to int64) (streams, error) {
	all := make(streams, len(matrix))
	for _, m := range matrix {
		s := &stream{labels: m.Metric}
		for _, p := range m.Values {
			if at := int64(p.Timestamp); at >= from && at <= to {
				s.at, s.values = append(s.at, at), append(s.values, float64(p.Value))
			}
		}
		for _, p := range m.Histograms {
			if at := int64(p.Timestamp); at >= from && at <= to && p.Histogram != nil {
				s.at, s.native = append(s.at, at), append(s.native, p.Histogram)
			}
		}
		if len(s.at) == 0 {
			continue
		}
		key := m.Metric.String()
		switch {
		case len(s.values) > 0 && len(s.native) > 0:
			return nil, fmt.Errorf("%s has both numbers and native histograms", key)
		case all[key] != nil:
			return nil, fmt.Errorf("%s is there twice", key)
		}
		for i := range s.at[1:] {
			if s.at[i+1] <= s.at[i] {
				return nil, fmt.Errorf("the samples of %s are not in the order of time", key)
			}
		}
		all[key] = s
	}
	return all, nil
}

// before puts what was scraped earlier before the rest.
func (all streams) before(earlier streams) error {
	for key, e := range earlier {
		s, ok := all[key]
		if !ok {
			all[key] = e
			continue
		}
		if (len(e.native) > 0) != (len(s.native) > 0) {
			return fmt.Errorf("%s has both numbers and native histograms", key)
		}
		s.at = append(e.at, s.at...)
		s.values, s.native = append(e.values, s.values...), append(e.native, s.native...)
	}
	return nil
}

// sorted are the streams in an order that is always the same.
func (all streams) sorted() []*stream {
	keys := make([]string, 0, len(all))
	for key := range all {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	out := make([]*stream, len(keys))
	for i, key := range keys {
		out[i] = all[key]
	}
	return out
}

// of is the value of a label.
func (s *stream) of(label string) string { return string(s.labels[model.LabelName(label)]) }

// told checks that series have the labels by which they are told apart: those of several targets would be taken for
// one's.
func (f *feed) told(labels ...string) error {
	for _, s := range f.streams.sorted() {
		for _, label := range labels {
			if s.of(label) == "" {
				return fmt.Errorf("Options.%s: %w %q, by which Options.Instance and Options.Part tell targets apart: %s", f.template.field, errUntold, label, s.labels)
			}
		}
	}
	return nil
}

var errUntold = errors.New("a series has no label")
