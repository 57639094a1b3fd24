package haproxy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// mover is what both routers do with servers: it gives them addresses, has them checked, makes them
// ready, drains them and puts them out of service, and keeps the files from which a reload brings all of
// that back.
type mover struct {
	log           hclog.Logger
	admin, master socket
	disk          disk
	remote        bool // HAProxy's files are on another machine
	backends      []string
	stateFile     func(backend string) string
	addServers    string
	checkTimeout  time.Duration
	bootTime      time.Duration
	// apart tells that who gets requests lies in another file than the states: HAProxy reads the two
	// at different times when it starts.
	apart bool

	mu      sync.Mutex
	leaving map[string]time.Time // since when an instance is out of the table, by ID
	seen    map[place]tenant     // who was at the servers when Groups looked last
}

// errReloaded says that the process behind the socket is another one than before.
var errReloaded = errors.New("HAProxy was reloaded")

// fate is what a server is to become.
type fate struct {
	will   will
	weight int // of 256; below zero: as it is configured
}

type will string

const (
	toReady will = "ready"
	toDrain will = "drain"
	toMaint will = "maint"
)

// survey asks for the process and its servers, and for further commands' answers, on one connection.
func (m *mover) survey(ctx context.Context, further ...string) (process, serverStates, []string, error) {
	commands := []string{"show info"}
	for _, b := range m.backends {
		commands = append(commands, "show servers state "+b)
	}
	commands = append(commands, further...)
	answers, err := m.admin.ask(ctx, commands...)
	if err != nil {
		return process{}, serverStates{}, nil, err
	}
	p, err := parseInfo(answers[0])
	if err != nil {
		return p, serverStates{}, nil, refused(commands[0], answers[0], err)
	}
	if err := p.supported(); err != nil {
		return p, serverStates{}, nil, err
	}
	var all serverStates
	for i := range m.backends {
		s, err := parseServers(answers[1+i])
		if err != nil {
			return p, s, nil, refused(commands[1+i], answers[1+i], err)
		}
		if i > 0 && s.header != all.header {
			return p, s, nil, fmt.Errorf("%s: its columns are not those of %s", commands[1+i], commands[1])
		}
		s.servers = append(all.servers, s.servers...)
		all = s
	}
	return p, all, answers[1+len(m.backends):], nil
}

// surveyAgain is survey of the process that is known.
func (m *mover) surveyAgain(ctx context.Context, c scene) (scene, error) {
	p, states, _, err := m.survey(ctx)
	if err == nil && p.pid != c.pid {
		err = errReloaded
	}
	return scene{p, states, c.tenants}, err
}

// refused tells a refusal, which is one line, from an answer that cannot be read.
func refused(command, answer string, err error) error {
	first, rest, _ := strings.Cut(answer, "\n")
	if rest == "" || strings.HasPrefix(first, "Unknown command") || strings.HasPrefix(first, "Permission denied") {
		return &CommandError{command, answer}
	}
	return err
}

// admit gives the servers that join their addresses, and waits until they have passed a check: they
// drain meanwhile, which HAProxy checks them in, and sends them nothing.
func (m *mover) admit(ctx context.Context, c scene, s seats) (scene, error) {
	for _, p := range s.add {
		if err := m.add(ctx, p, s.tenants[p]); err != nil {
			return c, err
		}
	}
	err := m.hold(ctx, c, func(to *session) error {
		for _, p := range s.joining {
			if one, ok := c.states.find(p); !ok || one.maint() {
				if err := to.settle(ctx, p, s.tenants[p].addr, fate{toDrain, -1}, ok && one.tested()); err != nil {
					return err
				}
			}
			delete(m.leaving, s.tenants[p].id)
		}
		return nil
	})
	if err != nil {
		return c, err
	}
	return m.passed(ctx, c, s)
}

// add adds a server at run time.
func (m *mover) add(ctx context.Context, p place, who tenant) error {
	a, err := canonical(who.addr)
	if err != nil {
		return err
	}
	command := fmt.Sprintf("add server %s %s %s", p, a, m.addServers)
	answers, err := m.admin.ask(ctx, command)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(answers[0], "New server registered") {
		return &CommandError{command, answers[0]}
	}
	if slices.Contains(strings.Fields(m.addServers), "check") {
		return m.admin.do(ctx, "enable health "+p.String())
	}
	return nil
}

// passed waits until the servers that join have their addresses and have passed a check.
func (m *mover) passed(ctx context.Context, c scene, s seats) (scene, error) {
	deadline := time.Now().Add(m.checkTimeout)
	proved := map[place]bool{} // while a check is under way HAProxy does not show what the last one found
	for {
		now, err := m.surveyAgain(ctx, c)
		if err != nil {
			return now, err
		}
		waiting := ""
		for _, p := range s.joining {
			who := s.tenants[p]
			one, ok := now.states.find(p)
			proved[p] = one.passed() || proved[p] && one.up()
			switch {
			case !ok:
				return now, fmt.Errorf("%s (%s) is no server any more", p, who.id)
			case !who.at(one):
				return now, fmt.Errorf("%s was given the address %s for %s and shows %q", p, who.addr, who.id, one.addr)
			case !proved[p] && waiting == "":
				waiting = fmt.Sprintf("%s (%s at %s)", p, who.id, who.addr)
			}
		}
		if waiting == "" {
			return now, nil
		}
		if time.Now().After(deadline) {
			return now, fmt.Errorf("%s has not passed a health check of HAProxy: %s", waiting, m.lastChecks(ctx, s.joining))
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return now, fmt.Errorf("%s has not passed a health check of HAProxy yet: %w", waiting, err)
		}
	}
}

// lastChecks says what the checks of servers found.
func (m *mover) lastChecks(ctx context.Context, places []place) string {
	answers, err := m.admin.ask(ctx, "show stat")
	if err != nil {
		return err.Error()
	}
	stats, err := parseStat(answers[0])
	if err != nil {
		return err.Error()
	}
	var found []string
	for _, s := range stats {
		if slices.Contains(places, s.place) {
			found = append(found, strings.TrimSpace(s.place.String()+" "+s.checked+" "+s.lastCheck))
		}
	}
	return strings.Join(found, ", ")
}

// keepStates writes the state files, with servers as they are to become.
//
// A server that has left lately is written down as ready, where the table lies in another file: a
// process that starts may have read the table from before, and reads this file later. It must find the
// servers of that table.
func (m *mover) keepStates(c scene, fates map[place]fate) error {
	fates = maps.Clone(fates)
	if fates == nil {
		fates = map[place]fate{}
	}
	now := time.Now()
	for _, s := range c.states.servers {
		if since, left := m.leaving[c.name(s.place)]; m.apart && left && now.Sub(since) < m.bootTime && s.draining() {
			if _, decided := fates[s.place]; !decided {
				fates[s.place] = fate{toReady, -1}
			}
		}
	}
	for _, b := range m.backends {
		if err := m.write(m.stateFile(b), stateText(c.states, b, fates)); err != nil {
			return err
		}
	}
	return nil
}

// write writes a file of HAProxy's, unless it says the same already.
func (m *mover) write(path string, data []byte) error {
	if m.remote {
		return nil
	}
	if old, err := m.disk.Read(path); err == nil && slices.Equal(old, data) {
		return nil
	}
	if err := m.disk.Write(path, data); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// drain makes servers get no more requests.
func (m *mover) drain(ctx context.Context, to *session, c scene, leaving []place) error {
	now := time.Now()
	for _, p := range leaving {
		m.leaving[c.name(p)] = now // also where it is drained and the answer is lost
		if err := to.do(ctx, fmt.Sprintf("set server %s state drain", p)); err != nil {
			return err
		}
	}
	return nil
}

// barrier waits until each thread of HAProxy has done with the request that it is at: whoever was
// chosen for one before is counted as busy after it. The command does nothing else.
func (s *session) barrier(ctx context.Context) error {
	_, err := s.ask(ctx, "show fd 0")
	return err
}

// pause waits, or tells that the context is over.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
