package strategytest

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

func (s routerSubject) provesShares(ctx context.Context) error {
	if s.Request == nil {
		return skip("the harness has no Request")
	}
	for _, share := range []strategy.Share{strategy.Percent(10), strategy.Percent(75)} {
		t, err := s.split(share, 1)
		if err != nil {
			return err
		}
		if _, err := s.put(ctx, t); err != nil {
			return err
		}
		answers, err := s.count(ctx, s.Requests, nil)
		if err != nil {
			return err
		}
		for _, r := range t.Routes {
			if n := of(answers, r); !near(n, s.Requests, r.Share.Fraction()) {
				return fmt.Errorf("%s has a share of %s, and answered %d of %d requests", r.Role, r.Share, n, s.Requests)
			}
		}
	}
	return nil
}

func (s routerSubject) provesEven(ctx context.Context) error {
	if s.Request == nil {
		return skip("the harness has no Request")
	}
	const backends = 4
	r, err := s.route(strategy.Stable, strategy.All(), backends)
	if err != nil {
		return err
	}
	if _, err := s.put(ctx, rollout.Table{Routes: []rollout.Route{r}}); err != nil {
		return err
	}
	answers, err := s.count(ctx, s.Requests, nil)
	if err != nil {
		return err
	}
	for _, b := range r.Backends {
		if n := answers[b.ID]; !near(n, s.Requests, 1./backends) {
			return fmt.Errorf("%s is one of %d backends, and answered %d of %d requests", b.ID, backends, n, s.Requests)
		}
	}
	return nil
}

// provesSticky uses 40 clients: that they all belong to one of two groups by chance happens once in
// a million million runs.
func (s routerSubject) provesSticky(ctx context.Context) error {
	const clients, visits = 40, 5
	sticker, ok := ability[rollout.Sticker](s.Router)
	switch {
	case !ok:
		return skip("the router is no Sticker")
	case s.Client == nil:
		return skip("the harness has no Client")
	}
	if err := sticker.Sticks(); err != nil {
		return skip("the router does not stick: %v", err)
	}
	t, err := s.split(strategy.Percent(50), 2)
	if err != nil {
		return err
	}
	t.Sticky = true
	if _, err := s.put(ctx, t); err != nil {
		return err
	}
	ask := make([]func(context.Context) (string, error), clients)
	home := make([]bool, clients) // the candidate's
	for i := range clients {
		ask[i] = s.Client()
	}
	candidates := 0
	for visit := range visits {
		for i := range clients {
			id, err := ask[i](ctx)
			if err != nil {
				return fmt.Errorf("a request was not answered: %w", err)
			}
			is := of(map[string]int{id: 1}, t.Routes[1]) == 1
			if visit > 0 && is != home[i] {
				return fmt.Errorf("client %d was answered by both groups, at visit %d", i+1, visit+1)
			}
			if home[i] = is; is && visit == 0 {
				candidates++
			}
		}
	}
	if candidates == 0 || candidates == clients {
		return fmt.Errorf("%d of %d clients belong to a candidate with half of the traffic", candidates, clients)
	}
	t.Routes[0].Share, t.Routes[1].Share = strategy.Percent(20), strategy.Percent(80)
	if _, err := s.put(ctx, t); err != nil {
		return err
	}
	for i := range clients {
		id, err := ask[i](ctx)
		if err != nil {
			return fmt.Errorf("a request was not answered: %w", err)
		}
		if home[i] && of(map[string]int{id: 1}, t.Routes[1]) == 0 {
			return fmt.Errorf("the candidate's share grew, and client %d was taken from it", i+1)
		}
	}
	return nil
}

func (s routerSubject) provesInFlight(ctx context.Context) error {
	drainer, ok := ability[rollout.Drainer](s.Router)
	if err := s.needs(ok, "Drainer"); err != nil {
		return err
	}
	if s.Hold == nil {
		return skip("the harness has no Hold")
	}
	r, err := s.route(strategy.Stable, strategy.All(), 2)
	if err != nil {
		return err
	}
	held := r.Backends[0]
	release := s.Hold(held.ID)
	defer release()
	one, other := r, r
	one.Backends, other.Backends = r.Backends[:1], r.Backends[1:]
	if _, err := s.put(ctx, rollout.Table{Routes: []rollout.Route{one}}); err != nil {
		return err
	}
	answered := make(chan error, 1)
	asking, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		<-answered
	}()
	go func() {
		defer close(answered)
		if _, err := s.Request(asking, nil); err != nil {
			answered <- err
		}
	}()
	flying := func(want bool) error {
		n, err := drainer.InFlight(ctx, []string{held.ID, "unknown"})
		switch {
		case err != nil:
			return found{err}
		case n["unknown"] != 0:
			return found{fmt.Errorf("%d requests are in flight on an instance that nobody knows", n["unknown"])}
		case n[held.ID] > 0 != want:
			return fmt.Errorf("in flight on %s are said to be %d requests", held.ID, n[held.ID])
		}
		return nil
	}
	if err := until(ctx, s.Poll, func() error { return flying(true) }); err != nil {
		return fmt.Errorf("a request is under way: %w", err)
	}
	if _, err := s.put(ctx, rollout.Table{Routes: []rollout.Route{other}}); err != nil {
		return err
	}
	if err := flying(true); err != nil {
		return fmt.Errorf("a request is under way on a backend that has left the table: %w", err)
	}
	release()
	if err := <-answered; err != nil {
		return fmt.Errorf("a request was under way on a backend that left the table, and was lost: %w", err)
	}
	return name("all requests are answered", until(ctx, s.Poll, func() error { return flying(false) }))
}

func (s routerSubject) provesDrained(ctx context.Context) error {
	const clients, more = 4, 100
	drainer, ok := ability[rollout.Drainer](s.Router)
	if err := s.needs(ok, "Drainer"); err != nil {
		return err
	}
	r, err := s.route(strategy.Stable, strategy.All(), 2)
	if err != nil {
		return err
	}
	if _, err := s.put(ctx, rollout.Table{Routes: []rollout.Route{r}}); err != nil {
		return err
	}
	gone := r.Backends[0]
	r.Backends = r.Backends[1:]
	var zero atomic.Bool
	var asking sync.WaitGroup
	broken := make([]error, clients)
	for i := range clients {
		asking.Go(func() {
			for left := more; left > 0 && broken[i] == nil; {
				after := zero.Load()
				if after {
					left--
				}
				id, err := s.Request(ctx, nil)
				if err == nil && after && id == gone.ID {
					err = fmt.Errorf("%s left the table, had nothing in flight, and answered a request that came later", id)
				}
				broken[i] = err
			}
		})
	}
	_, err = s.put(ctx, rollout.Table{Routes: []rollout.Route{r}})
	if err == nil {
		err = wait(ctx, s.Poll, func() error {
			n, err := drainer.InFlight(ctx, []string{gone.ID})
			if err == nil && n[gone.ID] > 0 {
				err = fmt.Errorf("%d requests are in flight on %s, which has left the table", n[gone.ID], gone.ID)
			}
			return err
		})
	}
	zero.Store(true)
	asking.Wait()
	return cmp.Or(err, cmp.Or(broken...))
}
