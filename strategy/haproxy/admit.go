package haproxy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

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
