package haproxy

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/davit-sdk/davit/strategy"
)

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
	case len(fields) == 3 && fields[0] == seatKey:
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
