package post_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/internal/post"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/stretchr/testify/assert"
)

func TestCheck(t *testing.T) {
	for address, want := range map[string]string{
		"https://hooks.example.com/x?token=1": "", "http://127.0.0.1:80/": "", "http://localhost/": "", "http://[::1]/": "",
		"": "it is empty", "ftp://example.com": "no URL of http", "//example.com/x": "no URL of http", "https://": "no URL of http", "http://example.com/secret": "not encrypted",
		"https://example.com/#x": "fragment", ":\x00secret": "it is no URL",
	} {
		err := post.Check(address, false)
		if want == "" {
			assert.NoError(t, err, address)
			continue
		}
		assert.ErrorContains(t, err, want, address)
		assert.NotContains(t, err.Error(), "secret")
	}
	assert.NoError(t, post.Check("http://example.com/", true))
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name      string
		status    int
		header    [2]string
		body      string
		want      string
		permanent bool
		wait      time.Duration
	}{
		{name: "taken", status: 204},
		{name: "taken with words", status: 200, body: strings.Repeat("x", 10000)},
		{name: "refused for what it is", status: 422, body: "no\nsubject\x1b[2J", want: "127.0.0.1: 422 Unprocessable Entity: no subject[2J", permanent: true},
		{name: "too large", status: 413, want: "413", permanent: true},
		{name: "not allowed for now", status: 403, want: "403 Forbidden"},
		{name: "gone elsewhere", status: 308, header: [2]string{"Location", "https://example.com"}, want: "redirects are not followed"},
		{name: "too many", status: 429, header: [2]string{"Retry-After", "120"}, want: "429", wait: 2 * time.Minute},
		{name: "down", status: 503, header: [2]string{"Retry-After", "soon"}, want: "503"},
		{name: "broken", status: 500, body: strings.Repeat("é", 1000), want: strings.Repeat("é", 200) + " ..."},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls++
				if c.header[0] != "" {
					w.Header().Set(c.header[0], c.header[1])
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			err := post.Send(t.Context(), nil, server.URL+"/secret", http.Header{}, []byte("{}"))
			assert.Equal(t, 1, calls)
			if c.want == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "secret")
			assert.Equal(t, c.permanent, notify.IsPermanent(err))
			var after *notify.AfterError
			if assert.Equal(t, c.wait > 0, errors.As(err, &after)) && c.wait > 0 {
				assert.Equal(t, c.wait, after.Wait)
			}
		})
	}
}

func TestTheAddressIsNotShownWhereNobodyAnswers(t *testing.T) {
	err := post.Send(t.Context(), nil, "http://127.0.0.1:1/services/secret", http.Header{}, nil)
	assert.ErrorContains(t, err, "127.0.0.1: dial tcp")
	assert.NotContains(t, err.Error(), "secret")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, post.Send(ctx, nil, "http://127.0.0.1:1/", http.Header{}, nil), context.Canceled)
}
