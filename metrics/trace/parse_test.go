package trace_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/trace"
)

const full = `{"t":12.0,"group":"baseline","requests":100,"errors":1,"latency":[{"le":0.1,"count":90},{"le":0.5,"count":99},{"le":"+Inf","count":100}]}`

func fullLine() trace.Line {
	return trace.Line{
		T: 12 * time.Second, Group: "baseline", Requests: 100, Errors: 1,
		Latency: metrics.Histogram{Bounds: []float64{0.1, 0.5}, Counts: []uint64{90, 9, 1}},
	}
}

func TestParse(t *testing.T) {
	const l = `"latency":[]`
	for _, c := range []struct {
		name, text string
		want       trace.Line
	}{
		{"all of it", full, fullLine()},
		{"white space and another order", "\t{ \"errors\" : 1 , \"group\" : \"a\" , \"t\" : 0 , \"requests\" : 2 } ", trace.Line{Group: "a", Requests: 2, Errors: 1}},
		{"numbers as floats", `{"t":0,"group":"a","requests":1e2,"errors":3.0,"latency":[{"le":1,"count":4.0},{"le":2e0,"count":1e1},{"le":"+Inf","count":10}]}`,
			trace.Line{Group: "a", Requests: 100, Errors: 3, Latency: metrics.Histogram{Bounds: []float64{1, 2}, Counts: []uint64{4, 6, 0}}}},
		{"bounds as texts", `{"t":0,"group":"a","requests":1,"errors":0,"latency":[{"le":"0.25","count":1},{"le":"inf","count":1}]}`,
			trace.Line{Group: "a", Requests: 1, Latency: metrics.Histogram{Bounds: []float64{0.25}, Counts: []uint64{1, 0}}}},
		{"the largest count", `{"t":0,"group":"a","requests":18446744073709551615,"errors":18446744073709551615}`,
			trace.Line{Group: "a", Requests: math.MaxUint64, Errors: math.MaxUint64}},
		{"more than a float64 can tell", `{"t":0,"group":"a","requests":9007199254740993.0,"errors":0}`, trace.Line{Group: "a", Requests: 9007199254740993}},
		{"no request", `{"t":3,"group":"a"}`, trace.Line{T: 3 * time.Second, Group: "a"}},
		{"a latency that is null", `{"t":0,"group":"a","requests":0,"errors":0,"latency":null}`, trace.Line{Group: "a"}},
		{"a latency without a bound", `{"t":0,"group":"a","requests":7,"errors":0,"latency":[{"le":"+Inf","count":7}]}`, trace.Line{Group: "a", Requests: 7}},
		{"more latencies than requests", `{"t":0,"group":"a","requests":0,"errors":0,"latency":[{"le":0,"count":0},{"le":"+Inf","count":7}]}`,
			trace.Line{Group: "a", Latency: metrics.Histogram{Bounds: []float64{0}, Counts: []uint64{0, 7}}}},
		{"a nanosecond of this century", `{"t":1763874181.123456789,"group":"a"}`, trace.Line{T: 1763874181123456789, Group: "a"}},
		{"a nanosecond, and many zeros", `{"t":1700000000.000000001,"group":"a"}`, trace.Line{T: 1700000000000000001, Group: "a"}},
		{"the first time", `{"at":"1970-01-01T00:00:00Z","group":"a"}`, trace.Line{At: time.Unix(0, 0).UTC(), Group: "a"}},
		{"the last time", `{"at":"9999-12-31T23:59:59Z","group":"a"}`, trace.Line{At: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), Group: "a"}},
		{"rounded", `{"t":0.0000000015,"group":"a"}`, trace.Line{T: 2, Group: "a"}},
		{"an exponent", `{"t":1.5E+1,"group":"a"}`, trace.Line{T: 15 * time.Second, Group: "a"}},
		{"less than nothing is nothing", `{"t":-0.0,"group":"a","requests":-0,"errors":-0.0}`, trace.Line{Group: "a"}},
		{"a time", `{"at":"2026-01-02T03:04:05.5+01:00","group":"ä/1","requests":0}`,
			trace.Line{At: time.Date(2026, 1, 2, 2, 4, 5, 5e8, time.UTC), Group: "ä/1"}},
		{"counts and gauges", `{"t":0,"group":"a","counts":{"restarts":1,"hits":0},"gauges":{"heap":[1,-2.5e3],"queue":7,"idle":[]}}`,
			trace.Line{Group: "a", Counts: map[string]uint64{"restarts": 1, "hits": 0}, Gauges: map[string][]float64{"heap": {1, -2500}, "queue": {7}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ignored, err := trace.Parse([]byte(c.text))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
			assert.Empty(t, ignored)
			assert.NoError(t, got.Validate())
		})
	}
	_, ignored, err := trace.Parse([]byte(`{"pod":{"a":[1]},"t":0,"group":"a","requests":0,"errors":0,"Errors":5,` + l + `}`))
	require.NoError(t, err)
	assert.Equal(t, []string{"pod", "Errors"}, ignored, "names are taken as they are written")
}

func TestParseRefuses(t *testing.T) {
	in := func(fields string) string { return `{"t":1,"group":"a",` + fields + `}` }
	latency := func(buckets string) string { return in(`"requests":100,"errors":0,"latency":` + buckets) }
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", `hello`, "it is no JSON: invalid character"},
		{"nothing", ``, "ends within"},
		{"a list", `[1]`, "it is no JSON object"},
		{"a number", `12`, "it is no JSON object"},
		{"torn", full[:60], "ends within its JSON object"},
		{"two", full + full, "something follows"},
		{"a field twice", in(`"errors":5,"requests":9,"errors":0`), "errors: is there twice"},
		{"no time", `{"group":"a"}`, "t: either t or at"},
		{"two times", `{"t":1,"at":"2026-01-02T03:04:05Z","group":"a"}`, "t: either t or at"},
		{"a time before the start", `{"t":-0.1,"group":"a"}`, "t: -0.1 is before the start"},
		{"a time as a text", `{"t":"12","group":"a"}`, `t: "12" is no number`},
		{"milliseconds since 1970", `{"t":1763874181123,"group":"a"}`, "are they of another unit?"},
		{"a time beyond all floats", `{"t":1e999,"group":"a"}`, "are they of another unit?"},
		{"no such day", `{"at":"2026-02-30T00:00:00Z","group":"a"}`, "no time as in RFC 3339"},
		{"year one", `{"at":"0001-01-01T00:00:00Z","group":"a"}`, "from 1970 to 9999"},
		{"after all years", `{"at":"9999-12-31T23:59:59-01:00","group":"a"}`, "from 1970 to 9999"},
		{"no group", `{"t":1}`, "group: is missing"},
		{"an empty group", `{"t":1,"group":""}`, "group: is empty"},
		{"a blank group", `{"t":1,"group":" "}`, "group: the name is missing"},
		{"a group that is a number", `{"t":1,"group":1}`, "group: 1 is no text"},
		{"a group that moves the cursor", `{"t":1,"group":"a\u001b[2J"}`, `group: "a\x1b[2J" has control characters`},
		{"below zero", in(`"requests":-1`), "requests: -1 is below zero"},
		{"half an error", in(`"requests":1,"errors":0.5`), "errors: 0.5 is not a whole number"},
		{"too many", in(`"requests":18446744073709551616,"errors":0`), "requests: 18446744073709551616 is more than can be counted"},
		{"far too many", in(`"requests":1e999,"errors":0`), "requests: 1e999 is more"},
		{"a count as a text", in(`"requests":"100","errors":0`), `requests: "100" is no number`},
		{"not a number", in(`"requests":"NaN","errors":0`), `requests: "NaN" is no number`},
		{"NaN", in(`"requests":NaN,"errors":0`), "it is no JSON"},
		{"a count that nobody knows", in(`"requests":9,"errors":null`), "errors: null is no number"},
		{"errors that nobody knows", in(`"requests":9`), "errors: is missing; say 0"},
		{"errors without requests", in(`"errors":1`), "errors: 1 of 0 requests"},
		{"more errors than requests", in(`"requests":9,"errors":10`), "errors: 10 of 9 requests"},
		{"perhaps misspelt errors", in(`"requests":9,"error":1,"latency":[]`), "errors: is missing"},
		{"perhaps misspelt requests", in(`"request":9,"errors":0,"latency":[]`), `"request" is no field of a trace, and there is no "requests"`},
		{"perhaps misspelt latency", in(`"requests":9,"errors":0,"latencies":[]`), `no "latency", for which it may be meant`},
		{"latency is no list", latency(`{"le":1,"count":1}`), "latency: it is no list of"},
		{"latency is a list of numbers", latency(`[1,2]`), "latency: it is no list of"},
		{"fewer within more", latency(`[{"le":0.1,"count":90},{"le":0.5,"count":9},{"le":"+Inf","count":100}]`), "9 within 0.5 seconds are fewer than the 90 within 0.1: the counts are cumulative"},
		{"bounds descend", latency(`[{"le":1,"count":9},{"le":0.5,"count":9},{"le":"+Inf","count":100}]`), "le: 0.5 does not ascend from the 1"},
		{"a bound twice", latency(`[{"le":1,"count":9},{"le":1,"count":9},{"le":"+Inf","count":100}]`), "does not ascend"},
		{"all but the slowest", latency(`[{"le":1,"count":9}]`), `the last bucket is that of 1 seconds; one with "le":"+Inf"`},
		{"infinity in between", latency(`[{"le":"+Inf","count":9},{"le":1,"count":9}]`), "does not ascend"},
		{"infinity twice", latency(`[{"le":1,"count":9},{"le":"+Inf","count":9},{"le":"Inf","count":9}]`), "does not ascend"},
		{"a bound below zero", latency(`[{"le":-1,"count":9},{"le":"+Inf","count":9}]`), "le: -1 seconds is below zero"},
		{"a bound that is none", latency(`[{"le":"NaN","count":9},{"le":"+Inf","count":9}]`), `le: "NaN" is no number of seconds`},
		{"a bound that is null", latency(`[{"le":null,"count":9},{"le":"+Inf","count":9}]`), `le: "null" is no number`},
		{"a bucket without a bound", latency(`[{"count":9},{"le":"+Inf","count":9}]`), `bucket 1 lacks its "le" or its "count"`},
		{"a bucket without a count", latency(`[{"le":9},{"le":"+Inf","count":9}]`), `bucket 1 lacks`},
		{"a bucket with more", latency(`[{"le":9,"count":1,"cnt":2},{"le":"+Inf","count":9}]`), `unknown field "cnt"`},
		{"a bucket with a text", latency(`[{"le":9,"count":"1"},{"le":"+Inf","count":9}]`), `count: "1" is no number`},
		{"a bucket below zero", latency(`[{"le":9,"count":-1},{"le":"+Inf","count":9}]`), "count: -1 is below zero"},
		{"counts are a list", in(`"counts":[1]`), "counts: [1] is no object"},
		{"counts are null", in(`"counts":null`), "counts: null is no object"},
		{"a count below zero", in(`"counts":{"a":-1}`), "counts: a: -1 is below zero"},
		{"a nameless count", in(`"counts":{"":1}`), "counts: the name is missing"},
		{"a gauge as a text", in(`"gauges":{"heap":"1"}`), `gauges: heap: "1" is no number`},
		{"a gauge beyond all floats", in(`"gauges":{"heap":[1,1e999]}`), `gauges: heap: "1e999" is not a finite number`},
		{"several", `{"t":-1,"group":"a","requests":-2}`, "t: -1 is before the start; requests: -2 is below zero"},
		{"long", in(`"requests":"` + strings.Repeat("9", 1000) + `"`), strings.Repeat("9", 39) + "… is no number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := trace.Parse([]byte(c.text))
			require.ErrorContains(t, err, c.want)
			assert.Less(t, len(err.Error()), 200)
			assert.Zero(t, got)
		})
	}
}

func TestValidateReportsAllAtOnce(t *testing.T) {
	err := trace.Line{
		T: -1, Group: "\n", Requests: 1, Errors: 2, Latency: metrics.Histogram{Bounds: []float64{2, 1}, Counts: []uint64{1}},
		Counts: map[string]uint64{"\xff": 1}, Gauges: map[string][]float64{"a": {math.NaN()}, "b": nil, " ": {1}},
	}.Validate()
	for _, want := range []string{"t: -1ns", "group: ", "errors: 2 of 1", "latency: Bounds[1]", "counts: \"\\xff\" is not UTF-8", "gauges: a: NaN", "gauges: b has no value", "gauges: the name is missing"} {
		assert.ErrorContains(t, err, want)
	}
	local := time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600))
	assert.ErrorContains(t, trace.Line{At: local, Group: "a"}.Validate(), "in UTC")
	assert.ErrorContains(t, trace.Line{At: local.UTC(), T: 1, Group: "a"}.Validate(), "at: there is a t as well")
	assert.ErrorContains(t, trace.Line{Group: "a", Latency: metrics.Histogram{Bounds: []float64{-1}, Counts: []uint64{0, 0}}}.Validate(), "below zero")
	assert.NoError(t, fullLine().Validate())
}

func TestWhen(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	assert.Equal(t, start.Add(time.Minute), trace.Line{T: time.Minute}.When(start))
	assert.Equal(t, start, trace.Line{At: start}.When(start.Add(time.Hour)))
}

// What Go takes for a number, and nobody else does, is none.
func TestNumbersOfGoAlone(t *testing.T) {
	for _, le := range []string{"1_0", "0x1p-2", "0X1p1"} {
		_, _, err := trace.Parse([]byte(`{"t":0,"group":"a","latency":[{"le":"` + le + `","count":1},{"le":"+Inf","count":1}]}`))
		assert.ErrorContains(t, err, "no number of seconds")
		for l, err := range trace.ReadCSV(strings.NewReader("t,group,requests,errors,gauge:x\n1,a,"+le+",0,1\n"), trace.ReadOptions{}) {
			assert.ErrorContains(t, err, "no count", "%v", l)
		}
		for l, err := range trace.ReadCSV(strings.NewReader("t,group,requests,errors,gauge:x\n1,a,1,0,"+le+"\n"), trace.ReadOptions{}) {
			assert.ErrorContains(t, err, "not a finite number", "%v", l)
		}
	}
}
