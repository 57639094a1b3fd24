package strategytest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

var routerKit = kit[routerSubject]{name: "router", laws: []law[routerSubject]{
	{"reads", routerSubject.provesReads},
	{"replaces", routerSubject.provesReplaces},
	{"own", routerSubject.provesOwn},
	{"dark", routerSubject.provesDark},
	{"refuses", routerSubject.provesRefuses},
	{"lacking", routerSubject.provesLacking},
	{"honest", routerSubject.provesHonest},
	{"cancelled", routerSubject.provesCancelled},
	{"shares", routerSubject.provesShares},
	{"even", routerSubject.provesEven},
	{"header", routerSubject.provesHeader},
	{"cookie", routerSubject.provesCookie},
	{"mirror", routerSubject.provesMirror},
	{"sticky", routerSubject.provesSticky},
	{"inflight", routerSubject.provesInFlight},
	{"drained", routerSubject.provesDrained},
}}

// provesReads goes from small tables to larger ones, so that a table which was added to the one
// before is as good as one that replaced it; that is for the law replaces.
func (s routerSubject) provesReads(ctx context.Context) error {
	t, err := s.split(strategy.Ratio(1, 3), 2)
	if err != nil {
		return err
	}
	stable := rollout.Table{Routes: []rollout.Route{t.Routes[0]}}
	stable.Routes[0].Share = strategy.All()
	baseline, err := s.route(strategy.Baseline, strategy.Ratio(1, 7), 1)
	if err != nil {
		return err
	}
	three := rollout.Table{Routes: []rollout.Route{t.Routes[0], baseline, t.Routes[1]}}
	three.Routes[0].Share = strategy.All().Minus(baseline.Share).Minus(t.Routes[1].Share)
	if _, lacks := s.asks("Matcher"); !lacks {
		three.Routes[2].Match = []strategy.Match{{Header: "X-Canary", Value: "on"}, {Cookie: "canary", Value: "on"}}
	}
	if _, lacks := s.asks("Mirrorer"); !lacks {
		three.Routes[1].Mirror = strategy.Millionths(123)
	}
	if _, lacks := s.asks("Sticker"); !lacks {
		three.Sticky = true
	}
	for _, want := range []rollout.Table{stable, t, three} {
		got, err := s.put(ctx, want)
		if err != nil {
			return err
		}
		if !sameTable(got, want) {
			return fmt.Errorf("wrote %+v, read back %+v", want, got)
		}
	}
	return nil
}

func (s routerSubject) provesReplaces(ctx context.Context) error {
	both, err := s.split(strategy.Percent(50), 2)
	if err != nil {
		return err
	}
	if _, err := s.put(ctx, both); err != nil {
		return err
	}
	one := both.Clone()
	one.Routes = one.Routes[:1]
	one.Routes[0].Share, one.Routes[0].Backends = strategy.All(), one.Routes[0].Backends[:1]
	got, err := s.put(ctx, one)
	if err != nil {
		return err
	}
	for _, r := range trimmed(got).Routes {
		if r.Role != strategy.Stable || len(r.Backends) != 1 {
			return fmt.Errorf("of the table before, %s with %d backends is left", r.Role, len(r.Backends))
		}
	}
	return nil
}

func (s routerSubject) provesOwn(ctx context.Context) error {
	t, err := s.split(strategy.Percent(50), 2)
	if err != nil {
		return err
	}
	given := t.Clone()
	if err := s.Router.Route(ctx, given); err != nil {
		return err
	}
	before, err := s.put(ctx, t)
	if err != nil {
		return err
	}
	spoil := func(t rollout.Table) {
		for i := range t.Routes {
			t.Routes[i].Share = strategy.Share{}
			for j := range t.Routes[i].Backends {
				t.Routes[i].Backends[j].ID += ", changed by the caller"
			}
		}
	}
	keep := before.Clone()
	spoil(given)
	spoil(before)
	after, err := s.Router.Table(ctx)
	if err == nil && !sameTable(after, keep) {
		err = fmt.Errorf("the caller changed a table of its own, and %s became %s", keep, after)
	}
	return err
}

func (s routerSubject) provesDark(ctx context.Context) error {
	t, err := s.split(strategy.Percent(50), 1)
	if err != nil {
		return err
	}
	for _, dark := range []rollout.Table{{}, {}} {
		got, err := s.put(ctx, dark)
		if err != nil {
			return err
		}
		if len(trimmed(got).Routes) > 0 {
			return fmt.Errorf("an empty table reads back as %s", got)
		}
		if s.Request != nil {
			if id, err := s.Request(ctx, nil); err == nil {
				return fmt.Errorf("the table is empty, and %s answers", id)
			}
		}
		// Once more, after there was somebody who answered.
		if _, err := s.put(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (s routerSubject) provesRefuses(ctx context.Context) error {
	t, err := s.split(strategy.Percent(50), 1)
	if err != nil {
		return err
	}
	bad := map[string]func(t *rollout.Table){
		"shares of 90%":  func(t *rollout.Table) { t.Routes[0].Share = strategy.Percent(40) },
		"shares of 110%": func(t *rollout.Table) { t.Routes[0].Share = strategy.Percent(60) },
		"a share below none": func(t *rollout.Table) {
			t.Routes[0].Share, t.Routes[1].Share = strategy.Percent(150), strategy.Percent(-50)
		},
		"a route without backend": func(t *rollout.Table) { t.Routes[1].Backends = nil },
		"a role twice":            func(t *rollout.Table) { t.Routes[1].Role = t.Routes[0].Role },
		"a pool twice":            func(t *rollout.Table) { t.Routes[1].Pool = t.Routes[0].Pool },
	}
	return s.unmoved(ctx, t, bad)
}

// unmoved proves that each change makes a table that is refused and changes nothing.
func (s routerSubject) unmoved(ctx context.Context, t rollout.Table, bad map[string]func(t *rollout.Table)) error {
	before, err := s.put(ctx, t)
	if err != nil {
		return err
	}
	return gather(sorted(bad), func(what string) error {
		wrong := t.Clone()
		bad[what](&wrong)
		if err := s.Router.Route(ctx, wrong); err == nil {
			return fmt.Errorf("it took a table with %s", what)
		}
		after, err := s.Router.Table(ctx)
		if err == nil && !sameTable(before, after) {
			err = fmt.Errorf("it refused a table with %s, and shows another one since", what)
		}
		return err
	})
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (s routerSubject) provesCancelled(ctx context.Context) error {
	t, err := s.split(strategy.Percent(50), 1)
	if err != nil {
		return err
	}
	before, err := s.put(ctx, t)
	if err != nil {
		return err
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Router.Route(over, rollout.Table{}); err == nil {
		return errors.New("Route takes a context that is over")
	}
	if _, err := s.Router.Table(over); err == nil {
		return errors.New("Table answers with a context that is over")
	}
	after, err := s.Router.Table(ctx)
	if err == nil && !sameTable(before, after) {
		err = fmt.Errorf("routed with a context that was over, %s became %s", before, after)
	}
	return err
}

// near reports whether n of total random choices is a likely outcome of a chance.
func near(n, total int, chance float64) bool {
	expected := chance * float64(total)
	return math.Abs(float64(n)-expected) <= 5*math.Sqrt(expected*(1-chance))+1
}
