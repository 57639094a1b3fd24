package httpjson_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/httpjson"
)

type always string

func (a always) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r, Body: io.NopCloser(strings.NewReader(string(a)))}, nil
}

// Whatever the answer and the paths are: what is read is sound, and nothing panics.
func FuzzAnswer(f *testing.F) {
	f.Add(`{"a":{"b.c":[1,"2",{"le":1,"count":2}]},"g":["NaN",1e999]}`, `a.b\.c.0`, `a.b\.c.1`, `a`)
	f.Add(`[[1,2],["2026-01-01T12:00:02Z",null]]`, `0.0`, `.`, `1.0`)
	f.Fuzz(func(t *testing.T, body, a, b, c string) {
		e := httpjson.Endpoint{URL: "http://x" + ranged, Transport: always(body)}
		e.URL = "http://x" + asked
		if s, err := httpjson.NewSource(e, httpjson.Fields{Requests: a, Errors: b, Latency: c, From: c, To: b, Counts: map[string]string{"x": c}, Gauges: map[string]string{"y": c}}); err == nil {
			if w, err := s.Read(t.Context(), query()); err == nil {
				require.LessOrEqual(t, w.Errors, w.Requests)
				require.NoError(t, w.Latency.Validate())
				require.False(t, w.From.After(w.To))
			}
		}
		e.URL = "http://x" + ranged
		if s, err := httpjson.NewSeries(e, httpjson.Points{List: a, At: b, Value: c}, "load"); err == nil {
			if points, err := s.Series(t.Context(), metrics.SeriesQuery{Name: "load", From: query().From, To: query().To}); err == nil {
				require.NotEmpty(t, points)
			}
		}
	})
}
