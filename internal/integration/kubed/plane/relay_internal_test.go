package plane

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answers is a server that answers as it is told.
type answers func(body string) (code int, text string, err error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	code, text, err := a(string(body))
	return &http.Response{StatusCode: code, Body: io.NopCloser(strings.NewReader(text))}, err
}

// What a server has not taken is held back until it is ready, with its body; what it may have done is not done again.
func TestRelay(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for name, c := range map[string]struct {
		method string
		away   func() (int, string, error)
		held   bool
	}{
		"not there": {http.MethodPost, func() (int, string, error) { return 0, "", refused }, true},
		"about to end": {http.MethodPost, func() (int, string, error) {
			return 429, "The apiserver is shutting down, please try again later.", nil
		}, true},
		"too many":                {http.MethodPost, func() (int, string, error) { return 429, "too many requests", nil }, false},
		"cut off":                 {http.MethodPost, func() (int, string, error) { return 0, "", io.ErrUnexpectedEOF }, false},
		"cut off, and only asked": {http.MethodGet, func() (int, string, error) { return 0, "", io.ErrUnexpectedEOF }, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				back := time.Now().Add(10 * time.Minute)
				away := func() bool { return time.Now().Before(back) }
				asked := 0
				r := &relay{turn: make(chan struct{}, 1), ready: func(context.Context) error {
					if asked++; away() {
						return errors.New("not ready")
					}
					return nil
				}}
				r.next = answers(func(body string) (int, string, error) {
					if assert.Equal(t, "body", body); away() {
						return c.away()
					}
					return http.StatusOK, "done", nil
				})
				ended := make(chan string, 100)
				for range cap(ended) {
					request, err := http.NewRequestWithContext(t.Context(), c.method, "https://server/", strings.NewReader("body"))
					require.NoError(t, err)
					go func() {
						text := "failed"
						if answer, err := r.RoundTrip(request); err == nil {
							all, _ := io.ReadAll(answer.Body)
							text = string(all)
						}
						ended <- text
					}()
				}
				synctest.Wait()
				if !c.held {
					assert.Len(t, ended, cap(ended))
					assert.Zero(t, asked)
					return
				}
				assert.Empty(t, ended)
				time.Sleep(10*time.Minute + time.Second)
				require.Len(t, ended, cap(ended))
				for range cap(ended) {
					assert.Equal(t, "done", <-ended)
				}
				assert.LessOrEqual(t, asked, int(10*time.Minute/pace)+2, "one asks for all")
			})
		})
	}
}
