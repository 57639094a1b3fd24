package prometheus_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/prometheus"
)

// slow holds back the question for the time for a second, in which there is a scrape, and the questions with one
// word until that is answered.
type slow struct {
	*world
	held   string
	scrape func()
	timed  chan struct{}
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	switch query := r.Form.Get("query"); {
	case query == "time()":
		time.Sleep(time.Second)
		s.scrape()
		defer close(s.timed)
	case s.held != "" && strings.Contains(query, s.held):
		select {
		case <-s.timed:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return s.world.RoundTrip(r)
}

// A scrape that comes while the server is slow to tell the time may be in one answer and not in the other: the
// first errors of an instance are in none that covers it, or they are counted.
func TestScrapesBetweenTheQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(at(20))
		w.scrape(`req{version="1.1.0",instance="a",code="200"}`, 0, 20, 100, 10)
		o := w.options()
		o.Requests, o.Lag = `req{version="{version}",code=~".+"}`, 100*time.Millisecond
		between := &slow{world: w, held: ".+", timed: make(chan struct{}), scrape: func() {
			w.scrape(`req{version="1.1.0",instance="a",code="200"}`, 21, 21, 310, 0)
			w.scrape(`req{version="1.1.0",instance="a",code="500"}`, 21, 21, 200, 0)
			w.mu.Lock()
			w.now = at(21.9)
			w.mu.Unlock()
		}}
		o.Server.Transport = between
		first, err := read(t, newSource(t, o), 10, 60)
		require.NoError(t, err)

		w.scrape(`req{version="1.1.0",instance="a",code="200"}`, 22, 40, 320, 10)
		w.scrape(`req{version="1.1.0",instance="a",code="500"}`, 22, 40, 200, 0)
		w.now, o.Server.Transport = at(40), w
		next, err := newSource(t, o).Read(t.Context(), metrics.Query{Group: "1.1.0", From: first.To, To: at(30)})
		require.NoError(t, err)
		assert.Equal(t, uint64(200), first.Errors+next.Errors, "the first window ends at %s", first.To)
		assert.Equal(t, uint64(200+200), first.Requests+next.Requests)
	})
}

// The same of a line: what an expression gave before the newest sample was there is not told.
func TestLinesBetweenTheQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(at(20))
		w.scrape(`heap{version="1.1.0",instance="a"}`, 0, 20, 0, 1)
		between := &slow{world: w, timed: make(chan struct{}), scrape: func() {
			w.scrape(`heap{version="1.1.0",instance="a"}`, 21, 24, 21, 1)
			w.mu.Lock()
			w.now = at(24.9)
			w.mu.Unlock()
		}}
		s, err := prometheus.NewSeries(prometheus.SeriesOptions{
			Server: prometheus.Server{URL: "http://x", Transport: between}, Scrape: time.Second, MaxSkew: -1, Lag: 100 * time.Millisecond,
			Series: map[string]prometheus.Line{"max": {Query: `max(heap{version="{version}"})`}},
		})
		require.NoError(t, err)
		points, err := s.Series(t.Context(), metrics.SeriesQuery{Name: "max", Group: "1.1.0", From: at(20), To: at(24.5)})
		require.NoError(t, err)
		for _, p := range points {
			assert.Equal(t, p.At.Sub(noon).Seconds(), p.Value, "at %s", p.At)
		}
		assert.Len(t, points, 5)
	})
}
