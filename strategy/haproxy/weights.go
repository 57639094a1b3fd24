package haproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// WeightsOptions set up a Weights. Endpoint.Socket, Name, Dir and Backend are required.
type WeightsOptions struct {
	Endpoint

	// Name is the name of the service: letters, digits and underscores.
	Name string
	// Dir is the folder of the files which both HAProxy, when it starts, and the router use: an
	// absolute path, the same for both.
	//
	//	NAME.BACKEND.servers  addresses, weights and states of the servers
	//	NAME.json             what was routed last, and who is at which server
	Dir string
	// Remote tells that HAProxy runs on another machine: as in GroupsOptions.
	Remote bool
	// Backend is the backend whose servers the traffic is split between. It must balance by roundrobin
	// or random: nothing else follows weights closely.
	Backend string
	// AddServers lets the router add servers at run time: as in GroupsOptions.
	AddServers string
	// Ring is the ring that requests are logged to, for a Source. Empty: there is none, and a Source
	// can count only.
	Ring string
	// CheckTimeout and BootTime are as in GroupsOptions.
	CheckTimeout, BootTime time.Duration
	// Logger gets changes at info, surprises at warn. Nil: nothing is logged.
	Logger hclog.Logger
}

// Validate reports every option that makes no sense.
func (o WeightsOptions) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) {
		errs = multierror.Append(errs, fmt.Errorf("WeightsOptions."+format, args...))
	}
	o.Endpoint.check(bad)
	checkNameAndDir(o.Name, o.Dir, bad)
	if !proxyName.MatchString(o.Backend) {
		bad("Backend: %q is not the name of a backend", o.Backend)
	}
	if strings.ContainsAny(o.AddServers, ";\n\r") {
		bad("AddServers: it has more than one command")
	}
	if o.Ring != "" && !proxyName.MatchString(o.Ring) {
		bad("Ring: %q is not the name of a ring", o.Ring)
	}
	if o.CheckTimeout < 0 {
		bad("CheckTimeout: %s is below zero", o.CheckTimeout)
	}
	if o.BootTime < 0 {
		bad("BootTime: %s is below zero", o.BootTime)
	}
	return errs.ErrorOrNil()
}

func (o WeightsOptions) recordFile() string { return o.Dir + "/" + o.Name + ".json" }
func (o WeightsOptions) stateFile(backend string) string {
	return o.Dir + "/" + o.Name + "." + backend + ".servers"
}

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

// glance is a scene with what was recorded.
type glance struct {
	scene
	record record
}

func (w *Weights) look(ctx context.Context) (glance, error) {
	p, states, _, err := w.survey(ctx)
	if err != nil {
		return glance{}, err
	}
	g := glance{scene: scene{process: p, states: states, tenants: map[place]tenant{}}}
	g.record, err = readRecord(w.disk, w.opts.recordFile(), w.opts.Name)
	if err != nil && !errors.Is(err, ErrNoRecord) {
		return g, err
	}
	for _, s := range g.record.Seats {
		g.tenants[place{w.opts.Backend, s.Server}] = tenant{s.ID, s.Addr, s.Pool}
	}
	return g, nil
}

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

// table is what a glance shows.
func (g glance) table() rollout.Table {
	asked := trimmed(g.record.Table)
	t := rollout.Table{Routes: g.routes(asked)}
	counts := make([]int, len(t.Routes))
	for _, s := range g.states.servers {
		if !s.ready() || s.addr == "" || len(t.Routes) == 0 {
			continue
		}
		who, known := g.tenants[s.place]
		i := slices.IndexFunc(t.Routes, func(r rollout.Route) bool { return known && who.at(s) && r.Pool == who.pool })
		i = max(i, 0) // nobody known
		t.Routes[i].Backends = append(t.Routes[i].Backends, g.backend(s))
		counts[i] += s.uweight
	}
	shares := parts(counts)
	for i := range t.Routes {
		r := &t.Routes[i]
		slices.SortFunc(r.Backends, func(a, b rollout.Backend) int { return cmp.Compare(a.ID, b.ID) })
		r.Share = strategy.Millionths(shares[i])
	}
	if g.asWeighed(asked, t) {
		return asked
	}
	t.Routes = slices.DeleteFunc(t.Routes, func(r rollout.Route) bool { return len(r.Backends) == 0 })
	return t
}

// routes are those of a table with nobody behind them; where there are none, those of the pools whose
// instances get requests all the same.
func (g glance) routes(asked rollout.Table) []rollout.Route {
	var routes []rollout.Route
	for _, r := range asked.Routes {
		routes = append(routes, rollout.Route{Role: r.Role, Traffic: rollout.Traffic{Pool: r.Pool}})
	}
	if len(routes) > 0 {
		return routes
	}
	for _, s := range g.states.servers {
		who, ok := g.tenants[s.place]
		if !ok || !who.at(s) || !s.ready() || slices.ContainsFunc(routes, func(r rollout.Route) bool { return r.Pool == who.pool }) {
			continue
		}
		if len(routes) < len(told) {
			routes = append(routes, rollout.Route{Role: told[len(routes)], Traffic: rollout.Traffic{Pool: who.pool}})
		}
	}
	return routes
}

// asWeighed reports whether the servers that are ready are those of a table, with the weights that were
// found for it.
func (g glance) asWeighed(asked, shown rollout.Table) bool {
	if len(asked.Routes) == 0 {
		return false
	}
	weights := weigh(asked).weights
	for i, r := range asked.Routes {
		if !slices.Equal(r.Backends, shown.Routes[i].Backends) {
			return false
		}
		for _, s := range g.states.servers {
			if who, ok := g.tenants[s.place]; ok && s.ready() && who.at(s) && who.pool == r.Pool && s.uweight != weights[i] {
				return false
			}
		}
	}
	return true
}

// Route puts the table into effect, and reads it back from HAProxy before it returns: see Groups.Route.
func (w *Weights) Route(ctx context.Context, t rollout.Table) error {
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
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.persist(ctx, t, func() (scene, error) {
		g, err := w.look(ctx)
		if err != nil {
			return g.scene, err
		}
		return g.scene, w.move(ctx, g, t)
	})
}

// move brings a table into effect from what was found, and proves it. What is new is recorded before it
// has an address, and all that a reload shall find is in one file before the first weight changes.
func (w *Weights) move(ctx context.Context, g glance, t rollout.Table) error {
	s := newSeats(g.scene)
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
	return reapply(ctx, w, w.disk, w.opts.recordFile(), w.opts.Name)
}

// Keep reapplies the table when HAProxy has started anew: see Groups.Keep.
func (w *Weights) Keep(ctx context.Context, interval time.Duration) error {
	return w.keep(ctx, interval, func(ctx context.Context) (scene, error) {
		g, err := w.look(ctx)
		return g.scene, err
	}, w.Reapply)
}
