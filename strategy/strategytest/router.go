package strategytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// RouterHarness is a router under proof, which nobody has given a table yet, and the means to prove
// it. Router and Backends are required; what is optional and left out makes the laws that need it be
// skipped.
type RouterHarness struct {
	Router rollout.Router
	// Backends gives n new backends for a pool, which answer requests.
	Backends func(pool strategy.Pool, n int) ([]rollout.Backend, error)

	// Request sends one request of a client that was never there before, with the given header, and
	// tells the ID of the backend that answered. It is called by several goroutines at once.
	// Optional: for all laws about who answers.
	Request func(ctx context.Context, h http.Header) (answeredBy string, err error)
	// Client gives a new client, which keeps its cookies, or however else the router knows it
	// again. Optional: for the law sticky.
	Client func() func(ctx context.Context) (answeredBy string, err error)
	// Hold keeps requests that reach the backend unanswered until release is called. Optional: for
	// the law inflight.
	Hold func(id string) (release func())
	// Copies counts the mirrored requests that the backend got. Optional: without it the law mirror
	// proves only that copies are not answers.
	Copies func(id string) int

	// Pools are three pools that the tables of the kit name: stable, baseline, candidate. Default:
	// ones of made-up revisions.
	Pools [3]strategy.Pool
	// Requests is how many requests a law about shares sends. Default: 1000.
	Requests int
	// Poll is the time between two looks. Default: 10 ms.
	Poll time.Duration
	// Settle is how long a table may take to be in effect for requests once it reads back.
	// Default: none.
	Settle time.Duration
	// Patience is how long one law may take. Default: 1 min.
	Patience time.Duration
	// OnSkip is told each law that cannot be proved, and why. RunRouter tells by itself.
	OnSkip func(law, why string)
	// Close is called when a law is over. Optional.
	Close func()
}

// RunRouter proves the laws of a rollout.Router, each in a subtest and on a harness of its own,
// which is opened, and proved, within around, if that is given. The laws:
//
//	reads      Table reads back exactly what Route wrote
//	replaces   a table replaces the whole one before
//	own        what the caller does to a table afterwards does not change the router's
//	dark       a table without routes reads back as one, and nobody answers
//	refuses    a table that cannot be honoured is an error and changes nothing
//	lacking    so is one that asks for an ability which the router lacks
//	honest     Matches and Mirrors refuse what cannot be                (needs Matcher or Mirrorer)
//	cancelled  with a context that is over calls are errors and change nothing
//	shares     groups answer by their shares                            (needs Request)
//	even       the backends of a group answer evenly                    (needs Request)
//	header     a rule on a header decides, by name and value            (needs Request, Matcher)
//	cookie     a rule on a cookie decides, by name and value            (needs Request, Matcher)
//	mirror     copies are sent, and never answer                        (needs Request, Mirrorer)
//	sticky     a client stays with its group                            (needs Client, Sticker)
//	inflight   InFlight counts what is under way, and falls to zero     (needs Request, Hold, Drainer)
//	drained    once it says zero a removed backend gets no request      (needs Request, Drainer)
//
// The laws shares and even allow for five standard deviations of independent random choices: a
// router that chooses so fails one of them a few times in a million runs.
func RunRouter(t *testing.T, open func(t *testing.T) RouterHarness, around ...Around) {
	t.Helper()
	routerKit.run(t, func(t *testing.T) routerSubject { return open(t).subject() }, around)
}

// CheckRouter proves the same laws as RunRouter and returns all violations joined, each a
// *Violation. An error of open, and a harness that lacks what is required, is returned as it is.
func CheckRouter(ctx context.Context, open func() (RouterHarness, error)) error {
	return routerKit.check(ctx, func() (routerSubject, error) {
		h, err := open()
		return h.subject(), err
	})
}

func (h RouterHarness) subject() routerSubject {
	h.Poll = cmp.Or(h.Poll, 10*time.Millisecond)
	h.Patience = cmp.Or(h.Patience, time.Minute)
	h.Requests = cmp.Or(h.Requests, 1000)
	if h.Pools == [3]strategy.Pool{} {
		h.Pools = [3]strategy.Pool{{Revision: oldRevision}, {Revision: oldRevision, Baseline: true}, {Revision: newRevision}}
	}
	return routerSubject{h}
}

// routerSubject is a harness with its defaults, and what all proofs do with it.
type routerSubject struct{ RouterHarness }

func (s routerSubject) bound() time.Duration { return s.Patience }
func (s routerSubject) skip(law, why string) { told(s.OnSkip, law, why) }
func (s routerSubject) close()               { called(s.Close) }

func (s routerSubject) valid() error {
	switch {
	case s.Router == nil:
		return errors.New("Router is nil")
	case s.Backends == nil:
		return errors.New("Backends is nil")
	case s.Requests < 100:
		return fmt.Errorf("Requests: %d are too few to tell shares apart, 100 are the least", s.Requests)
	}
	return nil
}

var roles = [3]strategy.Role{strategy.Stable, strategy.Baseline, strategy.Candidate}

// route is a route of a role with n new backends.
func (s routerSubject) route(role strategy.Role, share strategy.Share, n int) (rollout.Route, error) {
	pool := s.Pools[slices.Index(roles[:], role)]
	backends, err := s.Backends(pool, n)
	if err != nil {
		return rollout.Route{}, fmt.Errorf("the harness gave no %d backends: %w", n, err)
	}
	slices.SortFunc(backends, func(a, b rollout.Backend) int { return cmp.Compare(a.ID, b.ID) })
	return rollout.Route{Role: role, Traffic: rollout.Traffic{Pool: pool, Share: share}, Backends: backends}, nil
}

// split is a table of stable and a candidate that gets a share, with n backends each.
func (s routerSubject) split(candidate strategy.Share, n int) (rollout.Table, error) {
	stable, err := s.route(strategy.Stable, candidate.Rest(), n)
	if err != nil {
		return rollout.Table{}, err
	}
	c, err := s.route(strategy.Candidate, candidate, n)
	return rollout.Table{Routes: []rollout.Route{stable, c}}, err
}

// put sets a table, gives the router time to bring it into effect, and tells what it then reads
// back. That this is what was written is for the law reads to prove.
func (s routerSubject) put(ctx context.Context, t rollout.Table) (rollout.Table, error) {
	if err := s.Router.Route(ctx, t.Clone()); err != nil {
		return rollout.Table{}, fmt.Errorf("route %s: %w", t, err)
	}
	short, cancel := context.WithTimeout(ctx, s.Patience/4)
	defer cancel()
	var got rollout.Table
	var failed error
	_ = wait(short, s.Poll, func() error {
		got, failed = s.Router.Table(ctx)
		if failed == nil && !sameTable(got, t) {
			return fmt.Errorf("it reads back as %s", got)
		}
		return nil
	})
	if failed != nil {
		return got, fmt.Errorf("read back %s: %w", t, failed)
	}
	return got, sleep(ctx, s.Settle)
}

// sameTable reports whether two tables say the same. Routes that get nothing need not be kept.
func sameTable(a, b rollout.Table) bool {
	return trimmed(a).Equal(trimmed(b))
}

func trimmed(t rollout.Table) rollout.Table {
	t = t.Clone()
	t.Routes = slices.DeleteFunc(t.Routes, func(r rollout.Route) bool {
		return r.Share.IsZero() && r.Mirror.IsZero() && len(r.Match) == 0
	})
	t.Sticky = t.Sticky && len(t.Routes) > 0
	return t
}

// count sends n requests and counts the answers by backend.
func (s routerSubject) count(ctx context.Context, n int, h http.Header) (map[string]int, error) {
	answers := map[string]int{}
	for range n {
		id, err := s.Request(ctx, h.Clone())
		if err != nil {
			return nil, fmt.Errorf("a request was not answered: %w", err)
		}
		answers[id]++
	}
	return answers, nil
}

// of adds up what the backends of a route answered.
func of(answers map[string]int, r rollout.Route) int {
	n := 0
	for _, b := range r.Backends {
		n += answers[b.ID]
	}
	return n
}
