package strategytest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
)

var fleetKit = kit[fleetSubject]{name: "fleet", laws: []law[fleetSubject]{
	{"ready", fleetSubject.provesReady},
	{"idempotent", fleetSubject.provesIdempotent},
	{"keeps", fleetSubject.provesKeeps},
	{"leaving", fleetSubject.provesLeaving},
	{"zero", fleetSubject.provesZero},
	{"pools", fleetSubject.provesPools},
	{"ids", fleetSubject.provesIDs},
	{"order", fleetSubject.provesOrder},
	{"since", fleetSubject.provesSince},
	{"refuses", fleetSubject.provesRefuses},
	{"cancelled", fleetSubject.provesCancelled},
	{"waitless", fleetSubject.provesWaitless},
	{"failed", fleetSubject.provesFailed},
	{"replaced", fleetSubject.provesReplaced},
	{"reopened", fleetSubject.provesReopened},
}}

func (s fleetSubject) provesReady(ctx context.Context) error {
	ready, err := s.scale(ctx, s.Pools[0], 3)
	if err != nil {
		return err
	}
	id, addr := map[string]bool{}, map[string]bool{}
	for _, in := range ready {
		_, port, err := net.SplitHostPort(in.Addr)
		switch {
		case in.ID == "" || id[in.ID]:
			return fmt.Errorf("the ID %q is not the instance's own", in.ID)
		case err != nil || port == "":
			return fmt.Errorf("%s: the address %q is not host:port", in.ID, in.Addr)
		case addr[in.Addr]:
			return fmt.Errorf("%s: the address %s is another instance's too", in.ID, in.Addr)
		}
		id[in.ID], addr[in.Addr] = true, true
		if s.Answers == nil {
			continue
		}
		if err := s.Answers(ctx, in.Addr); err != nil {
			return fmt.Errorf("%s is ready and does not answer at %s: %w", in.ID, in.Addr, err)
		}
	}
	return nil
}

func (s fleetSubject) provesIdempotent(ctx context.Context) error {
	ready, err := s.scale(ctx, s.Pools[0], 2)
	if err != nil {
		return err
	}
	for range 3 {
		if err := s.Fleet.Scale(ctx, s.Pools[0], 2); err != nil {
			return fmt.Errorf("scale to what runs: %w", err)
		}
	}
	return name("asked again for what runs", s.still(ctx, s.Pools[0], ids(ready)))
}

func (s fleetSubject) provesKeeps(ctx context.Context) error {
	one, err := s.scale(ctx, s.Pools[0], 1)
	if err != nil {
		return err
	}
	three, err := s.scale(ctx, s.Pools[0], 3)
	if err != nil {
		return err
	}
	if !slices.Contains(ids(three), one[0].ID) {
		return fmt.Errorf("grown from 1 to 3, %s is gone: %q run", one[0].ID, ids(three))
	}
	two, err := s.scale(ctx, s.Pools[0], 2)
	if err != nil {
		return err
	}
	for _, id := range ids(two) {
		if !slices.Contains(ids(three), id) {
			return fmt.Errorf("shrunk from 3 to 2, %s is new", id)
		}
	}
	return nil
}

// The ones named are neither the oldest nor the youngest, so that no order picks them by chance.
func (s fleetSubject) provesLeaving(ctx context.Context) error {
	four, err := s.scale(ctx, s.Pools[0], 4)
	if err != nil {
		return err
	}
	named := []string{four[2].ID, four[1].ID}
	two, err := s.scale(ctx, s.Pools[0], 2, named...)
	if err != nil {
		return err
	}
	for _, in := range four {
		stays := slices.Contains(ids(two), in.ID)
		switch is := slices.Contains(named, in.ID); {
		case is && stays:
			return fmt.Errorf("%q were named, %s runs on", named, in.ID)
		case !is && !stays:
			return fmt.Errorf("%q were named, %s was stopped", named, in.ID)
		}
	}
	return nil
}

func (s fleetSubject) provesZero(ctx context.Context) error {
	ready, err := s.scale(ctx, s.Pools[0], 2)
	if err != nil {
		return err
	}
	if _, err := s.scale(ctx, s.Pools[0], 0); err != nil {
		return err
	}
	for _, in := range ready {
		if s.Answers != nil && s.Answers(ctx, in.Addr) == nil {
			return fmt.Errorf("%s is gone from the list and answers at %s", in.ID, in.Addr)
		}
	}
	return nil
}

func (s fleetSubject) provesPools(ctx context.Context) error {
	ready, err := s.scale(ctx, s.Pools[0], 2)
	if err != nil {
		return err
	}
	for _, n := range []int{3, 1, 0} {
		if _, err := s.scale(ctx, s.Pools[1], n); err != nil {
			return fmt.Errorf("%s beside %s: %w", s.Pools[1], s.Pools[0], err)
		}
		now, err := s.running(ctx, s.Pools[0])
		if err != nil {
			return err
		}
		if !sameIDs(ids(now), ids(ready)) {
			return fmt.Errorf("%s was scaled to %d, and of %s now %q run, not %q", s.Pools[1], n, s.Pools[0], ids(now), ids(ready))
		}
	}
	return nil
}

func (s fleetSubject) provesIDs(ctx context.Context) error {
	used := map[string]bool{}
	for range 3 {
		ready, err := s.scale(ctx, s.Pools[0], 2)
		if err != nil {
			return err
		}
		for _, in := range ready {
			if used[in.ID] {
				return fmt.Errorf("%s was stopped before, and runs again", in.ID)
			}
			used[in.ID] = true
		}
		if _, err := s.scale(ctx, s.Pools[0], 0); err != nil {
			return err
		}
	}
	return nil
}

func (s fleetSubject) provesOrder(ctx context.Context) error {
	for _, pool := range s.Pools[:2] {
		if _, err := s.scale(ctx, pool, 3); err != nil {
			return err
		}
	}
	var first []string
	for i := range 10 {
		all, err := s.Fleet.Instances(ctx)
		if err != nil {
			return err
		}
		if i == 0 {
			first = ids(all)
		}
		if !slices.Equal(first, ids(all)) {
			return fmt.Errorf("%q became %q, and nothing had changed", first, ids(all))
		}
	}
	return nil
}

func (s fleetSubject) provesRefuses(ctx context.Context) error {
	ready, err := s.scale(ctx, s.Pools[0], 1)
	if err != nil {
		return err
	}
	if err := s.Fleet.Scale(ctx, s.Pools[0], -1); err == nil {
		return errors.New("it took a pool of -1 instances")
	}
	return name("after a pool of -1 was refused", s.still(ctx, s.Pools[0], ids(ready)))
}

func (s fleetSubject) provesCancelled(ctx context.Context) error {
	ready, err := s.scale(ctx, s.Pools[0], 2)
	if err != nil {
		return err
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Fleet.Instances(over); err == nil {
		return errors.New("Instances answers with a context that is over")
	}
	for _, n := range []int{0, 1, 3} {
		if err := s.Fleet.Scale(over, s.Pools[0], n); err == nil {
			return fmt.Errorf("Scale to %d takes a context that is over", n)
		}
	}
	return name("scaled with a context that was over", s.still(ctx, s.Pools[0], ids(ready)))
}
