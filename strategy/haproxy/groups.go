package haproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Groups is a rollout.Router over a frontend that chooses one of a few backends for each request, by a
// map which is replaced as a whole: by share, to the millionth, by rules on headers and cookies, and by
// a cookie that keeps a client with its group. See the package comment for how, and Configuration for
// what HAProxy must be given.
type Groups struct {
	opts GroupsOptions
	mover
}

var (
	_ rollout.Router   = (*Groups)(nil)
	_ rollout.Matcher  = (*Groups)(nil)
	_ rollout.Sticker  = (*Groups)(nil)
	_ rollout.Drainer  = (*Groups)(nil)
	_ rollout.Verifier = (*Groups)(nil)
)

// NewGroups makes a router. It speaks to HAProxy at the first call of a method; Check tells whether
// HAProxy is ready for it.
func NewGroups(o GroupsOptions) (*Groups, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("haproxy: %w", err)
	}
	o = o.withDefaults()
	g := &Groups{opts: o, mover: mover{
		log: o.Logger.Named("haproxy"), disk: folder{}, remote: o.Remote, backends: o.Backends, stateFile: o.stateFile,
		addServers: o.AddServers, checkTimeout: o.CheckTimeout, bootTime: o.BootTime, apart: true, leaving: map[string]time.Time{}, seen: map[place]tenant{},
	}}
	g.admin, g.master = o.sockets()
	return g, nil
}

// Matches reports whether the configuration can tell requests by that rule: its header or cookie must
// be one of GroupsOptions.
func (g *Groups) Matches(m strategy.Match) error {
	switch {
	case (m.Header == "") == (m.Cookie == ""):
		return errors.New("a match wants exactly one of Header and Cookie")
	case len(m.Value) > maxName:
		return fmt.Errorf("the value of %d bytes is longer than the %d that a line of a map holds", len(m.Value), maxName)
	case m.Value != strings.Trim(m.Value, " \t") || strings.ContainsFunc(m.Value, isControl):
		return fmt.Errorf("no header or cookie can have the value %q", m.Value)
	case m.Header != "":
		if !slices.ContainsFunc(g.opts.Headers, func(h string) bool { return strings.EqualFold(h, m.Header) }) {
			return fmt.Errorf("the configuration does not look at the header %s: name it in GroupsOptions.Headers, and add the lines that Configuration then has", m.Header)
		}
	case !slices.Contains(g.opts.Cookies, m.Cookie):
		return fmt.Errorf("the configuration does not look at the cookie %s: name it in GroupsOptions.Cookies, and add the lines that Configuration then has", m.Cookie)
	}
	return nil
}

func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }

// Sticks reports that clients can be kept with their group.
func (g *Groups) Sticks() error { return nil }

// view is a scene with the map that HAProxy has.
type view struct {
	scene
	entries []entry
	layout  layout
	broken  error // why the map makes no sense
}

// look reads what is in effect.
func (g *Groups) look(ctx context.Context) (view, error) {
	command := "show map " + g.opts.mapFile()
	p, states, answers, err := g.survey(ctx, command)
	if err != nil {
		return view{}, err
	}
	v := view{scene: scene{process: p, states: states}}
	if v.entries, err = parseEntries(answers[0]); err != nil {
		return v, refused(command, answers[0], err)
	}
	v.layout, v.broken = readLayout(v.entries)
	if v.broken != nil {
		v.layout = emptyLayout()
	}
	v.tenants = v.layout.tenants
	return v, nil
}

// Table is what is in effect: the split and the rules as the running map has them, and of each group
// the servers that HAProxy sends requests to, as far as their health allows. A server that gets
// requests and that nobody here knows has the ID BACKEND/SERVER. A map that makes no sense, because
// somebody else has written it, is no table, and is logged.
func (g *Groups) Table(ctx context.Context) (rollout.Table, error) {
	if err := ctx.Err(); err != nil {
		return rollout.Table{}, err
	}
	v, err := g.look(ctx)
	if err != nil {
		return rollout.Table{}, fmt.Errorf("read HAProxy's table: %w", err)
	}
	if v.broken != nil {
		g.log.Error("somebody else has written HAProxy's map, and it makes no sense: it counts as none", "map", g.opts.mapFile(), "error", v.broken)
	}
	return v.table(), nil
}

// told are the roles in the order in which a table tells its routes.
var told = [3]strategy.Role{strategy.Stable, strategy.Baseline, strategy.Candidate}

// table is what a view shows.
func (v view) table() rollout.Table {
	t := rollout.Table{Sticky: v.layout.sticky && len(v.layout.slot) > 0}
	for _, role := range told {
		slot, ok := v.layout.slot[role]
		if !ok {
			continue
		}
		r := rollout.Route{Role: role, Traffic: rollout.Traffic{Pool: v.layout.pool[slot], Share: v.layout.share[role]}}
		for _, rule := range v.layout.rules {
			if rule.role == role {
				r.Match = append(r.Match, rule.Match)
			}
		}
		for _, s := range v.states.of(slot) {
			if s.ready() && s.addr != "" {
				r.Backends = append(r.Backends, v.backend(s))
			}
		}
		slices.SortFunc(r.Backends, func(a, b rollout.Backend) int { return cmp.Compare(a.ID, b.ID) })
		t.Routes = append(t.Routes, r)
	}
	return t
}
