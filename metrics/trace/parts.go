package trace

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// PartOf says of which group a label is a part, and its number among the parts: "baseline/2" is number 2
// of "baseline".
func PartOf(label string) (whole string, number int, isPart bool) {
	slash := strings.LastIndexByte(label, '/')
	text := label[slash+1:]
	if slash < 1 || text == "" || len(text) > 9 || strings.ContainsFunc(text, func(c rune) bool { return c < '0' || c > '9' }) {
		return "", 0, false
	}
	number, _ = strconv.Atoi(text) // at most nine digits always are a number
	return label[:slash], number, true
}

// enrol makes a new group a part of another one, where its label says so.
func (r *Record) enrol(label string) {
	whole, number, isPart := PartOf(label)
	if !isPart {
		return
	}
	at, _ := slices.BinarySearchFunc(r.parts[whole], label, func(other, label string) int {
		_, n, _ := PartOf(other)
		return cmp.Or(cmp.Compare(n, number), cmp.Compare(other, label))
	})
	r.parts[whole] = slices.Insert(r.parts[whole], at, label)
}

// Parts is Window for each part of a group, in the order of their numbers; one without a line in the
// stretch has an empty window. A group that has no parts is its only part, and so is one with lines of
// its own which its parts do not add up to.
func (r *Record) Parts(group string, from, to time.Time) ([]metrics.Window, error) {
	whole, err := r.Window(group, from, to)
	if err != nil || len(r.parts[group]) == 0 {
		return []metrics.Window{whole}, err
	}
	var all total
	parts := make([]metrics.Window, len(r.parts[group]))
	for i, label := range r.parts[group] {
		var part total
		for _, s := range r.lined(label, from, to) {
			if err := part.add(s); err != nil {
				return nil, fmt.Errorf("group %q: %w", label, err)
			}
		}
		if !part.some {
			part.window.From, part.window.To = whole.From, whole.To
		}
		parts[i] = part.window
		if err := all.add(stretch{part.window.From, part.window.To, Line{
			Requests: part.window.Requests, Errors: part.window.Errors, Latency: part.window.Latency}}); err != nil {
			return nil, fmt.Errorf("group %q: %w", group, err)
		}
	}
	sum := all.window
	if sum.Requests != whole.Requests || sum.Errors != whole.Errors || sum.Latency.Count() != whole.Latency.Count() {
		return []metrics.Window{whole}, nil
	}
	return parts, nil
}
