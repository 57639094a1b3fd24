package haproxy

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/go-multierror"
)

// Lack is something that the running configuration of HAProxy lacks, or has otherwise than it must be.
type Lack struct {
	// What says what is wrong.
	What string
	// Mend is what to write into the configuration, or to do.
	Mend string
}

func (l *Lack) Error() string { return l.What + "; mend it by: " + l.Mend }

// lacks collects what is wrong.
type lacks struct{ errs *multierror.Error }

func (l *lacks) add(mend, what string, args ...any) {
	l.errs = multierror.Append(l.errs, &Lack{fmt.Sprintf(what, args...), mend})
}

// Check asks a running HAProxy whether it has everything that Configuration says, and looks at the
// files. It changes nothing. The error holds all that is wrong, each a *Lack with what mends it; where
// HAProxy cannot be asked it is that alone.
//
// Some things a running HAProxy does not tell: whether it reads the state files when it starts, whether all
// lines of the frontend are there and in their place, whether it logs in the format of LogFormat. They are
// looked up in its configuration files, where those can be read from here, line by line. A Source finds out
// about the log in any case: it compares it with HAProxy's counters.
func (g *Groups) Check(ctx context.Context) error {
	o := g.opts
	c, err := o.Configuration()
	if err != nil {
		return err
	}
	var l lacks
	if err := g.checkProcess(ctx, &l, c.Global); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	looksUp, err := g.checkMap(ctx, &l, c.Frontend)
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	for _, b := range o.Backends {
		servers, err := g.checkBackend(ctx, &l, b, o.backendSection(b))
		if err != nil {
			return fmt.Errorf("check: %w", err)
		}
		if servers >= 0 && servers < o.Servers && o.AddServers == "" {
			l.add(fmt.Sprintf("in backend %s: server-template s 1-%d 127.0.0.1:1 disabled", b, o.Servers),
				"the backend %s has %d servers, GroupsOptions.Servers are %d", b, servers, o.Servers)
		}
	}
	if err := g.checkTraits(ctx, &l); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	logs, err := g.checkRing(ctx, &l, o.Ring, c.Ring+"# and in the frontend\n"+c.Log)
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	g.checkFiles(&l, append(g.stateFiles(), o.mapFile())...)
	text, err := g.written(ctx)
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	g.checkStateLoading(&l, text)
	if looksUp {
		checkLines(&l, text, c.Frontend)
	}
	if logs {
		checkLog(&l, text, c.Log, o.LogFormat())
	}
	return l.errs.ErrorOrNil()
}

// Check asks a running HAProxy whether it has what the router needs: see Groups.Check.
func (w *Weights) Check(ctx context.Context) error {
	var l lacks
	if err := w.checkProcess(ctx, &l, globalLines(w.opts.Socket)); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if _, err := w.checkBackend(ctx, &l, w.opts.Backend, w.opts.backendSection()); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if err := w.checkTraits(ctx, &l, "roundrobin", "random"); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	logs, lines := false, logLines(w.opts.Ring, w.opts.LogFormat())
	if w.opts.Ring != "" {
		var err error
		if logs, err = w.checkRing(ctx, &l, w.opts.Ring, ringSection(w.opts.Ring, 4<<20)+"# and in the frontend\n"+lines); err != nil {
			return fmt.Errorf("check: %w", err)
		}
	}
	w.checkFiles(&l, w.stateFiles()...)
	text, err := w.written(ctx)
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	w.checkStateLoading(&l, text)
	checkLines(&l, text, reloadLines)
	if logs {
		checkLog(&l, text, lines, w.opts.LogFormat())
	}
	return l.errs.ErrorOrNil()
}

// checkProcess looks at the version, the rights and the master.
func (m *mover) checkProcess(ctx context.Context, l *lacks, global string) error {
	answers, err := m.admin.ask(ctx, "show info", "show cli level")
	if err != nil {
		return err
	}
	p, err := parseInfo(answers[0])
	if err != nil {
		return refused("show info", answers[0], err)
	}
	if err := p.supported(); err != nil {
		l.add("HAProxy "+oldest.String()+" or later", "%v", err)
	}
	if level := strings.TrimSpace(answers[1]); level != "admin" {
		l.add("in global:\n"+global, "the socket %s is of level %q, not admin", m.admin.addr, level)
	}
	if m.master.addr == "" {
		return nil
	}
	if answers, err := m.master.ask(ctx, "show proc"); err != nil {
		l.add("haproxy -W -S "+m.master.addr, "the master's socket does not answer: %v", err)
	} else if _, err := parseFormer(answers[0]); err != nil {
		l.add("haproxy -W -S "+m.master.addr, "%s is no master's socket: %v", m.master.addr, refused("show proc", answers[0], err))
	}
	return nil
}

var mapUse = regexp.MustCompile(`by map at file '[^']*' line [0-9]+`)

// checkMap looks whether the frontend's lines look up the map.
func (g *Groups) checkMap(ctx context.Context, l *lacks, frontend string) (ok bool, err error) {
	answers, err := g.admin.ask(ctx, "show map")
	if err != nil {
		return false, err
	}
	file := g.opts.mapFile()
	found, uses := false, 0
	for line := range strings.SplitSeq(answers[0], "\n") {
		if strings.Contains(line, "("+file+")") {
			found = true
			uses += len(mapUse.FindAllString(line, -1))
		}
	}
	want := strings.Count(frontend, ",map("+file)
	switch {
	case !found:
		l.add("in the frontend:\n"+frontend, "the map %s is not used by the running configuration", file)
	case uses < want:
		l.add("in the frontend:\n"+frontend, "the running configuration looks at the map %s in %d places, not in %d: some lines are missing", file, uses, want)
	default:
		return true, nil
	}
	return false, nil
}

func (m *mover) checkRing(ctx context.Context, l *lacks, ring, mend string) (ok bool, err error) {
	answers, err := m.admin.ask(ctx, "show events")
	if err != nil {
		return false, err
	}
	for line := range strings.SplitSeq(answers[0], "\n") {
		if name, kind, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == ring && strings.Contains(kind, "type=buffer") {
			return true, nil
		}
	}
	l.add(mend, "there is no ring %s: a Source has nothing to read", ring)
	return false, nil
}
