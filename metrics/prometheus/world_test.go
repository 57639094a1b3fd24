package prometheus_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics/prometheus"
)

// world is a small stand-in for Prometheus that answers what a source asks: samples of a selector, the time,
// which instances are there now, and which series ever were. What it does not understand is bad_data.
type world struct {
	mu     sync.Mutex
	now    time.Time
	series map[string]*worldSeries
	asked  []string
	// edit may change an answer, or give another one.
	edit func(w http.ResponseWriter, r *http.Request) bool
}

type worldSeries struct {
	labels  map[string]string
	samples []worldSample
}

type worldSample struct {
	at    time.Time
	value float64
	stale bool // a staleness marker
	hist  string
}

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func newWorld(now time.Time) *world { return &world{now: now, series: map[string]*worldSeries{}} }

// labels are read as name{a="b",c="d"}.
func labels(text string) map[string]string {
	name, rest, _ := strings.Cut(text, "{")
	all := map[string]string{"__name__": name}
	for _, m := range matcherText.FindAllStringSubmatch(rest, -1) {
		value, err := strconv.Unquote(m[3])
		if err != nil {
			panic(err)
		}
		all[m[1]] = value
	}
	return all
}

var matcherText = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)(=~|!~|!=|=)("(?:[^"\\]|\\.)*")`)

func (w *world) add(series string, at time.Time, value float64) {
	w.put(series, worldSample{at: at, value: value})
}
func (w *world) end(series string, at time.Time) { w.put(series, worldSample{at: at, stale: true}) }

func (w *world) put(series string, s worldSample) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.series[series] == nil {
		w.series[series] = &worldSeries{labels: labels(series)}
	}
	w.series[series].samples = append(w.series[series].samples, s)
}

// condition is one of a selector.
type condition struct {
	label, op, value string
	pattern          *regexp.Regexp
}

func (c condition) met(labels map[string]string) bool {
	switch has := labels[c.label]; c.op {
	case "=":
		return has == c.value
	case "!=":
		return has != c.value
	default:
		return c.pattern.MatchString(has) == (c.op == "=~")
	}
}

// conditions are those of a selector.
func conditions(selector string) (all []condition, err error) {
	name, rest, braced := strings.Cut(selector, "{")
	if braced && !strings.HasSuffix(rest, "}") || !braced && !bareName.MatchString(selector) {
		return nil, fmt.Errorf("parse error: %s", selector)
	}
	if name != "" {
		all = append(all, condition{label: "__name__", op: "=", value: name})
	}
	for _, m := range matcherText.FindAllStringSubmatch(rest, -1) {
		c := condition{label: m[1], op: m[2]}
		if c.value, err = strconv.Unquote(m[3]); err != nil {
			return nil, err
		}
		if c.pattern, err = regexp.Compile("^(?s:" + c.value + ")$"); err != nil && strings.HasSuffix(c.op, "~") {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

var bareName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)

// matching are the keys of the series that a selector matches.
func (w *world) matching(selector string) (keys []string, err error) {
	all, err := conditions(selector)
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(w.series)) {
		if !slices.ContainsFunc(all, func(c condition) bool { return !c.met(w.series[key].labels) }) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

var (
	ranged  = regexp.MustCompile(`^(?s:(.*))\[(\d+)ms\]$`)
	counted = regexp.MustCompile(`^(?s:count by \((\w+)\) \((.*)\))$`)
	summed  = regexp.MustCompile(`^(?s:sum\(increase\((.*)\[(\d+)ms\]\)\))$`)
	byLe    = regexp.MustCompile(`^(?s:sum by \(le\) \(increase\((.*)\[(\d+)ms\]\)\))$`)
	biggest = regexp.MustCompile(`^(?s:max\((.*)\))$`)
)

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	res := rec.Result()
	res.Request = r
	return res, nil
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, r.URL.Path+" "+r.FormValue("query")+strings.Join(r.Form["match[]"], " "))
	if w.edit != nil && w.edit(rw, r) {
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	data, err := w.answer(r)
	if err != nil {
		rw.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(rw).Encode(map[string]any{"status": "error", "errorType": "bad_data", "error": err.Error()})
		return
	}
	json.NewEncoder(rw).Encode(map[string]any{"status": "success", "data": data})
}

func (w *world) answer(r *http.Request) (any, error) {
	query, at := r.FormValue("query"), w.now
	if text := r.FormValue("time"); text != "" {
		at = unix(text)
	}
	switch r.URL.Path {
	case "/api/v1/query":
		if m := ranged.FindStringSubmatch(query); m != nil {
			return w.matrix(m[1], at.Add(-millis(m[2])), at)
		}
		return w.instant(query, at, lookback(r))
	case "/api/v1/query_range":
		step, _ := strconv.ParseFloat(r.FormValue("step"), 64)
		return w.grid(query, unix(r.FormValue("start")), unix(r.FormValue("end")), time.Duration(step*1e9), lookback(r))
	case "/api/v1/series":
		all := []map[string]string{}
		for _, selector := range r.Form["match[]"] {
			keys, err := w.matching(selector)
			if err != nil {
				return nil, err
			}
			for _, key := range keys {
				all = append(all, w.series[key].labels)
			}
		}
		return all, nil
	case "/api/v1/labels":
		names := map[string]bool{}
		keys, err := w.matching(r.FormValue("match[]"))
		for _, key := range keys {
			for name := range w.series[key].labels {
				names[name] = true
			}
		}
		return slices.Sorted(maps.Keys(names)), err
	}
	return nil, fmt.Errorf("no such endpoint %s", r.URL.Path)
}

func (w *world) matrix(selector string, from, to time.Time) (any, error) {
	keys, err := w.matching(selector)
	result := []any{}
	for _, key := range keys {
		s, numbers, histograms := w.series[key], []any{}, []any{}
		for _, p := range s.samples {
			switch {
			case p.stale || p.at.Before(from) || p.at.After(to):
			case p.hist != "":
				histograms = append(histograms, []any{seconds(p.at), json.RawMessage(p.hist)})
			default:
				numbers = append(numbers, []any{seconds(p.at), text(p.value)})
			}
		}
		one := map[string]any{"metric": s.labels}
		if len(numbers) > 0 {
			one["values"] = numbers
		}
		if len(histograms) > 0 {
			one["histograms"] = histograms
		}
		if len(one) > 1 {
			result = append(result, one)
		}
	}
	return map[string]any{"resultType": "matrix", "result": result}, err
}

// latest is the value of a series at a time.
func (s *worldSeries) latest(at time.Time, lookback time.Duration) (float64, bool) {
	for _, p := range slices.Backward(s.samples) {
		if !p.at.After(at) {
			return p.value, !p.stale && at.Sub(p.at) < lookback
		}
	}
	return 0, false
}

func (w *world) instant(query string, at time.Time, lookback time.Duration) (any, error) {
	result := []any{}
	if query == "time()" {
		return map[string]any{"resultType": "scalar", "result": []any{seconds(at), text(float64(at.UnixMilli()) / 1000)}}, nil
	}
	value := func(labels map[string]string, v float64) {
		result = append(result, map[string]any{"metric": labels, "value": []any{seconds(at), text(v)}})
	}
	switch {
	case counted.MatchString(query):
		m := counted.FindStringSubmatch(query)
		keys, err := w.matching(m[2])
		if err != nil {
			return nil, err
		}
		n := map[string]float64{}
		for _, key := range keys {
			if _, ok := w.series[key].latest(at, lookback); ok {
				n[w.series[key].labels[m[1]]]++
			}
		}
		for _, instance := range slices.Sorted(maps.Keys(n)) {
			value(map[string]string{m[1]: instance}, n[instance])
		}
	case summed.MatchString(query), byLe.MatchString(query):
		m, by := summed.FindStringSubmatch(query), ""
		if m == nil {
			m, by = byLe.FindStringSubmatch(query), "le"
		}
		keys, err := w.matching(m[1])
		if err != nil {
			return nil, err
		}
		sums := map[string]float64{}
		for _, key := range keys {
			s := w.series[key]
			before, _ := s.latest(at.Add(-millis(m[2])), time.Hour)
			now, ok := s.latest(at, time.Hour)
			if ok {
				sums[s.labels[by]] += now - before + 0.25 // it is an estimate
			}
		}
		for _, le := range slices.Sorted(maps.Keys(sums)) {
			if by == "" {
				value(map[string]string{}, sums[le])
			} else {
				value(map[string]string{by: le}, sums[le])
			}
		}
	default:
		aggregate := biggest.FindStringSubmatch(query)
		if aggregate != nil {
			query = aggregate[1]
		}
		keys, err := w.matching(query)
		if err != nil {
			return nil, err
		}
		most, some := math.Inf(-1), false
		for _, key := range keys {
			if v, ok := w.series[key].latest(at, lookback); ok {
				if aggregate == nil {
					value(w.series[key].labels, v)
				}
				most, some = max(most, v), true
			}
		}
		if aggregate != nil && some {
			value(map[string]string{}, most)
		}
	}
	return map[string]any{"resultType": "vector", "result": result}, nil
}

func (w *world) grid(query string, from, to time.Time, step, lookback time.Duration) (any, error) {
	lines := map[string]map[string]any{}
	for at := from; !at.After(to); at = at.Add(step) {
		found, err := w.instant(query, at, lookback)
		if err != nil {
			return nil, err
		}
		for _, one := range found.(map[string]any)["result"].([]any) {
			one := one.(map[string]any)
			key := fmt.Sprint(one["metric"])
			if lines[key] == nil {
				lines[key] = map[string]any{"metric": one["metric"], "values": []any{}}
			}
			lines[key]["values"] = append(lines[key]["values"].([]any), one["value"])
		}
	}
	result := []any{}
	for _, key := range slices.Sorted(maps.Keys(lines)) {
		result = append(result, lines[key])
	}
	return map[string]any{"resultType": "matrix", "result": result}, nil
}

func seconds(at time.Time) json.Number {
	return json.Number(fmt.Sprintf("%d.%03d", at.UnixMilli()/1000, at.UnixMilli()%1000))
}
func text(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func millis(digits string) time.Duration {
	n, _ := strconv.ParseInt(digits, 10, 64)
	return time.Duration(n) * time.Millisecond
}

func unix(text string) time.Time {
	f, _ := strconv.ParseFloat(text, 64)
	return time.UnixMilli(int64(math.Round(f * 1000)))
}

func lookback(r *http.Request) time.Duration {
	d, err := time.ParseDuration(r.FormValue("lookback_delta"))
	if err != nil {
		return 5 * time.Minute
	}
	return d
}

// options are those of a source that reads the world, which is scraped each second.
func (w *world) options() prometheus.Options {
	return prometheus.Options{
		Server: prometheus.Server{URL: "http://prometheus.invalid", Transport: w}, Scrape: time.Second, MaxSkew: -1,
		Requests: `req{version="{version}"}`, Errors: `req{version="{version}",code=~"5.."}`,
	}
}

func newSource(t testing.TB, o prometheus.Options) *prometheus.Source {
	t.Helper()
	s, err := prometheus.NewSource(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// at is a time so many seconds after noon.
func at(sec float64) time.Time { return noon.Add(time.Duration(sec * float64(time.Second))) }
