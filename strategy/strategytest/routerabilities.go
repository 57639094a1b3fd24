package strategytest

import (
	"context"
	"fmt"
	"net/http"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// lack is an ability that a router does not have, and how a table asks for it.
type lack struct {
	name string
	ask  func(t *rollout.Table)
}

// asks tells how a table asks for an ability, and whether the router lacks it.
func (s routerSubject) asks(name string) (lack, bool) {
	var has bool
	l := lack{name: name}
	switch name {
	case "Matcher":
		_, has = ability[rollout.Matcher](s.Router)
		l.ask = func(t *rollout.Table) { t.Routes[1].Match = []strategy.Match{{Header: "X-Canary", Value: "on"}} }
	case "Mirrorer":
		_, has = ability[rollout.Mirrorer](s.Router)
		l.ask = func(t *rollout.Table) { t.Routes[1].Mirror = strategy.Percent(50) }
	case "Sticker":
		_, has = ability[rollout.Sticker](s.Router)
		l.ask = func(t *rollout.Table) { t.Sticky = true }
	}
	return l, !has
}

func (s routerSubject) provesLacking(ctx context.Context) error {
	bad := map[string]func(t *rollout.Table){}
	for _, ability := range []string{"Matcher", "Mirrorer", "Sticker"} {
		if l, lacks := s.asks(ability); lacks {
			bad["what only a "+l.name+" can do"] = l.ask
		}
	}
	if len(bad) == 0 {
		return skip("the router lacks no ability that a table could ask for")
	}
	t, err := s.split(strategy.Percent(50), 1)
	if err != nil {
		return err
	}
	return s.unmoved(ctx, t, bad)
}

func (s routerSubject) provesHonest(context.Context) error {
	matcher, matches := ability[rollout.Matcher](s.Router)
	mirrorer, mirrors := ability[rollout.Mirrorer](s.Router)
	if !matches && !mirrors {
		return skip("the router is neither a Matcher nor a Mirrorer")
	}
	if matches {
		for _, m := range []strategy.Match{{Value: "on"}, {Header: "X-Canary", Cookie: "canary", Value: "on"}} {
			if matcher.Matches(m) == nil {
				return fmt.Errorf("Matches promises to honour %+v, which names not exactly one of header and cookie", m)
			}
		}
	}
	if mirrors {
		for _, share := range []strategy.Share{strategy.Percent(-1), strategy.Percent(101)} {
			if mirrorer.Mirrors(share) == nil {
				return fmt.Errorf("Mirrors promises to copy %s of the traffic", share)
			}
		}
	}
	return nil
}

func (s routerSubject) provesHeader(ctx context.Context) error {
	return s.provesMatch(ctx, strategy.Match{Header: "X-Canary", Value: "on"}, func(value string) http.Header {
		return http.Header{"X-Canary": {value}}
	})
}

func (s routerSubject) provesCookie(ctx context.Context) error {
	return s.provesMatch(ctx, strategy.Match{Cookie: "canary", Value: "on"}, func(value string) http.Header {
		return http.Header{"Cookie": {(&http.Cookie{Name: "canary", Value: value}).String()}}
	})
}

// provesMatch sends requests that are meant, that are of another value, and that know of nothing.
func (s routerSubject) provesMatch(ctx context.Context, m strategy.Match, with func(value string) http.Header) error {
	const tries = 50
	matcher, ok := ability[rollout.Matcher](s.Router)
	if err := s.needs(ok, "Matcher"); err != nil {
		return err
	}
	if err := matcher.Matches(m); err != nil {
		return skip("the router does not match by %s: %v", m, err)
	}
	t, err := s.split(strategy.Share{}, 1)
	if err != nil {
		return err
	}
	t.Routes[1].Match = []strategy.Match{m}
	if _, err := s.put(ctx, t); err != nil {
		return err
	}
	for _, c := range []struct {
		what   string
		header http.Header
		want   rollout.Route
	}{
		{"with the value", with(m.Value), t.Routes[1]},
		{"with another value", with("off"), t.Routes[0]},
		{"with a longer value", with(m.Value + "e"), t.Routes[0]},
		{"with the value in capitals", with("ON"), t.Routes[0]},
		{"without it", nil, t.Routes[0]},
	} {
		answers, err := s.count(ctx, tries, c.header)
		if err != nil {
			return fmt.Errorf("%s: %w", c.what, err)
		}
		if n := of(answers, c.want); n != tries {
			return fmt.Errorf("a rule sends %s to the candidate: of %d requests %s, %d were answered by %s", m, tries, c.what, n, c.want.Role)
		}
	}
	return nil
}

func (s routerSubject) provesMirror(ctx context.Context) error {
	const tries = 100
	mirrorer, ok := ability[rollout.Mirrorer](s.Router)
	if err := s.needs(ok, "Mirrorer"); err != nil {
		return err
	}
	if err := mirrorer.Mirrors(strategy.All()); err != nil {
		return skip("the router does not mirror all of the traffic: %v", err)
	}
	t, err := s.split(strategy.Share{}, 1)
	if err != nil {
		return err
	}
	t.Routes[1].Mirror = strategy.All()
	if _, err := s.put(ctx, t); err != nil {
		return err
	}
	answers, err := s.count(ctx, tries, nil)
	if err != nil {
		return err
	}
	if n := of(answers, t.Routes[1]); n > 0 {
		return fmt.Errorf("the candidate gets copies only, and answered %d of %d requests", n, tries)
	}
	if s.Copies == nil {
		return nil
	}
	// A router may drop copies when it is busy, but not all of them.
	return wait(ctx, s.Poll, func() error {
		if n := s.Copies(t.Routes[1].Backends[0].ID); n == 0 {
			return fmt.Errorf("of %d requests none was copied", tries)
		}
		return nil
	})
}

// needs skips a law about requests, or about an ability.
func (s routerSubject) needs(has bool, ability string) error {
	switch {
	case s.Request == nil:
		return skip("the harness has no Request")
	case !has:
		return skip("the router is no %s", ability)
	}
	return nil
}
