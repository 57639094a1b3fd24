package haproxy

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// entry is a line of a map: neither the key nor the value has a blank, and the key is no comment.
type entry struct{ key, value string }

// line is the entry as a map file and a payload hold it.
func (e entry) line() string { return e.key + " " + e.value }

// The keys of a map. G is the generation of a table: the configuration reads the table once for each
// request, and all that it looks up afterwards under the generation which it has read. A request that
// is between two look-ups while the map is replaced therefore finds what it began with: a map holds
// the entries of the table in effect, and of the one before.
//
//	table                    G/S/LOW/HIGH/CANDIDATE/STABLE/BASELINE
//	BACKEND/p/G              the pool behind a backend: VERSION/DIGEST/B
//	VALUE/h/NAME/G           a rule on a header, VALUE in hexadecimal: RANK/N/NAME, the Nth rule of its group
//	VALUE/c/NAME/G           a rule on a cookie
//	s/BACKEND/SERVER         who is at a server: ID/ADDR/VERSION/DIGEST/B
//
// Of a million places the candidate has those below LOW, the baseline those from HIGH on, and stable
// what lies between: a group that grows takes places from stable alone, and gives them back to it.
const (
	tableKey = "table"
	noTable  = "0/0/0/1000000/-/-/-" // what the configuration falls back to: nobody answers
	nobody   = "-"
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
		all = append(all, entry{"s/" + p.backend + "/" + p.server, strings.Join([]string{escape(t.id), escape(t.addr), poolText(t.pool)}, "/")})
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

func (l layout) low() int  { return l.share[strategy.Candidate].Millionths() }
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

func ruleKey(kind, name, value, generation string) string {
	if kind == "h" {
		name = strings.ToLower(name)
	}
	return strings.ToUpper(hex.EncodeToString([]byte(value))) + "/" + kind + "/" + escape(name) + "/" + generation
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

func sortedEntries(all []entry) []entry {
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	return all
}

// escape makes a text fit for a field: letters, digits, and a few signs that mean nothing to HAProxy.
func escape(text string) string { return url.QueryEscape(text) }

func unescape(text string) (string, error) {
	plain, err := url.QueryUnescape(text)
	if err == nil && escape(plain) != text {
		err = fmt.Errorf("%q is not as it is written", text)
	}
	return plain, err
}

func poolText(p strategy.Pool) string {
	kind := nobody
	if p.Baseline {
		kind = "b"
	}
	return escape(p.Revision.Version) + "/" + escape(p.Revision.Digest) + "/" + kind
}

// parsePool reads what poolText writes.
func parsePool(text string) (strategy.Pool, error) {
	fields := strings.Split(text, "/")
	if len(fields) != 3 {
		return strategy.Pool{}, fmt.Errorf("%q is not a pool", text)
	}
	version, err := unescape(fields[0])
	digest, err2 := unescape(fields[1])
	p := strategy.Pool{Revision: strategy.Revision{Version: version, Digest: digest}, Baseline: fields[2] == "b"}
	switch {
	case errors.Join(err, err2) != nil:
		return p, fmt.Errorf("%q is not a pool: %w", text, errors.Join(err, err2))
	case fields[2] != "b" && fields[2] != nobody:
		return p, fmt.Errorf("%q is not a pool: it ends in %q", text, fields[2])
	case p.Revision.IsZero():
		return p, fmt.Errorf("%q is not a pool: it has no revision", text)
	}
	return p, nil
}

// parseEntries reads the answer to "show map FILE".
func parseEntries(answer string) ([]entry, error) {
	if answer == "" {
		return nil, nil
	}
	var all []entry
	for line := range strings.SplitSeq(answer, "\n") {
		ref, rest, ok := strings.Cut(line, " ")
		key, value, found := strings.Cut(rest, " ")
		if !ok || !found || !strings.HasPrefix(ref, "0x") || key == "" {
			return nil, fmt.Errorf("show map: %.120q is not an entry", line)
		}
		all = append(all, entry{key, value})
	}
	return all, nil
}

// readLayout makes sense of a map. What is none of its entries has no effect on requests, and is left
// aside.
func readLayout(entries []entry) (layout, error) {
	l := emptyLayout()
	seen := map[string]bool{}
	for _, e := range entries {
		if seen[e.key] {
			return l, fmt.Errorf("the map's entry %q is there twice", e.key)
		}
		seen[e.key] = true
	}
	for _, e := range entries {
		if e.key == tableKey {
			if err := l.readTable(e.value); err != nil {
				return l, fmt.Errorf("the map's table %q: %w", e.value, err)
			}
		}
	}
	generation := strconv.FormatUint(l.generation, 10)
	for _, e := range entries {
		if err := l.readEntry(e, generation); err != nil {
			return l, fmt.Errorf("the map's entry %q: %w", e.key, err)
		}
	}
	for role, slot := range l.slot {
		if _, ok := l.pool[slot]; !ok {
			return l, fmt.Errorf("the map's table sends requests of %s to %s, and does not say which pool that is", role, slot)
		}
	}
	for _, e := range entries {
		if l.generation > 0 && ofGeneration(e.key, strconv.FormatUint(l.generation-1, 10)) {
			l.before = append(l.before, e)
		}
	}
	for _, r := range l.rules {
		if l.slot[r.role] == "" {
			return l, fmt.Errorf("the map has a rule (%s) for %s, which has no backend", r.Match, r.role)
		}
	}
	slices.SortFunc(l.rules, func(a, b rule) int { return cmp.Or(cmp.Compare(a.role, b.role), cmp.Compare(a.n, b.n)) })
	return l, nil
}

// ofGeneration reports whether requests look the key up that have read the table of a generation.
func ofGeneration(key, generation string) bool {
	fields := strings.Split(key, "/")
	n := len(fields)
	return fields[n-1] == generation && (n == 3 && fields[1] == "p" || n == 4 && (fields[1] == "h" || fields[1] == "c"))
}

func (l *layout) readTable(value string) error {
	fields := strings.Split(value, "/")
	if len(fields) != 7 {
		return fmt.Errorf("%d fields, not 7", len(fields))
	}
	generation, err := strconv.ParseUint(fields[0], 10, 63)
	low, err2 := strconv.ParseUint(fields[2], 10, 31)
	high, err3 := strconv.ParseUint(fields[3], 10, 31)
	switch {
	case errors.Join(err, err2, err3) != nil:
		return errors.Join(err, err2, err3)
	case fields[1] != "0" && fields[1] != "1":
		return fmt.Errorf("%q does not say whether clients stick", fields[1])
	case low > high || high > whole:
		return fmt.Errorf("the places %d and %d are not in order", low, high)
	}
	l.generation, l.sticky = generation, fields[1] == "1"
	shares := [3]uint64{low, high - low, whole - high}
	dark := low == 0 && high == whole && fields[5] == nobody
	for i, role := range ranked {
		slot := fields[4+i]
		switch {
		case slot == nobody && shares[i] > 0 && !dark:
			return fmt.Errorf("%s gets a share and has no backend", role)
		case slot == "":
			return fmt.Errorf("%s has a backend without a name", role)
		case slot == nobody:
			continue
		}
		for _, other := range l.slot {
			if other == slot {
				return fmt.Errorf("%s is there twice", slot)
			}
		}
		l.slot[role], l.share[role] = slot, strategy.Millionths(int(shares[i]))
	}
	return nil
}

func (l *layout) readEntry(e entry, generation string) error {
	fields := strings.Split(e.key, "/")
	switch {
	case len(fields) == 3 && fields[0] == "s":
		return l.readTenant(place{fields[1], fields[2]}, e.value)
	case len(fields) == 3 && fields[1] == "p":
		if fields[2] != generation {
			return nil
		}
		p, err := parsePool(e.value)
		l.pool[fields[0]] = p
		return err
	case len(fields) == 4 && (fields[1] == "h" || fields[1] == "c"):
		if fields[3] != generation {
			return nil
		}
		r, err := readRule(fields, e)
		l.rules = append(l.rules, r)
		return err
	}
	return nil
}

func (l *layout) readTenant(p place, value string) error {
	fields := strings.SplitN(value, "/", 3)
	if len(fields) != 3 || p.backend == "" || p.server == "" {
		return fmt.Errorf("%q is nobody at a server", value)
	}
	id, err := unescape(fields[0])
	addr, err2 := unescape(fields[1])
	pool, err3 := parsePool(fields[2])
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	if id == "" {
		return errors.New("the backend at a server has no ID")
	}
	l.tenants[p] = tenant{id, addr, pool}
	return nil
}

func readRule(key []string, e entry) (rule, error) {
	value, err := hex.DecodeString(key[0])
	if err != nil {
		return rule{}, err
	}
	fields := strings.Split(e.value, "/")
	if len(fields) != 3 {
		return rule{}, fmt.Errorf("%q is not where a rule leads", e.value)
	}
	rank, err := strconv.Atoi(fields[0])
	n, err2 := strconv.Atoi(fields[1])
	if errors.Join(err, err2) != nil || rank < 1 || rank > len(ruleOrder) || n < 0 {
		return rule{}, fmt.Errorf("%q is not where a rule leads", e.value)
	}
	name, err := unescape(fields[2])
	if err != nil {
		return rule{}, err
	}
	r := rule{role: ruleOrder[rank-1], n: n}
	if r.Value = string(value); key[1] == "h" {
		r.Header = name
	} else {
		r.Cookie = name
	}
	if want := r.entry(key[3]); want != e {
		return rule{}, fmt.Errorf("%q is not what a rule on %s is kept under", e.key, name)
	}
	return r, nil
}
