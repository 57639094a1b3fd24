package httpjson_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/httpjson"
)

const canary = "c4nary-s3cret"

// tattler is a transport whose errors tell all that it knows.
type tattler struct{}

func (tattler) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("cannot send %v to %s", r.Header, r.URL)
}

// brokenBody is an answer whose body fails with what it was asked.
type brokenBody struct{}

func (brokenBody) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"x":"`+canary), failing{}))}, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New(canary) }

// Whatever goes wrong: no secret, and nothing of the body, is in the error.
func TestErrorsTellNoSecret(t *testing.T) {
	echo := func(edit func(w http.ResponseWriter, r *http.Request)) string {
		return serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			edit(w, r)
		})
	}
	header := func(context.Context) (http.Header, error) {
		return http.Header{"Authorization": {"Bearer " + canary}, "X-Key": {canary}}, nil
	}
	user := func(base string) string { return strings.Replace(base, "http://", "http://ada:"+canary+"@", 1) }
	value := func(json string) string {
		return echo(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, json, canary) })
	}
	for _, c := range []struct {
		name string
		e    httpjson.Endpoint
	}{
		{"nobody there", httpjson.Endpoint{URL: user("http://127.0.0.1:1")}},
		{"a transport that tattles", httpjson.Endpoint{URL: "http://x.invalid", Transport: tattler{}}},
		{"a body that tattles", httpjson.Endpoint{URL: "http://x.invalid", Transport: brokenBody{}}},
		{"a status", httpjson.Endpoint{URL: user(echo(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, canary, 500) }))}},
		{"a type", httpjson.Endpoint{URL: echo(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/"+canary) })}},
		{"a redirect", httpjson.Endpoint{URL: echo(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/"+canary, 302) })}},
		{"a redirect to what is no URL", httpjson.Endpoint{Redirects: 1, URL: echo(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://"+canary+"\x7f/%zz")
			w.WriteHeader(302)
		})}},
		{"no JSON", httpjson.Endpoint{URL: value("%s")}},
		{"a text for a count", httpjson.Endpoint{URL: value(`{"requests":"%s"}`)}},
		{"a text for a document", httpjson.Endpoint{URL: value(`"%s"`)}},
		{"a latency", httpjson.Endpoint{URL: value(`{"requests":1,"errors":0,"latency":[{"le":"%s","count":1}]}`)}},
		{"a key", httpjson.Endpoint{URL: value(`{"%s":1}`)}},
		{"a time", httpjson.Endpoint{URL: value(`{"requests":1,"errors":0,"latency":[],"from":"%s"}`)}},
		{"a header that is none", httpjson.Endpoint{URL: "http://127.0.0.1:1", Header: func(context.Context) (http.Header, error) {
			return http.Header{"X-Key": {canary + "\n"}}, nil
		}}},
		{"no header", httpjson.Endpoint{URL: "http://127.0.0.1:1", Header: func(context.Context) (http.Header, error) {
			return http.Header{"X-Key": {canary}}, errors.New("the vault refuses " + canary)
		}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.e.URL += "/" + "?group={group}&from={from}&to={to}&token=" + canary
			if c.e.Header == nil {
				c.e.Header = header
			}
			fields := plain
			fields.Latency, fields.From = "latency", "from"
			_, err := source(t, c.e, fields).Read(t.Context(), query())
			require.Error(t, err)
			for e := err; e != nil; e = errors.Unwrap(e) {
				assert.NotContains(t, fmt.Sprintf("%v %+v %#v", e, e, e), canary)
			}
			t.Log(err)
		})
	}
	_, err := httpjson.NewSource(httpjson.Endpoint{URL: "ftp://ada:" + canary + "@x/{what}?token=" + canary}, httpjson.Fields{})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), canary)
	_, err = httpjson.NewSource(httpjson.Endpoint{URL: "http://" + canary + "%zz"}, httpjson.Fields{})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), canary)
}
