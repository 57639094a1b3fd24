package haproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Groups is a rollout.Router over a frontend that chooses one of a few backends for each request, by a
// map which is replaced as a whole: by share, to the millionth, by rules on headers and cookies, and by
// a cookie that keeps a client with its group. See the package comment for how, and Configuration for
// what HAProxy must be given.
type Groups struct {
	opts          GroupsOptions
	log           hclog.Logger
	admin, master socket
	disk          disk

	mu      sync.Mutex
	leaving map[string]time.Time // since when an instance is out of the table, by ID
	pid     int                  // of the process that was moved last
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
	g := &Groups{opts: o, log: o.Logger.Named("haproxy"), disk: folder{}, leaving: map[string]time.Time{}}
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

// view is what a running HAProxy says of itself.
type view struct {
	process
	entries []entry
	layout  layout
	broken  error // why the map makes no sense
	states  serverStates
}

// look reads what is in effect.
func (g *Groups) look(ctx context.Context) (view, error) {
	commands := []string{"show info", "show map " + g.opts.mapFile()}
	for _, b := range g.opts.Backends {
		commands = append(commands, "show servers state "+b)
	}
	answers, err := g.admin.ask(ctx, commands...)
	if err != nil {
		return view{}, err
	}
	var v view
	if v.process, err = parseInfo(answers[0]); err != nil {
		return v, refused(commands[0], answers[0], err)
	}
	if err := v.supported(); err != nil {
		return v, rollout.Permanent(err)
	}
	if v.entries, err = parseEntries(answers[1]); err != nil {
		return v, refused(commands[1], answers[1], err)
	}
	for i, answer := range answers[2:] {
		s, err := parseServers(answer)
		if err != nil {
			return v, refused(commands[2+i], answer, err)
		}
		if i > 0 && s.header != v.states.header {
			return v, fmt.Errorf("%s: its columns are not those of %s", commands[2+i], commands[2])
		}
		s.servers = append(v.states.servers, s.servers...)
		v.states = s
	}
	v.layout, v.broken = readLayout(v.entries)
	if v.broken != nil {
		v.layout = emptyLayout()
	}
	return v, nil
}

// refused tells a refusal, which is one line, from an answer that cannot be read.
func refused(command, answer string, err error) error {
	if first, rest, _ := strings.Cut(answer, "\n"); rest == "" || strings.HasPrefix(first, "Unknown command") || strings.HasPrefix(first, "Permission denied") {
		return &CommandError{command, answer}
	}
	return err
}

// Table is what is in effect: the split and the rules as the running map has them, and of each group
// the servers that HAProxy sends requests to, as far as their health allows. A server that gets
// requests and that nobody here knows has the ID BACKEND/SERVER.
func (g *Groups) Table(ctx context.Context) (rollout.Table, error) {
	if err := ctx.Err(); err != nil {
		return rollout.Table{}, err
	}
	v, err := g.look(ctx)
	if err != nil {
		return rollout.Table{}, fmt.Errorf("read HAProxy's table: %w", err)
	}
	if v.broken != nil {
		return rollout.Table{}, fmt.Errorf("read HAProxy's table: %w (somebody else has written it; Reapply writes it anew)", v.broken)
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
				r.Backends = append(r.Backends, v.layout.backend(s))
			}
		}
		slices.SortFunc(r.Backends, func(a, b rollout.Backend) int { return cmp.Compare(a.ID, b.ID) })
		t.Routes = append(t.Routes, r)
	}
	return t
}

// backend is who is at a server.
func (l layout) backend(s server) rollout.Backend {
	if t, ok := l.tenants[s.place]; ok && t.at(s) {
		return rollout.Backend{ID: t.id, Addr: t.addr}
	}
	return rollout.Backend{ID: s.place.String(), Addr: s.addr}
}

// at reports whether the tenant is really there.
func (t tenant) at(s server) bool {
	a, err := canonical(t.addr)
	return err == nil && a.String() == s.addr
}
