package httpjson_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/metrics/httpjson"
)

func TestWiringNamesEverythingAtOnce(t *testing.T) {
	_, err := httpjson.NewSource(httpjson.Endpoint{
		URL: "https://x/{grp}?from={from.days}&{", Timeout: -1, MaxBody: -1, Redirects: -1, UnknownGroup: []int{200, 404}, NoData: []int{404, 600},
	}, httpjson.Fields{Errors: "a..b", Latency: ".a", To: "a.", From: `a\b`, Counts: map[string]string{"": "x", "y": ""}, Gauges: map[string]string{"z": `\`}})
	for _, want := range []string{
		"Endpoint.URL: nothing can be filled in for {grp}", "filled in for {from.days}", "it has no {group}", "it has no {to}", "a brace stands alone",
		"Endpoint.Timeout", "Endpoint.MaxBody", "Endpoint.Redirects", "Endpoint.UnknownGroup: 200", "Endpoint.NoData: 600", "Endpoint.NoData: 404 stands for an unknown group, too",
		"Fields.Requests: is missing", `Fields.Errors: "a..b"`, `Fields.Latency: ".a"`, `Fields.To: "a."`, `Fields.From: "a\\b"`,
		"Fields.Counts: a name is empty", `Fields.Counts["y"]: is missing`, `Fields.Gauges["z"]`,
	} {
		assert.ErrorContains(t, err, want)
	}
	for url, want := range map[string]string{
		"":                                  "it must be one of http or https",
		"ftp://x/":                          "it must be one of http or https",
		"https:///x":                        "it has no host",
		"https://{group}.x/{from}{to}":      "cannot be read",
		"https://{group}@x/{from}{to}":      "cannot be read",
		"https://x{group}/{from}{to}":       "cannot be read",
		"https://x/{group}{from}{to}{name}": "nothing can be filled in for {name}",
	} {
		_, err := httpjson.NewSource(httpjson.Endpoint{URL: url}, plain)
		assert.ErrorContains(t, err, want, url)
	}
	_, err = httpjson.NewSeries(httpjson.Endpoint{URL: "https://x/{from}"}, httpjson.Points{Unit: -1, List: "a"}, "a", "a", "")
	for _, want := range []string{"it has no {to}", "it has no {name}", "Points.At", "Points.Value", "Points.Unit", "names: one is empty, or there twice"} {
		assert.ErrorContains(t, err, want)
	}
	_, err = httpjson.NewSource(httpjson.Endpoint{URL: "https://x/{group}{from}{to}", NoData: []int{201, 599}}, httpjson.Fields{Requests: "a"})
	assert.ErrorContains(t, err, "Fields.Errors: is missing")
	assert.NotContains(t, err.Error(), "Endpoint")
	one := httpjson.Points{List: ".", At: "0", Value: "1"}
	_, err = httpjson.NewSeries(httpjson.Endpoint{URL: "https://x/{from}{to}"}, one, "load")
	assert.NoError(t, err, "a single series needs no name in the URL")
	_, err = httpjson.NewSeries(httpjson.Endpoint{URL: "https://x/{from}{to}"}, one, "")
	assert.ErrorContains(t, err, "one is empty")
	_, err = httpjson.NewSeries(httpjson.Endpoint{URL: "https://x/{from}{to}{name}"}, one, "a", "a")
	assert.ErrorContains(t, err, "there twice")
	_, err = httpjson.NewSeries(httpjson.Endpoint{URL: "https://x/{from}{to}"}, httpjson.Points{List: ".", At: "0", Value: "1"})
	assert.ErrorContains(t, err, "names: there is none")
}
