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
