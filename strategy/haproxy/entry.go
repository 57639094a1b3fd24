package haproxy

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/strategy"
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
	seatKey  = "s"
	noTable  = "0/0/0/1000000/-/-/-" // what the configuration falls back to: nobody answers
	nobody   = "-"
)

func ruleKey(kind, name, value, generation string) string {
	if kind == "h" {
		name = strings.ToLower(name)
	}
	return strings.ToUpper(hex.EncodeToString([]byte(value))) + "/" + kind + "/" + escape(name) + "/" + generation
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
