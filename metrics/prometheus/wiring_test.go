package prometheus_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/prometheus"
)

func TestWiringNamesEverythingAtOnce(t *testing.T) {
	o := prometheus.Options{
		Server: prometheus.Server{
			URL: "ftp://x", Bearer: "a", BearerFile: "b", Password: "c", PasswordFile: "d", Timeout: -1, MaxBody: -1, Redirects: -1,
			TLS: prometheus.TLS{CertFile: "x"}, Transport: http.DefaultTransport,
		},
		Requests: `sum(rate(req{version="{version}"}[1m]))`, Errors: `req{version={version}}`, Latency: `lat_bucket`,
		Counts: map[string]string{"": `a{b="{c}"}`, "x": `a{b="{group}"}[{window}]`, "y": ""}, Gauges: map[string]prometheus.Line{"x": {}, "z": {Query: `max(a{b="{version}"})[{window}:]`, Every: -1}},
		Up: `max(up{version="{version}"})`, Started: `start`, Instance: "a-b", Part: "ü", Parts: -1, Native: prometheus.Grid{Schema: 9, Low: 2, High: 1},
	}
	_, err := prometheus.NewSource(o)
	for _, want := range []string{
		"Server.URL: it must be one of http or https", "Server.Bearer, BearerFile, Username: there are several", "Server.Username: is missing beside a password",
		"Server.Password: there is a PasswordFile, too", "Server.TLS.CertFile, TLS.KeyFile: one of them is missing", "Server.TLS: there is a Transport", "Server.Timeout", "Server.MaxBody", "Server.Redirects",
		"Options.Requests: it is not a selector alone; an expression needs {window}", "Options.Errors: the condition on version has no value in quotes", "Options.Latency: it has no placeholder",
		"Options.Counts: a name is empty", `Options.Counts[""]: nothing can be filled in for {c}; there are {baseline}, {digest}, {group}, {revision}, {version}`,
		`Options.Counts["y"]: is missing`, `Options.Gauges["x"]: is missing`, `Options.Gauges["x"]: it is one of Counts, too`,
		`Options.Gauges["z"].Every: -1ns is below zero`, `Options.Gauges["z"]: {window} is for what is counted`, "Options.Up: it is not a selector alone", "Options.Started: it has no placeholder",
		"Options.Scrape: is missing", `Options.Instance: "a-b"`, `Options.Part: "ü"`, "Options.Parts: -1", "Options.Native.Schema: 9", "Options.Native.Low, Native.High",
	} {
		assert.ErrorContains(t, err, want)
	}
	require.Error(t, o.Validate())
	assert.Equal(t, err.Error(), o.Validate().Error())

	w := newWorld(noon)
	for _, c := range []struct {
		edit func(o *prometheus.Options)
		want string
	}{
		{func(o *prometheus.Options) { o.Scrape = -1 }, "Options.Scrape: -1ns is below zero"},
		{func(o *prometheus.Options) { o.Scrape = 1 }, "below a millisecond"},
		{func(o *prometheus.Options) { o.MaxGap = time.Millisecond }, "Options.MaxGap: 1ms is below Scrape, 1s"},
		{func(o *prometheus.Options) { o.Bridge = 2 * time.Second }, "Options.Bridge: 2s is below MaxGap, 2.5s"},
		{func(o *prometheus.Options) { o.Requests = "" }, "Options.Requests: is missing"},
		{func(o *prometheus.Options) { o.Requests = `sum(increase(req{v="{version}"}[{window}]))` }, "Options.Up: is needed where Requests is no selector alone"},
		{func(o *prometheus.Options) {
			o.Labels = func(string) map[string]string { return map[string]string{"app": "x"} }
		}, "nothing can be filled in for {version}; there are {app}"},
		{func(o *prometheus.Options) { o.Native = prometheus.Grid{Schema: 8, Low: 1e-300, High: 1e300} }, "at most 2000"},
		{func(o *prometheus.Options) { o.Server.URL = "http://ada:secret@x" }, "it names a user"},
		{func(o *prometheus.Options) { o.Server.URL = "http://x/api/v1/" }, "it is named without /api/v1"},
		{func(o *prometheus.Options) { o.Server.URL = "http:///x" }, "it has no host"},
		{func(o *prometheus.Options) {
			o.Server = prometheus.Server{URL: "http://x", TLS: prometheus.TLS{ServerName: "y"}}
		}, "Server.TLS: the URL is not one of https"},
		{func(o *prometheus.Options) { o.Server.URL = "http://x/#y" }, "a fragment"},
		{func(o *prometheus.Options) { o.Server.URL = "http://\x7f" }, "Server.URL: cannot be read"},
		{func(o *prometheus.Options) {
			o.Server = prometheus.Server{URL: "https://x", TLS: prometheus.TLS{CAFile: "/nowhere"}}
		}, "Server.TLS.CAFile: open /nowhere"},
		{func(o *prometheus.Options) {
			o.Server = prometheus.Server{URL: "https://x", TLS: prometheus.TLS{CAFile: os.Args[0]}}
		}, "there is no certificate in it"},
		{func(o *prometheus.Options) {
			o.Server = prometheus.Server{URL: "https://x", TLS: prometheus.TLS{CertFile: "/nowhere", KeyFile: "/nowhere"}}
		}, "Server.TLS.CertFile"},
	} {
		o := w.options()
		c.edit(&o)
		_, err := prometheus.NewSource(o)
		assert.ErrorContains(t, err, c.want)
	}
	_, err = prometheus.NewSource(w.options())
	require.NoError(t, err)

	_, err = prometheus.NewSeries(prometheus.SeriesOptions{Server: prometheus.Server{URL: "x"}, Series: map[string]prometheus.Line{
		"": {Query: `a`}, "b": {Query: `label_replace(a, "x", "{version}", "", "")`}, "c": {}, "d": {Query: `a{`},
	}})
	for _, want := range []string{"Server.URL", "Options.Series: a name is empty", `Options.Series["b"]: no selector in it has a placeholder`, `Options.Series["c"]: is missing`, `Options.Series["d"]: a brace is not closed`, "Options.Scrape: is missing"} {
		assert.ErrorContains(t, err, want)
	}
	require.Error(t, prometheus.SeriesOptions{}.Validate())
	_, err = prometheus.NewSeries(prometheus.SeriesOptions{Server: prometheus.Server{URL: "http://x"}, Scrape: time.Second})
	assert.ErrorContains(t, err, "Options.Series: there is none")
}

func TestNames(t *testing.T) {
	o := newWorld(noon).options()
	o.Counts = map[string]string{"b": `x{v="{version}"}`}
	o.Gauges = map[string]prometheus.Line{"a": {Query: `y{v="{version}"}`}}
	assert.Equal(t, []string{"a", "b"}, newSource(t, o).Names())
}

// What Prometheus refuses, and labels that no series has, are told before anything runs.
func TestCheck(t *testing.T) {
	w := newWorld(noon.Add(-3 * time.Second))
	w.add(ok1, noon, 1)
	o := w.options()
	report, err := newSource(t, o).Check(t.Context())
	require.NoError(t, err)
	assert.Empty(t, report.Unseen)

	o.Counts = map[string]string{"hits": `cache_hits{version="{version}"}`, "ok": `req{version="{version}",x=~".*",y="",z!="a",k=~"(a|)"}`}
	o.Up = `up{version="{version}",job="shop"}`
	report, err = newSource(t, o).Check(t.Context())
	require.NoError(t, err, "a name that nobody has seen may come")
	assert.Equal(t, []string{"Options.Up: up", `Options.Counts["hits"]: cache_hits`}, report.Unseen)

	o.Errors, o.Latency = `req{version="{version}",status=~"5..",job="x"}`, `lat_bucket{version="{version}"} {}`
	o.Latency = `sum by (le) (increase(lat_bucket{version="{version}"}[{window}])`
	_, err = newSource(t, o).Check(t.Context())
	assert.ErrorContains(t, err, "Options.Errors: no series has that label: req has none called status, job")
	assert.ErrorContains(t, err, "Options.Latency: ask http://prometheus.invalid: Prometheus refuses the question (bad_data): parse error")
	require.ErrorIs(t, err, prometheus.ErrRefused)

	o = w.options()
	o.MaxSkew = time.Second
	_, err = newSource(t, o).Check(t.Context())
	require.ErrorIs(t, err, prometheus.ErrSkew)
	assert.ErrorContains(t, err, "behind of this host's")

	series, err := prometheus.NewSeries(prometheus.SeriesOptions{Server: o.Server, Scrape: time.Second, MaxSkew: -1, Series: map[string]prometheus.Line{"a": {Query: `x y`}, "b": {Query: `req{codes="1"}`}}})
	require.NoError(t, err)
	_, err = series.Check(t.Context())
	assert.ErrorContains(t, err, `Options.Series["a"]`)
	assert.ErrorContains(t, err, `Options.Series["b"]: no series has that label: req has none called codes`)

	down := o
	down.Server = prometheus.Server{URL: "http://127.0.0.1:1"}
	_, err = newSource(t, down).Check(t.Context())
	assert.ErrorContains(t, err, "connection refused")
}

func TestSkew(t *testing.T) {
	w := newWorld(time.Now().Add(time.Minute))
	w.scrape(ok1, 0, 60, 1000, 7)
	o := w.options()
	o.MaxSkew = 0
	_, err := read(t, newSource(t, o), 10, 20)
	require.ErrorIs(t, err, prometheus.ErrSkew)
	assert.ErrorContains(t, err, "s ahead of this host's")
	o.MaxSkew = 2 * time.Minute
	_, err = read(t, newSource(t, o), 10, 20)
	require.NoError(t, err)
	w.now = time.Now()
	o.MaxSkew = 0
	_, err = read(t, newSource(t, o), 10, 20)
	require.NoError(t, err)
	report, err := newSource(t, o).Check(t.Context())
	require.NoError(t, err)
	assert.Less(t, report.Ahead.Abs(), 5*time.Second)
}

func TestSecretFilesAreReadAnew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	w := newWorld(at(100))
	w.scrape(ok1, 0, 60, 1000, 7)
	var seen string
	w.edit = func(_ http.ResponseWriter, r *http.Request) bool { seen = r.Header.Get("Authorization"); return false }
	o := w.options()
	o.Server.BearerFile = file
	s := newSource(t, o)
	_, err := read(t, s, 10, 20)
	assert.ErrorContains(t, err, "Server.BearerFile: open ")
	for _, c := range []struct{ text, want string }{{"one\n", "Bearer one"}, {" two ", "Bearer two"}} {
		require.NoError(t, os.WriteFile(file, []byte(c.text), 0o600))
		_, err = read(t, s, 10, 20)
		require.NoError(t, err)
		assert.Equal(t, c.want, seen)
	}
	for text, want := range map[string]string{"\n": "the file is empty", "a\nb": "more than one line"} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err = read(t, s, 10, 20)
		assert.ErrorContains(t, err, want)
	}
	o.Server.BearerFile, o.Server.Username, o.Server.PasswordFile = "", "ada", file
	require.NoError(t, os.WriteFile(file, []byte("pass"), 0o600))
	_, err = read(t, newSource(t, o), 10, 20)
	require.NoError(t, err)
	assert.Equal(t, "Basic YWRhOnBhc3M=", seen)
}
