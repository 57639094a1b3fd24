package prometheus

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// Of the errors of a source, these are told apart. To a gate all of them mean that the source is down.
var (
	// ErrRefused says that Prometheus understood the question and refuses it: an expression is no PromQL, or asks
	// for more than the server's limits allow. Asking again does not help.
	ErrRefused = errors.New("Prometheus refuses the question")
	// ErrDenied says that the server does not let us ask: the token, the password, the certificate or the
	// tenant is not right.
	ErrDenied = errors.New("the server denies access")
	// ErrPartial says that an answer came with a warning: a part of the data may be missing.
	ErrPartial = errors.New("the answer may not be all of it")
	// ErrSkew says that the clocks of this host and of the server differ by more than Options.MaxSkew.
	ErrSkew = errors.New("the clocks differ")
	// ErrGap says that a group was not scraped for longer than Options.Bridge within the stretch, so that nobody
	// knows what it did meanwhile.
	ErrGap = errors.New("there is a gap in the scrapes")
	// ErrUnscraped says that instances of the group are there, by Options.Up, and cannot be scraped now.
	ErrUnscraped = errors.New("an instance cannot be scraped")
)

// failure is an error of the API as a text without secrets, and as one of the errors above.
func failure(err error, t *trail) error {
	said, ok := errors.AsType[*v1.Error](err)
	if !ok {
		if errors.Is(err, errRedirect) {
			return errRedirect
		}
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // without the URL
		}
		// What it wraps may hold the URL and headers: it is told as a text alone.
		return errors.New(excerpt(err.Error(), t.secrets))
	}
	kind, text := string(said.Type), said.Msg
	if said.Detail != "" {
		text = said.Detail
		var body struct {
			ErrorType string `json:"errorType"`
			Error     string `json:"error"`
		}
		if json.Unmarshal([]byte(said.Detail), &body) == nil && body.Error != "" {
			kind, text = body.ErrorType, body.Error
		}
	}
	text = excerpt(text, t.secrets)
	switch {
	case t.status == http.StatusUnauthorized, t.status == http.StatusForbidden:
		return fmt.Errorf("%w (status %d): %s", ErrDenied, t.status, text)
	case t.status == http.StatusNotFound:
		return fmt.Errorf("%w: it has no such API (status 404): is the URL that of Prometheus? %s", ErrRefused, text)
	case kind == string(v1.ErrBadData), kind == string(v1.ErrExec), t.status == http.StatusBadRequest, t.status == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w (%s): %s", ErrRefused, kind, text)
	}
	return fmt.Errorf("it fails (%s, status %d): %s", kind, t.status, text)
}

// inQuery are the values in the query of a URL, as they are and as they are written: a key may be among them.
func inQuery(u *url.URL) (secrets []string) {
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		_, written, _ := strings.Cut(pair, "=")
		secrets = append(secrets, written)
		if value, err := url.QueryUnescape(written); err == nil {
			secrets = append(secrets, value)
		}
	}
	return secrets
}

// mostExcerpt is how much of what a server says is told, in bytes.
const mostExcerpt = 300

// excerpt is the begin of a text, in one line, without what must not be seen.
func excerpt(text string, secrets []string) string {
	text = masked(text, secrets)
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if len(text) > mostExcerpt {
		text = strings.ToValidUTF8(text[:mostExcerpt], "") + "…"
	}
	return text
}

// shortest is how long a word is at least that is taken for a secret.
const shortest = 4

// masked is a text without what must not be seen, as it is or word by word ("Bearer ...").
func masked(text string, secrets []string) string {
	var words []string
	for _, s := range secrets {
		words = append(words, s, url.QueryEscape(s), url.PathEscape(s))
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
