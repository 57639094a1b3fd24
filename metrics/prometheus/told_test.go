package prometheus_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/prometheus"
)

// Where series lack the label that tells instances apart, all of them would be one: that one of two cannot be
// scraped would be hidden by the other.
func TestSeriesThatCannotBeToldApart(t *testing.T) {
	w := newWorld(at(200))
	for sec := 0; sec <= 200; sec += 10 {
		for _, i := range []string{"a", "b"} {
			l, up := fmt.Sprintf(`version="1.1.0",instance=%q,zone="z"`, i), 1.0
			if i == "b" && sec > 100 {
				up = 0
			}
			w.add(`up{`+l+`}`, at(float64(sec)), up)
			if up > 0 {
				w.add(`req{`+l+`,code="200",shard="`+i+`"}`, at(float64(sec)), float64(sec))
				w.add(`start{`+l+`}`, at(float64(sec)), 1)
			}
		}
	}
	options := func(edit func(o *prometheus.Options)) prometheus.Options {
		o := w.options()
		o.Scrape, o.Up = 10*time.Second, `up{version="{version}"}`
		edit(&o)
		return o
	}
	_, err := read(t, newSource(t, options(func(*prometheus.Options) {})), 50, 200)
	require.ErrorIs(t, err, prometheus.ErrUnscraped)

	for _, c := range []struct {
		name, field, label string
		edit               func(o *prometheus.Options)
	}{
		{"no instance", "Options.Requests", "pod", func(o *prometheus.Options) { o.Instance = "pod" }},
		{"no instance of what is up", "Options.Up", "shard", func(o *prometheus.Options) { o.Instance = "shard" }},
		{"no instance of what was started", "Options.Started", "shard", func(o *prometheus.Options) {
			o.Instance, o.Up, o.Started = "shard", "", `start{version="{version}"}`
		}},
		{"no part", "Options.Requests", "pod", func(o *prometheus.Options) { o.Part = "pod" }},
	} {
		s := newSource(t, options(c.edit))
		_, err = read(t, s, 50, 90)
		assert.ErrorContains(t, err, c.field, c.name)
		assert.ErrorContains(t, err, fmt.Sprintf("a series has no label %q", c.label), c.name)
		_, err = s.Check(t.Context())
		assert.ErrorContains(t, err, c.field, c.name)
		assert.ErrorContains(t, err, "has none called "+c.label, c.name)
	}

	// What is counted may be told apart by a label that the targets' own series do not have.
	s := newSource(t, options(func(o *prometheus.Options) { o.Part = "shard" }))
	_, err = s.Check(t.Context())
	require.NoError(t, err)
	parts, err := s.Parts(t.Context(), metrics.Query{Group: "1.1.0", From: at(50), To: at(90)})
	require.NoError(t, err)
	require.Len(t, parts, 2)
	assert.Equal(t, []uint64{40, 40}, []uint64{parts[0].Requests, parts[1].Requests})

	// One series among others is found when it is read.
	w.add(`req{version="1.1.0",code="500"}`, at(80), 1)
	_, err = read(t, s, 50, 90)
	assert.ErrorContains(t, err, `a series has no label "instance"`)
}
