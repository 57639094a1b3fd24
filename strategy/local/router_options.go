package local

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"
)

// RouterOptions set up a Router. The zero value is ready for use.
type RouterOptions struct {
	// Logger gets table changes at info, failed backends at warn, single requests at debug. Nil:
	// nothing is logged.
	Logger hclog.Logger

	// IsError reports whether an answer counts as an error of its group. The status is 0 where the
	// backend gave no answer, and err says why an answer is lacking or incomplete. Nil: every err,
	// and every status from 500. A request that its client gave up is never asked for.
	IsError func(status int, err error) bool

	// StickyHeader names a request header whose value is the client's key on a sticky table, for
	// example "X-User-Id". A request without it is told by its cookie. Empty: the cookie only.
	StickyHeader string
	// StickyCookie names the cookie that tells clients apart on a sticky table. The router sets it
	// with the first answer to a random value. Empty: "davit-client".
	StickyCookie string
	// StickyTTL is how long a client keeps the cookie; afterwards it is another client. Zero: 24
	// hours.
	StickyTTL time.Duration
	// StickyPath is the path of the cookie. Empty: "/".
	StickyPath string

	// TrustForwarded keeps the Forwarded, X-Forwarded-* and Davit-Mirror headers of incoming
	// requests, and appends to X-Forwarded-For. Set it only where a proxy that sets them stands in
	// front. By default they are replaced by what the router itself knows, as anybody can write
	// them.
	TrustForwarded bool

	// DialTimeout is how long a backend may take to accept a connection. Zero: 2 seconds.
	DialTimeout time.Duration
	// HeaderTimeout is how long a backend may take, after the request was sent, to begin its
	// answer; then the client gets 504. Zero: no limit.
	HeaderTimeout time.Duration
	// IdleTimeout is how long a connection to a backend is kept without a request. Keep it below
	// the backends' own: a backend that closes a connection just when a request is sent on it
	// loses a request that cannot be repeated. Zero: 4 seconds, because 5 is the shortest default
	// in common use (Node.js, Apache).
	IdleTimeout time.Duration
	// IdleConns is how many such connections are kept for each backend. Zero: 512.
	IdleConns int

	// BodyBuffer is how many bytes of a request body are kept, so that the request can be repeated
	// or mirrored. A larger body is sent as it comes, and cannot. Zero: 64 KiB; negative: none.
	BodyBuffer int

	// MirrorLimit is how many copies may be under way at once. Further ones are dropped, and
	// counted. Zero: 64.
	MirrorLimit int
	// MirrorTimeout is how long a copy may take. Zero: 10 seconds.
	MirrorTimeout time.Duration

	// Grace is how long Serve waits for requests that are under way when it is stopped. Zero: 10
	// seconds.
	Grace time.Duration
}

// Validate reports every option that makes no sense.
func (o RouterOptions) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	if o.StickyHeader != "" {
		if err := matchableHeader(o.StickyHeader); err != nil {
			bad("StickyHeader: %w", err)
		}
	}
	if o.StickyCookie != "" && !isToken(o.StickyCookie) {
		bad("StickyCookie: %q is not the name of a cookie", o.StickyCookie)
	}
	if o.StickyPath != "" {
		cookie := http.Cookie{Name: "x", Path: o.StickyPath}
		if err := cookie.Valid(); err != nil || o.StickyPath[0] != '/' {
			bad("StickyPath: %q is not the path of a cookie", o.StickyPath)
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"StickyTTL", o.StickyTTL}, {"DialTimeout", o.DialTimeout}, {"HeaderTimeout", o.HeaderTimeout},
		{"IdleTimeout", o.IdleTimeout}, {"MirrorTimeout", o.MirrorTimeout}, {"Grace", o.Grace},
	} {
		if d.value < 0 {
			bad("%s: %s is below zero", d.name, d.value)
		}
	}
	if o.StickyTTL > 0 && o.StickyTTL < time.Second {
		bad("StickyTTL: %s is below a second, the unit of a cookie's age", o.StickyTTL)
	}
	if o.IdleConns < 0 {
		bad("IdleConns: %d is below zero", o.IdleConns)
	}
	if o.MirrorLimit < 0 {
		bad("MirrorLimit: %d is below zero", o.MirrorLimit)
	}
	return errs.ErrorOrNil()
}

// withDefaults fills in what was left out.
func (o RouterOptions) withDefaults() RouterOptions {
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	if o.IsError == nil {
		o.IsError = func(status int, err error) bool { return err != nil || status >= 500 }
	}
	o.StickyHeader = http.CanonicalHeaderKey(o.StickyHeader)
	o.StickyCookie = cmp.Or(o.StickyCookie, "davit-client")
	o.StickyTTL = cmp.Or(o.StickyTTL, 24*time.Hour)
	o.StickyPath = cmp.Or(o.StickyPath, "/")
	o.DialTimeout = cmp.Or(o.DialTimeout, 2*time.Second)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 4*time.Second)
	o.IdleConns = cmp.Or(o.IdleConns, 512)
	o.BodyBuffer = max(cmp.Or(o.BodyBuffer, 64<<10), 0)
	o.MirrorLimit = cmp.Or(o.MirrorLimit, 64)
	o.MirrorTimeout = cmp.Or(o.MirrorTimeout, 10*time.Second)
	o.Grace = cmp.Or(o.Grace, 10*time.Second)
	return o
}
