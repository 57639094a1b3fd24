package haproxy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
// Some things a running HAProxy does not tell. Whether it reads the state files when it starts is looked
// up in its configuration files, where they can be read from here; whether it logs in the format of
// LogFormat a Source finds out, which compares the log with HAProxy's counters.
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
	if err := g.checkMap(ctx, &l, c.Frontend); err != nil {
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
	if err := g.checkRing(ctx, &l, o.Ring, c.Ring+"# and in the frontend\n"+c.Log); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	g.checkFiles(&l, append(g.stateFiles(), o.mapFile())...)
	if err := g.checkStateLoading(ctx, &l); err != nil {
		return fmt.Errorf("check: %w", err)
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
	if err := w.checkAlgorithm(ctx, &l); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if w.opts.Ring != "" {
		if err := w.checkRing(ctx, &l, w.opts.Ring, ringSection(w.opts.Ring, 4<<20)+"# and in the frontend\n"+logLines(w.opts.Ring, w.opts.LogFormat())); err != nil {
			return fmt.Errorf("check: %w", err)
		}
	}
	w.checkFiles(&l, w.stateFiles()...)
	if err := w.checkStateLoading(ctx, &l); err != nil {
		return fmt.Errorf("check: %w", err)
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
func (g *Groups) checkMap(ctx context.Context, l *lacks, frontend string) error {
	answers, err := g.admin.ask(ctx, "show map")
	if err != nil {
		return err
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
	}
	return nil
}

// checkBackend counts the servers of a backend; they are -1 where there is no such backend.
func (m *mover) checkBackend(ctx context.Context, l *lacks, backend, section string) (servers int, err error) {
	command := "show servers state " + backend
	answers, err := m.admin.ask(ctx, command)
	if err != nil {
		return 0, err
	}
	s, err := parseServers(answers[0])
	if err != nil {
		if err = refused(command, answers[0], err); !isNoBackend(err) {
			return 0, err
		}
		l.add(section, "there is no backend %s", backend)
		return -1, nil
	}
	return len(s.servers), nil
}

// checkAlgorithm looks whether shares can follow weights.
func (w *Weights) checkAlgorithm(ctx context.Context, l *lacks) error {
	answers, err := w.admin.ask(ctx, "show stat")
	if err != nil {
		return err
	}
	stats, err := parseStat(answers[0])
	if err != nil {
		return refused("show stat", answers[0], err)
	}
	for _, s := range stats {
		if s.place == (place{w.opts.Backend, backendRow}) && s.algorithm != "roundrobin" && s.algorithm != "random" {
			l.add("in backend "+w.opts.Backend+": balance roundrobin", "the backend %s balances by %s, which does not give shares by weights", w.opts.Backend, s.algorithm)
		}
	}
	return nil
}

func (m *mover) checkRing(ctx context.Context, l *lacks, ring, mend string) error {
	answers, err := m.admin.ask(ctx, "show events")
	if err != nil {
		return err
	}
	for line := range strings.SplitSeq(answers[0], "\n") {
		if name, kind, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == ring && strings.Contains(kind, "type=buffer") {
			return nil
		}
	}
	l.add(mend, "there is no ring %s: a Source has nothing to read", ring)
	return nil
}

func (m *mover) stateFiles() []string {
	var files []string
	for _, b := range m.backends {
		files = append(files, m.stateFile(b))
	}
	return files
}

// checkFiles looks whether the files are there and may be written.
func (m *mover) checkFiles(l *lacks, files ...string) {
	if m.remote {
		return
	}
	for _, file := range files {
		if _, err := m.disk.Read(file); errors.Is(err, fs.ErrNotExist) {
			l.add("CreateFiles, before HAProxy starts", "the file %s is missing", file)
		} else if err != nil {
			l.add("let this program's user read it", "the file %s cannot be read: %v", file, err)
		}
	}
	dir := filepath.Dir(files[0])
	probe, err := os.CreateTemp(dir, ".davit-check.*")
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		l.add("let this program's user write into it, or set Remote", "no file can be written in %s: %v", dir, err)
	}
}

// checkStateLoading looks into HAProxy's configuration files, where they can be read from here, for the
// state files: a running HAProxy does not tell where it reads states from.
func (m *mover) checkStateLoading(ctx context.Context, l *lacks) error {
	if m.remote {
		return nil
	}
	answers, err := m.admin.ask(ctx, "show env HAPROXY_CFGFILES", "show env PWD")
	if err != nil {
		return err
	}
	_, names, _ := strings.Cut(answers[0], "=")
	_, dir, _ := strings.Cut(answers[1], "=")
	var text strings.Builder
	for name := range strings.SplitSeq(names, ";") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		data, err := m.disk.Read(name)
		if err != nil {
			return nil // it cannot be told from here
		}
		text.Write(data)
	}
	var words []string
	for line := range strings.Lines(text.String()) {
		line, _, _ = strings.Cut(line, "#")
		words = append(words, strings.Fields(line)...)
	}
	for _, b := range m.backends {
		if file := m.stateFile(b); !slices.Contains(words, file) {
			l.add(fmt.Sprintf("in backend %s:\n    load-server-state-from-file local\n    server-state-file-name %s", b, file),
				"the configuration does not read %s: a reload will bring back the servers of %s as they are configured", file, b)
		}
	}
	return nil
}
