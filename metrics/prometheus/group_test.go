package prometheus_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/prometheus"
)

// A group that lacks what the templates ask for is never answered with the requests of others.
func TestGroupsThatCannotBeAskedFor(t *testing.T) {
	w := newWorld(at(100))
	for _, digest := range []string{`,digest="sha256:86eb"`, `,digest="sha256:9f86"`, ``} {
		w.scrape(`req{instance="a"`+digest+`,code="200"}`, 0, 60, 100, 5)
	}
	w.scrape(`req{version="1.1.0",instance="a",code="200"}`, 0, 60, 100, 5)
	o := w.options()
	o.Requests, o.Errors = `req{digest=~"sha256:{digest}.*"}`, `req{digest="{digest}",code="500"}`
	s := newSource(t, o)
	ask := func(s *prometheus.Source, group string) (metrics.Window, error) {
		return s.Read(t.Context(), metrics.Query{Group: group, From: at(10), To: at(20)})
	}
	got, err := ask(s, "1.0.0@86eb")
	require.NoError(t, err)
	assert.Equal(t, uint64(50), got.Requests)
	w.asked = nil
	_, err = ask(s, "1.0.0")
	assert.ErrorContains(t, err, "{digest} is empty for this group")
	for _, asked := range w.asked {
		assert.False(t, strings.Contains(asked, "req{"), asked)
	}

	for _, s := range []*prometheus.Source{s, newSource(t, w.options())} {
		_, err = ask(s, "")
		require.ErrorIs(t, err, metrics.ErrUnknownGroup)
		_, err = s.Parts(t.Context(), metrics.Query{From: at(10), To: at(20)})
		require.ErrorIs(t, err, metrics.ErrUnknownGroup)
	}
	lines, err := prometheus.NewSeries(prometheus.SeriesOptions{Server: o.Server, Scrape: time.Second, MaxSkew: -1, Series: map[string]prometheus.Line{"all": {Query: `req{digest="{digest}"}`}}})
	require.NoError(t, err)
	_, err = lines.Series(t.Context(), metrics.SeriesQuery{Name: "all", Group: "1.0.0", From: at(10), To: at(20)})
	assert.ErrorContains(t, err, "{digest} is empty for this group")
	_, err = lines.Series(t.Context(), metrics.SeriesQuery{Name: "all", From: at(10), To: at(20)})
	require.ErrorIs(t, err, metrics.ErrUnknownGroup)

	// Labels of a host's own may have nothing for the group that Check tries.
	o = w.options()
	o.Requests, o.Errors = `req{digest="{app}"}`, `req{digest="{app}",code="500"}`
	o.Labels = func(group string) map[string]string {
		return map[string]string{"app": map[string]string{"x": "sha256:86eb"}[group]}
	}
	_, err = newSource(t, o).Check(t.Context())
	require.NoError(t, err)
}
