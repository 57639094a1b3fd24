package haproxy

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// ranked are the roles in the order in which rules are tried, and in which a table names backends.
var ranked = [3]strategy.Role{strategy.Candidate, strategy.Stable, strategy.Baseline}

// ruleOrder are the ranks of the roles in the values of rules: candidate, baseline, stable.
var ruleOrder = [3]strategy.Role{strategy.Candidate, strategy.Baseline, strategy.Stable}

// whole is all of the traffic in millionths.
const whole = 1_000_000

// layout is what a map says: the table in effect, and who is where.
type layout struct {
	generation uint64
	sticky     bool
	share      map[strategy.Role]strategy.Share
	slot       map[strategy.Role]string // backends of the roles that get something
	pool       map[string]strategy.Pool // of the backends of slot
	rules      []rule                   // by role, in the order of the table
	tenants    map[place]tenant
	before     []entry // of the generation before
}

// rule sends requests to a role.
type rule struct {
	strategy.Match
	role strategy.Role
	n    int // of those of its role
}

func emptyLayout() layout {
	return layout{
		share: map[strategy.Role]strategy.Share{}, slot: map[strategy.Role]string{},
		pool: map[string]strategy.Pool{}, tenants: map[place]tenant{},
	}
}

// entries are the layout as a map, sorted.
func (l layout) entries() []entry {
	all := append(l.effective(), l.before...)
	for p, t := range l.tenants {
		all = append(all, entry{seatKey + "/" + p.backend + "/" + p.server, strings.Join([]string{escape(t.id), escape(t.addr), poolText(t.pool)}, "/")})
	}
	return sortedEntries(all)
}

// effective are the entries that requests look up.
func (l layout) effective() []entry {
	generation := strconv.FormatUint(l.generation, 10)
	fields := []string{generation, "0", strconv.Itoa(l.low()), strconv.Itoa(l.high())}
	if l.sticky {
		fields[1] = "1"
	}
	for _, role := range ranked {
		fields = append(fields, cmp.Or(l.slot[role], nobody))
	}
	all := []entry{{tableKey, strings.Join(fields, "/")}}
	for _, role := range ranked {
		if slot := l.slot[role]; slot != "" {
			all = append(all, entry{slot + "/p/" + generation, poolText(l.pool[slot])})
		}
	}
	for _, r := range l.rules {
		all = append(all, r.entry(generation))
	}
	return all
}

// behind are the entries that a request may still look up which has read the table of this layout.
func (l layout) behind() []entry { return l.effective()[1:] }

func (l layout) low() int { return l.share[strategy.Candidate].Millionths() }

func (l layout) high() int { return whole - l.share[strategy.Baseline].Millionths() }

func (r rule) entry(generation string) entry {
	kind, name := "h", r.Header
	if r.Cookie != "" {
		kind, name = "c", r.Cookie
	}
	rank := 1 + slices.Index(ruleOrder[:], r.role)
	return entry{
		ruleKey(kind, name, r.Value, generation),
		strconv.Itoa(rank) + "/" + strconv.Itoa(r.n) + "/" + escape(name),
	}
}

// next is a layout of the next generation with the table's split and rules, and nobody behind it yet.
func (l layout) next(t rollout.Table) layout {
	n := emptyLayout()
	n.generation, n.sticky, n.before = l.generation+1, t.Sticky, l.behind()
	for _, r := range t.Routes {
		n.share[r.Role] = r.Share
		for i, m := range r.Match {
			n.rules = append(n.rules, rule{m, r.Role, i})
		}
	}
	return n
}

// splits reports whether both layouts send requests to the same backends.
func (l layout) splits(o layout) bool {
	o.generation = l.generation
	return slices.Equal(sortedEntries(l.effective()), sortedEntries(o.effective()))
}
