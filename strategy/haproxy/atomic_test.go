package haproxy_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// decide is the backend of a request; a map is put in place of the one that it began with before one
// of the lines.
func (w *world) decide(r simRequest, line int, next []simEntry) string {
	n := 0
	r.between = func() {
		if n++; n == line {
			w.simulator.mu.Lock()
			w.current.entries = next
			w.simulator.mu.Unlock()
		}
	}
	backend, err := w.route(&r)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(backend, " ", r.vars["txn.shop_pool"])
}

func (w *world) entries() []simEntry {
	w.simulator.mu.Lock()
	defer w.simulator.mu.Unlock()
	return slices.Clone(w.current.entries)
}

func (w *world) setEntries(all []simEntry) {
	w.simulator.mu.Lock()
	defer w.simulator.mu.Unlock()
	w.current.entries = all
}

// A request that a change meets between any two of its look-ups goes where the table sends it that it
// began with: never by a half of each.
func TestNoRequestSeesHalfOfAChange(t *testing.T) {
	w := newWorld(t)
	g := w.router()
	requests := map[string]simRequest{"rule": {header: map[string][]string{"x-canary": {"off", "on; or # not"}}}, "cookie": {cookie: map[string][]string{"canary": {"1"}}}}
	for _, place := range []int{0, 99_999, 100_000, 199_999, 200_000, 499_999, 500_000, 799_999, 800_000, 999_999} {
		requests[fmt.Sprint(place)] = simRequest{place: place}
	}
	for _, c := range changes(w, true) {
		require.NoError(t, g.Route(t.Context(), c.from))
		before := w.entries()
		require.NoError(t, g.Route(t.Context(), c.to))
		after := w.entries()
		for _, name := range slices.Sorted(maps.Keys(requests)) {
			r := requests[name]
			if c.from.Sticky || c.to.Sticky {
				r.cookie = maps.Clone(r.cookie)
				if r.cookie == nil {
					r.cookie = map[string][]string{}
				}
				r.cookie["davit-shop"] = []string{"a key"}
			}
			w.setEntries(before)
			old := w.decide(r, 0, nil)
			w.setEntries(after)
			young := w.decide(r, 0, nil)
			for line := 1; line <= 40; line++ {
				w.setEntries(before)
				want := old
				if line == 1 {
					want = young
				}
				assert.Equal(t, want, w.decide(r, line, after), "%s, request %s, changed before line %d", c.name, name, line)
			}
		}
		w.setEntries(after)
	}
}

// Each group gets exactly its places of a million: what lies at the marks decides.
func TestSharesAreExact(t *testing.T) {
	w := newWorld(t)
	g := w.router()
	old, base, young := w.instances(oldPool, 1), w.instances(basePool, 1), w.instances(newPool, 1)
	for _, shares := range [][3]int{{1_000_000, 0, 0}, {999_999, 0, 1}, {333_334, 333_333, 333_333}, {0, 1, 999_999}, {0, 0, 1_000_000}, {500_000, 500_000, 0}} {
		tab := rollout.Table{}
		for i, r := range []rollout.Route{route(strategy.Stable, oldPool, strategy.Millionths(shares[0]), old), route(strategy.Baseline, basePool, strategy.Millionths(shares[1]), base),
			route(strategy.Candidate, newPool, strategy.Millionths(shares[2]), young)} {
			if shares[i] > 0 {
				tab.Routes = append(tab.Routes, r)
			}
		}
		require.NoError(t, g.Route(t.Context(), tab))
		shows(t, g, tab)
		counts := map[string]int{}
		marks := slices.Compact([]int{0, shares[2], 1_000_000 - shares[1], 1_000_000})
		for i, from := range marks[:len(marks)-1] {
			first, last := w.decide(simRequest{place: from}, 0, nil), w.decide(simRequest{place: marks[i+1] - 1}, 0, nil)
			assert.Equal(t, first, last, "the places from %d to below %d", from, marks[i+1])
			counts[first] += marks[i+1] - from
		}
		for i, r := range []strategy.Pool{oldPool, basePool, newPool} {
			for backend, n := range counts {
				if len(backend) > 7 && backend[7:] == poolText(r) {
					assert.Equal(t, shares[i], n, "%s", r)
				}
			}
		}
		assert.Len(t, counts, len(tab.Routes))
	}
}

func poolText(p strategy.Pool) string {
	return map[strategy.Pool]string{
		oldPool: "1.0.0/sha256%3A0123456789abcdef/-", basePool: "1.0.0/sha256%3A0123456789abcdef/b", newPool: "1.1.0+%2B%C3%A9%3B%23%2F//-",
	}[p]
}

// A rule meets its value byte for byte, in any of the headers of that name, and the candidate's come
// first.
func TestRules(t *testing.T) {
	w := newWorld(t)
	g := w.router()
	rules := []strategy.Match{{Header: "x-cAnary", Value: "on"}, {Header: "X-Team", Value: "a b;c\\d=é"}, {Cookie: "canary", Value: "yes"}}
	tab := table(route(strategy.Stable, oldPool, strategy.All(), w.instances(oldPool, 1), strategy.Match{Header: "X-Team", Value: "stable"}),
		route(strategy.Candidate, newPool, strategy.Share{}, w.instances(newPool, 1), rules...))
	require.NoError(t, g.Route(t.Context(), tab))
	shows(t, g, tab)
	head := func(name string, values ...string) simRequest {
		return simRequest{header: map[string][]string{name: values}}
	}
	for _, c := range []struct {
		what      string
		r         simRequest
		candidate bool
	}{
		{"the value", head("x-canary", "on"), true},
		{"among others", head("x-canary", "off", "on", "so"), true},
		{"odd signs", head("x-team", "a b;c\\d=é"), true},
		{"a cookie", simRequest{cookie: map[string][]string{"canary": {"no", "yes"}}}, true},
		{"stable's own, and the candidate's", simRequest{header: map[string][]string{"x-team": {"stable"}, "x-canary": {"on"}}}, true},
		{"stable's own", head("x-team", "stable"), false},
		{"nothing", simRequest{}, false},
		{"another case", head("x-canary", "ON"), false},
		{"longer", head("x-canary", "on "), false},
		{"empty", head("x-canary", ""), false},
		{"of another header", head("x-team", "on"), false},
		{"as a header", head("canary", "yes"), false},
		{"what the map has", head("x-canary", "on/h/x-canary/1"), false},
	} {
		got := w.decide(c.r, 0, nil)
		assert.Equal(t, c.candidate, got[7:] == poolText(newPool), "%s: %s", c.what, got)
	}
	for _, m := range []strategy.Match{
		{Header: "X-Other", Value: "on"}, {Cookie: "Canary", Value: "on"}, {Header: "X-Canary", Cookie: "canary", Value: "on"}, {Value: "on"},
		{Header: "X-Canary", Value: "a\nb"}, {Header: "X-Canary", Value: " on"}, {Header: "X-Canary", Value: string(make([]byte, 400))},
	} {
		assert.Error(t, g.Matches(m), "%+v", m)
	}
	tab.Routes[0].Match[0] = strategy.Match{Header: "X-Canary", Value: "on"}
	assert.ErrorContains(t, g.Route(t.Context(), tab), "Routes[1].Match[0]: header x-cAnary=on is Routes[0].Match[0] too")

	// A name is as long as a line of the map.
	tab = table(route(strategy.Stable, oldPool, strategy.All(), []rollout.Backend{{ID: strings.Repeat("a", 301), Addr: "10.9.0.1:80"}}))
	assert.ErrorContains(t, g.Route(t.Context(), tab), "Table.Routes[0].Backends[0].ID: it has 301 bytes, and a line of a map holds 300")

	// An address is one however it is spelt.
	tab = table(route(strategy.Stable, oldPool, strategy.All(), []rollout.Backend{{ID: "a", Addr: "10.9.0.1:80"}, {ID: "b", Addr: "[::ffff:10.9.0.1]:80"}}))
	assert.ErrorContains(t, g.Route(t.Context(), tab), "Table.Routes[0].Backends[1].Addr: [::ffff:10.9.0.1]:80 is the address of a too")
}
