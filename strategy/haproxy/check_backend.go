package haproxy

import (
	"context"
	"slices"
)

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

// checkTraits looks at what each backend is set up to do: balances are the algorithms that will do, none where all
// will.
func (m *mover) checkTraits(ctx context.Context, l *lacks, balances ...string) error {
	answers, err := m.admin.ask(ctx, "show stat")
	if err != nil {
		return err
	}
	stats, err := parseStat(answers[0])
	if err != nil {
		return refused("show stat", answers[0], err)
	}
	for _, s := range stats {
		b := s.backend
		if !slices.Contains(m.backends, b) || s.server == frontendRow {
			continue
		}
		if s.server != backendRow {
			if s.backup {
				l.add("put it into a backend of its own, and in the frontend, behind the rest: use_backend OTHER if { nbsrv("+b+") eq 0 }",
					"the server %s is a backup: the router takes every server of its backends for its own, and puts this one out of service", s.place)
			}
			continue
		}
		if len(balances) > 0 && !slices.Contains(balances, s.algorithm) {
			l.add("in backend "+b+": balance roundrobin", "the backend %s balances by %s, which does not give shares by weights", b, s.algorithm)
		}
		if s.mode == tcpMode {
			l.add("in backend "+b+", and in the frontend: mode http", "the backend %s is in mode tcp: requests are neither told apart nor counted", b)
		}
		if s.cookie != "" {
			l.add("in backend "+b+": take out the line with cookie "+s.cookie, "the backend %s keeps clients with a server by the cookie %s: they follow no share, and do not leave a server that drains", b, s.cookie)
		}
	}
	return nil
}
