package httpjson_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/httpjson"
	"github.com/davit-sdk/davit/metrics/metricstest"
)

func TestRead(t *testing.T) {
	const body = `{"data":{"requests":100,"errors":"3","when":["2026-01-01T12:00:00Z",1767268860.5],
		"latency":[{"le":0.1,"count":90},{"le":"+Inf","count":100}],
		"a.b\\c":{"restarts":2e0,"none":null},"heap":[1,"2.5"],"queue":7,"idle":[]}}`
	s := source(t, httpjson.Endpoint{URL: says(t, body) + asked}, httpjson.Fields{
		Requests: "data.requests", Errors: "data.errors", Latency: "data.latency", From: "data.when.0", To: "data.when.1",
		Counts: map[string]string{"restarts": `data.a\.b\\c.restarts`, "none": `data.a\.b\\c.none`},
		Gauges: map[string]string{"heap": "data.heap", "queue": "data.queue", "idle": "data.idle"},
	})
	w, err := s.Read(t.Context(), query())
	require.NoError(t, err)
	assert.Equal(t, metrics.Window{
		From: noon, To: noon.Add(time.Minute + 500*time.Millisecond), Requests: 100, Errors: 3,
		Latency: metrics.Histogram{Bounds: []float64{0.1}, Counts: []uint64{90, 10}},
		Counts:  map[string]uint64{"restarts": 2}, Gauges: map[string][]float64{"heap": {1, 2.5}, "queue": {7}},
	}, w)
	assert.Equal(t, []string{"heap", "idle", "none", "queue", "restarts"}, s.Names())

	w, err = source(t, httpjson.Endpoint{URL: says(t, `[[5],0]`) + asked}, httpjson.Fields{Requests: "0.0", Errors: "1"}).Read(t.Context(), query())
	require.NoError(t, err)
	assert.Equal(t, metrics.Window{From: noon, To: noon.Add(time.Minute), Requests: 5}, w)
}

func TestWhatIsAsked(t *testing.T) {
	var got *http.Request
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		w.Header().Set("Content-Type", "application/problem+json")
		fmt.Fprint(w, `{"requests":1,"errors":0}`)
	})
	s := source(t, httpjson.Endpoint{
		URL: base + "/groups/{group}/counts?g={group}&f={from}&t={to}&fu={from.unix}&tu={to.unix}&fm={from.ms}&tm={to.ms}&s={seconds}&x=%7B",
		Header: func(context.Context) (http.Header, error) {
			return http.Header{"Authorization": {"Bearer secret"}, "X-Two": {"1", "2"}}, nil
		},
	}, plain)
	group := "1.1.0+b/1 ä&?#%"
	_, err := s.Read(t.Context(), metrics.Query{Group: group, From: noon.In(time.FixedZone("", 3600)), To: noon.Add(1500 * time.Millisecond)})
	require.NoError(t, err)
	assert.Equal(t, http.MethodGet, got.Method)
	assert.Equal(t, "/groups/1.1.0%2Bb%2F1%20%C3%A4%26%3F%23%25/counts", got.URL.EscapedPath())
	assert.Equal(t, url.Values{
		"g": {group}, "f": {"2026-01-01T12:00:00Z"}, "t": {"2026-01-01T12:00:01.5Z"}, "fu": {"1767268800"}, "tu": {"1767268801.5"},
		"fm": {"1767268800000"}, "tm": {"1767268801500"}, "s": {"1.5"}, "x": {"{"},
	}, got.URL.Query())
	assert.Equal(t, "Bearer secret", got.Header.Get("Authorization"))
	assert.Equal(t, []string{"1", "2"}, got.Header["X-Two"])
	assert.Equal(t, "application/json", got.Header.Get("Accept"))

	got = nil
	for _, group := range []string{".", ".."} {
		_, err = s.Read(t.Context(), metrics.Query{Group: group, From: noon, To: noon.Add(1)})
		assert.ErrorContains(t, err, "no names for a URL")
	}
	_, err = s.Read(t.Context(), metrics.Query{Group: "a", From: noon, To: noon})
	assert.ErrorContains(t, err, "is empty")
	assert.Nil(t, got, "nothing is asked for nothing")
}

func TestAnswersThatAreNone(t *testing.T) {
	more := plain
	more.Latency, more.From, more.To = "latency", "from", "to"
	more.Counts, more.Gauges = map[string]string{"c": "c"}, map[string]string{"g": "g"}
	whole := func(field, value string) string {
		fields := map[string]json.RawMessage{"requests": []byte("5"), "errors": []byte("1"), "latency": []byte("[]"), "from": []byte("null"), "to": []byte("null"),
			"c": []byte("1"), "g": []byte("[1]")}
		fields[field] = []byte(value)
		text, err := json.Marshal(fields)
		require.NoError(t, err)
		return string(text)
	}
	for _, c := range []struct{ name, body, want string }{
		{"no JSON", "<html>it works</html>", "its answer is no JSON from byte 0 on"},
		{"nothing", "", "its answer is no JSON"},
		{"torn", `{"requests":5,"err`, "its answer is no JSON"},
		{"two", `{"requests":5,"errors":1} {}`, "something follows the JSON"},
		{"NaN", `{"requests":NaN,"errors":1}`, "its answer is no JSON"},
		{"another shape", `[1,2]`, "requests: its answer has a list there, which has no field"},
		{"a text", `"hello"`, "requests: its answer has a text before it, which has no fields"},
		{"no requests", `{"errors":1}`, "requests: its answer has no such field"},
		{"no errors", `{"requests":1}`, "errors: its answer has no such field"},
		{"errors that nobody knows", `{"requests":1,"errors":null}`, "errors: its answer has nothing there, while there are requests"},
		{"NaN as a text", whole("requests", `"NaN"`), "requests: is a text, and not a count"},
		{"infinitely many", whole("requests", `"+Inf"`), "requests: is a text, and not a count"},
		{"below zero", whole("requests", `-5`), "requests: is a number, and not a count: a whole number from 0 up"},
		{"half a request", whole("errors", `0.5`), "errors: is a number, and not a count"},
		{"too many", whole("requests", `1e30`), "requests: is a number, and not a count"},
		{"an object", whole("requests", `{"n":1}`), "requests: is an object, and not a number"},
		{"true", whole("errors", `true`), "errors: is true or false, and not a number"},
		{"a list", whole("errors", `[1]`), "errors: is a list, and not a number"},
		{"a word", whole("errors", `"few"`), "errors: is a text, and not a count"},
		{"more errors than requests", whole("errors", `6`), "errors: its answer has more errors than requests"},
		{"a latency that is none", whole("latency", `[{"le":1,"count":5}]`), `latency: is no latency: a list of {"le":seconds,"count":n}`},
		{"a latency that shrinks", whole("latency", `[{"le":1,"count":5},{"le":"+Inf","count":4}]`), "latency: is no latency"},
		{"a latency as an object", whole("latency", `{"p99":1}`), "latency: is no latency"},
		{"a time that is none", whole("from", `"today"`), "from: is a text, and no time"},
		{"a time of another unit", whole("from", `1767268800000`), "is it in another unit?"},
		{"a time as a list", whole("to", `[1]`), "to: is a list, and no time"},
		{"backwards", whole("to", `5`), "what its answer covers ends before it begins"},
		{"a count that is none", whole("c", `"x"`), "c: is a text, and not a count"},
		{"a gauge that is none", whole("g", `[1,"NaN"]`), "g: is not a finite number"},
		{"a gauge that is no number", whole("g", `[[]]`), "g: is a list, and not a number"},
		{"a gauge as a word", whole("g", `"x"`), "g: is a text, and not a number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := source(t, httpjson.Endpoint{URL: says(t, c.body) + asked}, more).Read(t.Context(), query())
			require.ErrorContains(t, err, c.want)
			for _, kind := range []error{metrics.ErrNoData, metrics.ErrUnknownGroup} {
				assert.NotErrorIs(t, err, kind)
			}
		})
	}
}

func TestNoData(t *testing.T) {
	for _, body := range []string{`null`, `{"data":null}`, `{"data":{"result":[]}}`, `{"data":{"result":[{"n":null}]}}`, `{"data":{"result":[{"n":[]}]}}`} {
		s := source(t, httpjson.Endpoint{URL: says(t, body) + asked}, httpjson.Fields{Requests: "data.result.0.n", Errors: "e"})
		_, err := s.Read(t.Context(), query())
		assert.ErrorIs(t, err, metrics.ErrNoData, body)
	}
	s := source(t, httpjson.Endpoint{URL: says(t, `{"data":{"result":[{}]}}`) + asked}, httpjson.Fields{Requests: "data.result.1.n", Errors: "e"})
	_, err := s.Read(t.Context(), query())
	assert.ErrorContains(t, err, "data.result.1: its answer has a list of 1 there")
	assert.NotErrorIs(t, err, metrics.ErrNoData)
}

func TestStatuses(t *testing.T) {
	for _, c := range []struct {
		name     string
		status   int
		endpoint httpjson.Endpoint
		kind     error
		want     string
	}{
		{"no such group", 404, httpjson.Endpoint{}, metrics.ErrUnknownGroup, ""},
		{"nothing there", 204, httpjson.Endpoint{}, metrics.ErrNoData, ""},
		{"404 is none", 404, httpjson.Endpoint{UnknownGroup: []int{}}, nil, "status 404"},
		{"204 is none", 204, httpjson.Endpoint{NoData: []int{}}, nil, "status 204"},
		{"410 is one", 410, httpjson.Endpoint{UnknownGroup: []int{404, 410}}, metrics.ErrUnknownGroup, ""},
		{"404 is the other", 404, httpjson.Endpoint{UnknownGroup: []int{400}, NoData: []int{404}}, metrics.ErrNoData, ""},
		{"down", 503, httpjson.Endpoint{}, nil, "status 503"},
		{"who are you", 401, httpjson.Endpoint{}, nil, "status 401"},
		{"a part", 206, httpjson.Endpoint{}, nil, "status 206"},
		{"as before", 304, httpjson.Endpoint{}, nil, "status 304"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.endpoint.URL = serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				if c.status != 204 && c.status != 304 {
					fmt.Fprint(w, `{"requests":1,"errors":0}`)
				}
			}) + asked
			_, err := source(t, c.endpoint, plain).Read(t.Context(), query())
			require.Error(t, err)
			for _, kind := range []error{metrics.ErrNoData, metrics.ErrUnknownGroup} {
				assert.Equal(t, kind == c.kind, errors.Is(err, kind), "%v", err)
			}
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestContentTypes(t *testing.T) {
	for contentType, good := range map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true, "text/json": true, "application/vnd.x+json": true,
		"text/html": false, "": false, "application/jsonp": false, "application/;json": false,
	} {
		e := httpjson.Endpoint{URL: serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{contentType}
			fmt.Fprint(w, `{"requests":1,"errors":0}`)
		}) + asked}
		_, err := source(t, e, plain).Read(t.Context(), query())
		if good {
			assert.NoError(t, err, contentType)
		} else {
			assert.ErrorContains(t, err, "content type", contentType)
		}
		e.AnyContentType = true
		_, err = source(t, e, plain).Read(t.Context(), query())
		assert.NoError(t, err, contentType)
	}
}

func TestLimits(t *testing.T) {
	body := `{"requests":1,"errors":0}`
	_, err := source(t, httpjson.Endpoint{URL: says(t, body) + asked, MaxBody: int64(len(body))}, plain).Read(t.Context(), query())
	assert.NoError(t, err)
	_, err = source(t, httpjson.Endpoint{URL: says(t, body) + asked, MaxBody: int64(len(body)) - 1}, plain).Read(t.Context(), query())
	assert.ErrorContains(t, err, "its answer is larger than 24 bytes")

	endless := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for {
			if _, err := w.Write([]byte(strings.Repeat("[", 1<<16))); err != nil {
				return
			}
		}
	})
	_, err = source(t, httpjson.Endpoint{URL: endless + asked}, plain).Read(t.Context(), query())
	assert.ErrorContains(t, err, "its answer is larger than 1048576 bytes")

	deep := says(t, strings.Repeat("[", 500_000))
	_, err = source(t, httpjson.Endpoint{URL: deep + asked}, plain).Read(t.Context(), query())
	assert.ErrorContains(t, err, "its answer is no JSON")

	cut := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, body)
	})
	_, err = source(t, httpjson.Endpoint{URL: cut + asked}, plain).Read(t.Context(), query())
	assert.ErrorContains(t, err, "its answer breaks off")
}

func TestHeadersAreLimited(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Much", strings.Repeat("x", 80<<10))
		fmt.Fprint(w, `{"requests":1,"errors":0}`)
	})
	_, err := source(t, httpjson.Endpoint{URL: base + asked}, plain).Read(t.Context(), query())
	assert.Error(t, err)
	_, err = source(t, httpjson.Endpoint{URL: base + asked, Transport: http.DefaultTransport}, plain).Read(t.Context(), query())
	assert.NoError(t, err, "another transport has limits of its own")
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

func TestCountsAtTheirEdges(t *testing.T) {
	for body, want := range map[string]metrics.Window{
		`{"requests":0.0,"errors":"0.0"}`:                                     {},
		`{"requests":7,"errors":7.0}`:                                         {Requests: 7, Errors: 7},
		`{"requests":"18446744073709551615","errors":0}`:                      {Requests: 18446744073709551615},
		`{"requests":18446744073709551616,"errors":0}`:                        {},
		`{"requests":"1_616","errors":0}`:                                     {},
		`{"requests":"0x616p1","errors":0}`:                                   {},
		`{"requests":18446744073709551616.0,"errors":18446744073709551616.0}`: {},
	} {
		w, err := source(t, httpjson.Endpoint{URL: says(t, body) + asked}, plain).Read(t.Context(), query())
		if strings.Contains(body, "616") {
			assert.ErrorContains(t, err, "not a count", body)
			continue
		}
		require.NoError(t, err, body)
		w.From, w.To = time.Time{}, time.Time{}
		assert.Equal(t, want, w)
	}
}

func TestRedirects(t *testing.T) {
	var followed []string
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { followed = append(followed, "elsewhere") })
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		followed = append(followed, r.URL.Path+" "+r.Header.Get("X-Key"))
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, elsewhere, http.StatusFound)
		case "/end":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"requests":1,"errors":0}`)
		default:
			http.Redirect(w, r, "/end", http.StatusFound)
		}
	})
	read := func(path string, redirects int) error {
		followed = nil
		_, err := source(t, httpjson.Endpoint{
			URL: base + path + "?group={group}&from={from}&to={to}", Redirects: redirects,
			Header: func(context.Context) (http.Header, error) { return http.Header{"X-Key": {"secret"}}, nil },
		}, plain).Read(t.Context(), query())
		return err
	}
	assert.ErrorContains(t, read("/begin", 0), "it redirects to somewhere else")
	assert.Equal(t, []string{"/begin secret"}, followed)
	assert.NoError(t, read("/begin", 1))
	assert.Equal(t, []string{"/begin secret", "/end secret"}, followed)
	assert.ErrorContains(t, read("/away", 5), "it redirects to somewhere else")
	assert.Equal(t, []string{"/away secret"}, followed, "no header goes to another host")
}

func TestNothingIsRepeated(t *testing.T) {
	asks := 0
	s := source(t, httpjson.Endpoint{URL: serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asks++
		w.WriteHeader(503)
	}) + asked}, plain)
	_, err := s.Read(t.Context(), query())
	assert.Error(t, err)
	assert.Equal(t, 1, asks)
}

func TestTimeout(t *testing.T) {
	s := source(t, httpjson.Endpoint{URL: hanging(t) + asked, Timeout: 10 * time.Millisecond}, plain)
	_, err := s.Read(t.Context(), query())
	assert.ErrorContains(t, err, "there is no answer after 10ms")
	assert.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's time is not over")

	slow := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"requests":1,`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	s = source(t, httpjson.Endpoint{URL: slow + asked, Timeout: 10 * time.Millisecond}, plain)
	_, err = s.Read(t.Context(), query())
	assert.ErrorContains(t, err, "there is no answer after 10ms", "also in the middle of one")

	cause := errors.New("the release was aborted")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(10*time.Millisecond, func() { cancel(cause) })
	_, err = source(t, httpjson.Endpoint{URL: hanging(t) + asked}, plain).Read(ctx, query())
	assert.ErrorIs(t, err, cause)
}

// hanging is a server that does not answer.
func hanging(t testing.TB) string {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(s.Close)
	return s.URL
}

func TestConformance(t *testing.T) {
	// A service that knows one group, minute by minute.
	type counts struct {
		Requests, Errors, Restarts uint64
		Latency                    []map[string]any
		From, To                   time.Time
	}
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		from, _ := time.Parse(time.RFC3339, r.FormValue("from"))
		to, _ := time.Parse(time.RFC3339, r.FormValue("to"))
		switch {
		case r.FormValue("group") != "a":
			w.WriteHeader(404)
			return
		case !to.After(noon):
			w.WriteHeader(204)
			return
		}
		c := counts{From: from, To: to}
		for at := from; at.Before(to); at = at.Add(time.Minute) {
			n := uint64(at.Sub(noon).Minutes())
			c.Requests, c.Errors, c.Restarts = c.Requests+10+n, c.Errors+n, c.Restarts+1
		}
		c.Latency = []map[string]any{{"le": 0.5, "count": c.Requests - c.Errors}, {"le": "+Inf", "count": c.Requests}}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(c)
	})
	fields := httpjson.Fields{Requests: "Requests", Errors: "Errors", Latency: "Latency", From: "From", To: "To", Counts: map[string]string{"restarts": "Restarts"}}
	s := source(t, httpjson.Endpoint{URL: base + asked}, fields)
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	metricstest.Run(t, func() metrics.Source { return s }, metricstest.Case{
		Group: "a", Cuts: []time.Time{minute(0), minute(1), minute(5), minute(9)}, SilentFrom: minute(-9), SilentTo: minute(-5),
		Down:  func() metrics.Source { return source(t, httpjson.Endpoint{URL: "http://127.0.0.1:1" + asked}, fields) },
		Hangs: func() metrics.Source { return source(t, httpjson.Endpoint{URL: hanging(t) + asked}, fields) },
	})
}
