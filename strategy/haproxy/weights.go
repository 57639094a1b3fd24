package haproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Weights is a rollout.Router over one backend, for those who cannot change their frontends: groups get
// their shares by the weights of their servers. It knows no rules and keeps no clients; the split is as
// fine as weights are, see Grain; and a change goes through HAProxy server by server, within a
// millisecond or so, in which a request may meet half of it.
type Weights struct {
	opts WeightsOptions
	mover
}

var (
	_ rollout.Router   = (*Weights)(nil)
	_ rollout.Drainer  = (*Weights)(nil)
	_ rollout.Grainer  = (*Weights)(nil)
	_ rollout.Verifier = (*Weights)(nil)
)

// NewWeights makes a router. It speaks to HAProxy at the first call of a method; Check tells whether
// HAProxy is ready for it.
func NewWeights(o WeightsOptions) (*Weights, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("haproxy: %w", err)
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	w := &Weights{opts: o, mover: mover{
		log: o.Logger.Named("haproxy"), disk: folder{}, remote: o.Remote, backends: []string{o.Backend}, stateFile: o.stateFile,
		addServers: o.AddServers, checkTimeout: cmp.Or(o.CheckTimeout, 10*time.Second), bootTime: cmp.Or(o.BootTime, time.Second),
		leaving: map[string]time.Time{},
	}}
	w.admin, w.master = o.sockets()
	return w, nil
}

// grain is the least share: one server of weight 1 beside one of weight 256.
const grain = whole/(heaviest+1) + 1

// Grain is 1/257 of the traffic, some 0.39 %: what a group gets whose servers have weight 1, beside one
// of as many servers of weight 256. Shares of groups of which none has more servers than the one with
// the largest share come out nearer to what was asked than that. Where a smaller group has more servers
// its weights get too coarse, and Route says so: with n servers beside m of the heaviest weight, the
// least share is n/(n+256*m).
func (w *Weights) Grain() strategy.Share { return strategy.Millionths(grain) }

// Table is what is in effect, as the running servers show it: who they are, and which pool is which, is
// as it was recorded, as HAProxy keeps no such thing. Where nothing was routed yet there are no routes,
// whatever the servers do. The shares are those that were asked for where the weights are those that
// were found for them, and otherwise what the weights come to. A server that gets requests and that
// nobody here knows has the ID BACKEND/SERVER, and is told of stable.
func (w *Weights) Table(ctx context.Context) (rollout.Table, error) {
	if err := ctx.Err(); err != nil {
		return rollout.Table{}, err
	}
	g, err := w.look(ctx)
	if err != nil {
		return rollout.Table{}, fmt.Errorf("read HAProxy's table: %w", err)
	}
	return g.table(), nil
}

// Route puts the table into effect, and reads it back from HAProxy before it returns: see Groups.Route.
func (w *Weights) Route(ctx context.Context, t rollout.Table) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.route(ctx, t, false)
}

// route is Route; again tells that the table was in effect before. The caller holds w.mu.
func (w *Weights) route(ctx context.Context, t rollout.Table, again bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	none := func(strategy.Match) error {
		return errors.New("weights do not tell requests apart: rules need Groups")
	}
	if err := checkTable(t, none, errors.New("weights keep no client with its group: that needs Groups")); err != nil {
		return fmt.Errorf("routing table: %w", err)
	}
	t = trimmed(t)
	if err := weigh(t).near(t, w.Grain()); err != nil {
		return fmt.Errorf("routing table: %w", err)
	}
	return w.persist(ctx, t, func() (scene, error) {
		g, err := w.look(ctx)
		if err != nil {
			return g.scene, err
		}
		return g.scene, w.move(ctx, g, t, again)
	})
}

// move brings a table into effect from what was found, and proves it. What is new is recorded before it
// has an address, and all that a reload shall find is in one file before the first weight changes.
func (w *Weights) move(ctx context.Context, g glance, t rollout.Table, again bool) error {
	s := newSeats(g.scene)
	s.again = again
	for _, r := range t.Routes {
		if err := s.seat(g.scene, w.opts.Backend, r, w.opts.AddServers != ""); err != nil {
			return err
		}
	}
	s.rest(g.scene)
	known := maps.Clone(g.tenants)
	maps.Copy(known, s.tenants)
	if err := w.remember(g.record.Table, known); err != nil {
		return err
	}
	c, err := w.admit(ctx, g.scene, s)
	if err != nil {
		return err
	}
	if err := w.remember(t, s.tenants); err != nil {
		return err
	}
	if err := w.weighAll(ctx, c, s, t); err != nil {
		return err
	}
	now, err := w.look(ctx)
	switch {
	case err != nil:
		return err
	case now.pid != g.pid:
		return errReloaded
	}
	if got := now.table(); !got.Equal(t) {
		return fmt.Errorf("HAProxy took a table and does not show it: wrote %+v, read back %+v", t, got)
	}
	return nil
}

// weighAll gives all servers their weights and states: those that are to get requests first, so that
// there is always somebody.
func (w *Weights) weighAll(ctx context.Context, c scene, s seats, t rollout.Table) error {
	fates := map[place]fate{}
	weights := weigh(t).weights
	for i, r := range t.Routes {
		for p := range s.named {
			if s.tenants[p].pool == r.Pool {
				fates[p] = fate{toReady, weights[i]}
			}
		}
	}
	for _, p := range s.leaving {
		fates[p] = fate{toDrain, -1}
	}
	if err := w.keepStates(c, fates); err != nil {
		return err
	}
	return w.hold(ctx, c, func(to *session) error {
		for _, one := range c.states.servers {
			f, ok := fates[one.place]
			if !ok || f.will != toReady || one.ready() && one.uweight == f.weight {
				continue
			}
			if err := to.settle(ctx, one.place, s.tenants[one.place].addr, f, false); err != nil {
				return err
			}
		}
		if err := w.drain(ctx, to, c, s.leaving); err != nil {
			return err
		}
		return to.barrier(ctx)
	})
}

func (w *Weights) remember(t rollout.Table, tenants map[place]tenant) error {
	r := record{Format: recordFormat, Service: w.opts.Name, Table: t}
	for p, who := range tenants {
		r.Seats = append(r.Seats, seatRecord{p.server, who.id, who.addr, who.pool})
	}
	slices.SortFunc(r.Seats, func(a, b seatRecord) int { return cmp.Compare(a.Server, b.Server) })
	return writeRecord(w.disk, w.opts.recordFile(), r)
}

// InFlight counts the requests that instances work on: see Groups.InFlight.
func (w *Weights) InFlight(ctx context.Context, ids []string) (map[string]int, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	g, err := w.look(ctx)
	if err != nil {
		return nil, fmt.Errorf("count what is in flight: %w", err)
	}
	n, err := w.inFlight(ctx, g.scene, g.record, w.backends, ids)
	if err != nil {
		return nil, fmt.Errorf("count what is in flight: %w", err)
	}
	return n, nil
}

// Verify proves that a table is in effect, and its instances up: see Groups.Verify.
func (w *Weights) Verify(ctx context.Context, t rollout.Table) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g, err := w.look(ctx)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if got, want := g.table(), trimmed(t); !got.Equal(want) {
		return fmt.Errorf("verify: HAProxy shows %q, not %q", got, want)
	}
	return g.verify()
}

// Reapply puts the table that was routed last into effect: see Groups.Reapply.
func (w *Weights) Reapply(ctx context.Context) error {
	return w.reapply(ctx, w.opts.recordFile(), w.opts.Name, w.Table, w.route)
}

// Keep reapplies the table when HAProxy has started anew: see Groups.Keep.
func (w *Weights) Keep(ctx context.Context, interval time.Duration) error {
	return w.keep(ctx, interval, func(ctx context.Context) (scene, error) {
		g, err := w.look(ctx)
		return g.scene, err
	}, w.Reapply)
}
