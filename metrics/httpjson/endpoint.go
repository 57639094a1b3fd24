package httpjson

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"
)

// The defaults of an Endpoint.
const (
	DefaultTimeout = 10 * time.Second
	DefaultMaxBody = 1 << 20
)

// Endpoint says where to ask, and what is taken for an answer.
type Endpoint struct {
	// URL is asked with GET, with what is asked filled in: see the package comment. http or https.
	URL string
	// Header gives the headers of each request: secrets are read when they are needed, and may change.
	// It is called by many at once, and should respect ctx. Nil: none.
	Header func(ctx context.Context) (http.Header, error)
	// Timeout bounds one question, from the call to the last byte. Default: DefaultTimeout.
	Timeout time.Duration
	// MaxBody is how large an answer may be, in bytes, after decompression. Default: DefaultMaxBody.
	MaxBody int64
	// Redirects is how many redirects are followed, to the same scheme and host only: headers go nowhere
	// else. Default: none.
	Redirects int
	// UnknownGroup are the statuses that say that there is no such group, and NoData those that say that
	// nothing was measured. Nil: 404, and 204. Empty: none.
	UnknownGroup, NoData []int
	// AnyContentType takes answers whose content type is not that of JSON.
	AnyContentType bool
	// Transport does the requests. Nil: one of its own, with a limit of 64 KiB for headers.
	Transport http.RoundTripper
}

// problems are what is wrong with the endpoint, and with the template of its URL.
func (e Endpoint) problems(must []string, may []string) (t template, all []error) {
	bad := func(format string, args ...any) { all = append(all, fmt.Errorf("Endpoint."+format, args...)) }
	parsed, err := url.Parse(e.URL)
	switch {
	case err != nil:
		bad("URL: cannot be read") // the error of url.Parse holds it all
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		bad("URL: it must be one of http or https")
	case parsed.Host == "":
		bad("URL: it has no host")
	case strings.ContainsAny(parsed.Host, "{}") || strings.ContainsAny(parsed.User.String(), "{}"):
		bad("URL: what is asked can be filled in after the host only")
	default:
		var problems []error
		t, problems = newTemplate(e.URL, must, may)
		for _, p := range problems {
			bad("URL: %w", p)
		}
	}
	if e.Timeout < 0 {
		bad("Timeout: %s is below zero", e.Timeout)
	}
	if e.MaxBody < 0 {
		bad("MaxBody: %d is below zero", e.MaxBody)
	}
	if e.Redirects < 0 {
		bad("Redirects: %d is below zero", e.Redirects)
	}
	for _, list := range []struct {
		field    string
		statuses []int
	}{{"UnknownGroup", e.UnknownGroup}, {"NoData", e.NoData}} {
		for _, s := range list.statuses {
			if s < 201 || s > 599 {
				bad("%s: %d is no status that could say so", list.field, s)
			}
		}
	}
	for _, s := range e.NoData {
		if slices.Contains(e.UnknownGroup, s) {
			bad("NoData: %d stands for an unknown group, too", s)
		}
	}
	return t, all
}

// asker asks an endpoint.
type asker struct {
	Endpoint
	template template
	host     string   // for errors
	secrets  []string // that are in the URL itself
	client   *http.Client
	own      *http.Transport // to be closed; nil where it is somebody else's
}

func newAsker(e Endpoint, t template) *asker {
	parsed, _ := url.Parse(e.URL) // problems has seen to it
	a := &asker{Endpoint: e, template: t, host: parsed.Scheme + "://" + parsed.Host}
	if a.Timeout == 0 {
		a.Timeout = DefaultTimeout
	}
	if a.MaxBody == 0 {
		a.MaxBody = DefaultMaxBody
	}
	if e.UnknownGroup == nil {
		a.UnknownGroup = []int{http.StatusNotFound}
	}
	if e.NoData == nil {
		a.NoData = []int{http.StatusNoContent}
	}
	if password, set := parsed.User.Password(); set {
		a.secrets = append(a.secrets, password)
	}
	for _, values := range parsed.Query() {
		a.secrets = append(a.secrets, values...)
	}
	if a.Transport == nil {
		a.own = http.DefaultTransport.(*http.Transport).Clone()
		a.own.MaxResponseHeaderBytes = 64 << 10
		a.Transport = a.own
	}
	a.client = &http.Client{Transport: a.Transport, CheckRedirect: a.redirect}
	return a
}

// errRedirect is a redirect that is not followed.
var errRedirect = errors.New("it redirects to somewhere else, which is not followed")

// redirect follows as many redirects as the endpoint allows, within the host.
func (a *asker) redirect(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	if len(via) > a.Redirects || next.URL.Scheme != first.Scheme || next.URL.Host != first.Host {
		return errRedirect
	}
	return nil
}

// Close closes connections that wait for the next question.
func (a *asker) close() {
	if a.own != nil {
		a.own.CloseIdleConnections()
	}
}

// failed are the problems of a source's parts as one error.
func failed(problems ...[]error) error {
	var errs *multierror.Error
	return multierror.Append(errs, slices.Concat(problems...)...).ErrorOrNil()
}
