package httpjson

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/metrics"
)

// ask does one request, and gives the document that was answered.
func (a *asker) ask(ctx context.Context, q question) (doc any, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !q.from.Before(q.to) {
		return nil, fmt.Errorf("the stretch from %s to %s is empty", q.from, q.to)
	}
	limited, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	req, secrets, err := a.request(limited, q)
	if err == nil {
		doc, err = a.answer(req)
	}
	switch {
	case err == nil:
		return doc, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("ask %s: %w", a.host, context.Cause(ctx))
	case limited.Err() != nil:
		return nil, fmt.Errorf("ask %s: there is no answer after %s", a.host, a.Timeout)
	}
	for _, kind := range []error{metrics.ErrUnknownGroup, metrics.ErrNoData} {
		if errors.Is(err, kind) {
			return nil, fmt.Errorf("ask %s: %w", a.host, kind)
		}
	}
	// What went wrong on the way is told as a text alone: what it wraps may hold the URL and headers.
	return nil, fmt.Errorf("ask %s: %s", a.host, masked(err.Error(), secrets))
}

// request is the request, and what must not be seen of it.
func (a *asker) request(ctx context.Context, q question) (*http.Request, []string, error) {
	target, err := a.template.fill(q)
	if err != nil {
		return nil, a.secrets, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, a.secrets, errors.New("the URL cannot be read once it is filled in")
	}
	secrets := slices.Clone(a.secrets)
	if a.Header != nil {
		header, err := a.Header(ctx)
		for _, values := range header {
			secrets = append(secrets, values...)
		}
		if err != nil {
			return nil, secrets, fmt.Errorf("the headers: %w", err)
		}
		req.Header = header.Clone()
	}
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	return req, secrets, nil
}

// masked is a text without what must not be seen, as it is or word by word ("Bearer ...").
func masked(text string, secrets []string) string {
	var words []string
	for _, s := range secrets {
		words = append(words, s, url.QueryEscape(s))
		words = append(words, strings.Fields(s)...)
	}
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) }) // the whole before its parts
	for _, w := range words {
		if len(w) >= shortest {
			text = strings.ReplaceAll(text, w, "***")
		}
	}
	return text
}

// shortest is how long a word is at least that is taken for a secret.
const shortest = 4

func (a *asker) answer(req *http.Request) (any, error) {
	res, err := a.client.Do(req)
	if err != nil {
		if errors.Is(err, errRedirect) {
			return nil, errRedirect
		}
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // without the URL
		}
		return nil, err
	}
	defer res.Body.Close()
	switch {
	case slices.Contains(a.UnknownGroup, res.StatusCode):
		return nil, metrics.ErrUnknownGroup
	case slices.Contains(a.NoData, res.StatusCode):
		return nil, metrics.ErrNoData
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("it answers with status %d", res.StatusCode)
	case !a.AnyContentType && !isJSON(res.Header.Get("Content-Type")):
		return nil, errors.New("the content type of its answer is not that of JSON")
	}
	return a.read(res.Body)
}

// isJSON reports whether that is a content type of JSON (RFC 6839, RFC 8259).
func isJSON(contentType string) bool {
	base, _, err := mime.ParseMediaType(contentType)
	return err == nil && (base == "application/json" || base == "text/json" || strings.HasSuffix(base, "+json"))
}

// read reads a body as one JSON document.
func (a *asker) read(body io.Reader) (doc any, err error) {
	text, err := io.ReadAll(io.LimitReader(body, a.MaxBody+1))
	if err != nil {
		return nil, errors.New("its answer breaks off")
	}
	if int64(len(text)) > a.MaxBody {
		return nil, fmt.Errorf("its answer is larger than %d bytes", a.MaxBody)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("its answer is no JSON from byte %d on", dec.InputOffset())
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON of its answer")
	}
	return doc, nil
}
