package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/davit-sdk/davit/stage"
)

// outside is the world as a host sees it.
type outside struct {
	addr   string
	client *http.Client
}

// ask asks the world for something, in the name of a stage where there is one: its token says which intent
// it is, and its fence which host asks.
func (o outside) ask(ctx context.Context, t *stage.Task, request, body string) (string, error) {
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(ctx, method, "http://"+o.addr+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	if t != nil {
		r.Header.Set("Idempotency-Key", t.Token())
		r.Header.Set("Fence", strconv.FormatUint(t.Fence(), 10))
	}
	res, err := o.client.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", request, res.Status, strings.TrimSpace(string(answer)))
	}
	return string(answer), err
}
