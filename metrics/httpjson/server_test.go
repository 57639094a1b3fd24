package httpjson_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/httpjson"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func serve(t testing.TB, h http.HandlerFunc) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// says is a server that answers that JSON to everybody.
func says(t testing.TB, body string) string {
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		fmt.Fprint(w, body)
	})
}

const asked = "/counts?group={group}&from={from}&to={to}"

var plain = httpjson.Fields{Requests: "requests", Errors: "errors"}

func source(t testing.TB, e httpjson.Endpoint, f httpjson.Fields) *httpjson.Source {
	s, err := httpjson.NewSource(e, f)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func query() metrics.Query { return metrics.Query{Group: "a", From: noon, To: noon.Add(time.Minute)} }
