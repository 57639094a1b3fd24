package prometheus

import (
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

// newStreams takes what was answered for [from, to].
func newStreams(matrix model.Matrix, from, to int64) streams {
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
		if len(s.at) > 0 && slices.IsSorted(s.at) {
			all[m.Metric.String()] = s
		}
	}
	return all
}

// before puts what was scraped earlier before the rest.
func (all streams) before(earlier streams) {
	for key, e := range earlier {
		s, ok := all[key]
		if !ok {
			all[key] = e
			continue
		}
		n, _ := slices.BinarySearch(e.at, s.at[0])
		s.at = append(e.at[:n:n], s.at...)
		if len(e.values) > 0 && len(s.values) > 0 {
			s.values = append(e.values[:n:n], s.values...)
		}
		if len(e.native) > 0 && len(s.native) > 0 {
			s.native = append(e.native[:n:n], s.native...)
		}
	}
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

// mixed reports whether a series has both numbers and native histograms, as one may whose metric was changed.
func (s *stream) mixed() bool { return len(s.at) != len(s.values) && len(s.at) != len(s.native) }
