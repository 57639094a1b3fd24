package haproxy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/strategy"
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
		late := time.Now().After(deadline)
		waiting, err := s.awaits(now, proved, late)
		switch {
		case err != nil:
			return now, err
		case waiting == "":
			return now, nil
		case late:
			return now, fmt.Errorf("%s has not passed a health check of HAProxy: %s", waiting, m.lastChecks(ctx, s.joining))
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return now, fmt.Errorf("%s has not passed a health check of HAProxy yet: %w", waiting, err)
		}
	}
}

// awaits tells the first of the servers that join which has not passed a check yet. A table that is only brought back
// does not wait for those that have failed one, or for any when it is late, where another one of their pool serves:
// HAProxy knows that they are down, and what was well before must not stay dark for them.
func (s seats) awaits(now scene, proved map[place]bool, late bool) (string, error) {
	serves := map[strategy.Pool]bool{}
	for p := range s.named {
		one, ok := now.states.find(p)
		if joins := slices.Contains(s.joining, p); joins {
			who := s.tenants[p]
			switch {
			case !ok:
				return "", fmt.Errorf("%s (%s) is no server any more", p, who.id)
			case !who.at(one):
				return "", fmt.Errorf("%s was given the address %s for %s and shows %q", p, who.addr, who.id, one.addr)
			}
			proved[p] = one.passed() || proved[p] && one.up()
			serves[who.pool] = serves[who.pool] || proved[p]
		} else if ok && one.up() {
			serves[s.tenants[p].pool] = true
		}
	}
	for _, p := range s.joining {
		who := s.tenants[p]
		one, _ := now.states.find(p)
		if proved[p] || s.again && serves[who.pool] && (late || one.checkResult == resultFail) {
			continue
		}
		return fmt.Sprintf("%s (%s at %s)", p, who.id, who.addr), nil
	}
	return "", nil
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
