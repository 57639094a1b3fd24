package git

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/changelog"
)

// History reads what changelog.Decide looks at: all tags, and all commits since the last release of any component
// of the policy. It fails with ErrNoTags where there are no tags because the clone was told to get none.
//
// What it costs grows with the history since those releases, and not with what is before them.
func (r *Repository) History(ctx context.Context, policy changelog.Policy) (changelog.History, error) {
	if err := r.complete(); err != nil {
		return changelog.History{}, err
	}
	h, err := r.listed(ctx)
	if err != nil {
		return changelog.History{}, err
	}
	// Whether a tag can be reached is dear to ask, and the commits since it say it for nothing. So all tags are
	// presumed to be, until the commits since the last release by that presumption, or git, know better.
	known := reach{h.Head: true}
	var read *stretch
	for batch := 1; ; batch *= 8 {
		bases, err := known.bases(h, policy)
		if err != nil {
			return changelog.History{}, err
		}
		if read == nil {
			if read, err = r.since(ctx, &h, Range{From: oldest(h.Tags, bases), Paths: policy.NeedsPaths()}, known); err != nil {
				return changelog.History{}, err
			}
			// The commits may have told that one of the presumed bases is elsewhere.
			if slices.ContainsFunc(bases, func(b string) bool { yes, told := known[b]; return b != "" && told && !yes }) {
				if bases, err = known.bases(h, policy); err != nil {
					return changelog.History{}, err
				}
			}
		}
		doubtful, err := known.doubts(h, policy, bases, batch)
		if err != nil {
			return changelog.History{}, err
		}
		if len(doubtful) == 0 {
			if err := r.complement(ctx, &h, read, bases, known); err != nil {
				return changelog.History{}, err
			}
			if err := r.extend(ctx, &h, policy, bases, known); err != nil {
				return changelog.History{}, err
			}
			return h, r.retrace(ctx, &h, policy, known)
		}
		if err := r.trace(ctx, known, h.Head, doubtful); err != nil {
			return changelog.History{}, err
		}
	}
}

// since reads the commits of a range up to HEAD, and learns from them which tags can be reached.
func (r *Repository) since(ctx context.Context, h *changelog.History, between Range, known reach) (*stretch, error) {
	between.To, h.Commits = h.Head, nil
	for commit, err := range r.commits(ctx, between, allTogether, allTogether) {
		if err != nil {
			return nil, err
		}
		if n := len(h.Commits); n == cap(h.Commits) { // append alone would copy them more often
			h.Commits = slices.Grow(h.Commits, max(n, min(3*n, 4096), 16))
		}
		h.Commits = append(h.Commits, commit)
	}
	known.learn(h.Tags, h.Commits, between.From)
	return &stretch{between: between, commits: h.Commits}, nil
}

// complement reads the commits again if those that were read lack one since any of the bases, and
// says of each tag what is known.
func (r *Repository) complement(ctx context.Context, h *changelog.History, read *stretch, bases []string, known reach) error {
	if !read.covers(bases, known) {
		from, err := r.common(ctx, bases)
		if err != nil {
			return err
		}
		if _, err := r.since(ctx, h, Range{From: from, Paths: read.between.Paths}, known); err != nil {
			return err
		}
	}
	for i, t := range h.Tags {
		h.Tags[i].Reachable = known[t.Commit]
	}
	return r.fork(ctx, h, bases, known)
}

// extend reads more commits if those since the bases show that more are needed.
func (r *Repository) extend(ctx context.Context, h *changelog.History, policy changelog.Policy, bases []string, known reach) error {
	if policy.Channel == "" {
		return nil
	}
	more, err := changelog.Bases(*h, policy)
	if err != nil || len(more) == len(bases) {
		return err
	}
	from, err := r.common(ctx, more)
	if err != nil {
		return err
	}
	if _, err := r.since(ctx, h, Range{From: from, Paths: policy.NeedsPaths()}, known); err != nil {
		return err
	}
	for i, t := range h.Tags {
		h.Tags[i].Reachable = known[t.Commit]
	}
	return nil
}

// fork says of the bases on other branches where those begin.
func (r *Repository) fork(ctx context.Context, h *changelog.History, bases []string, known reach) error {
	for _, base := range bases {
		if base == "" || known[base] {
			continue
		}
		out, err := r.output(ctx, "merge-base", "--all", base, h.Head)
		var exit *exec.ExitError
		if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1) { // 1 says that they have nothing in common
			return err
		}
		for i, t := range h.Tags {
			if t.Commit == base {
				h.Tags[i].Fork = strings.Fields(out)
			}
		}
	}
	return nil
}

// common is an ancestor of all of some commits, "" if one of them is "" or there is none.
func (r *Repository) common(ctx context.Context, bases []string) (string, error) {
	bases = slices.Compact(slices.Sorted(slices.Values(bases)))
	switch {
	case len(bases) == 0 || bases[0] == "":
		return "", nil
	case len(bases) == 1:
		return bases[0], nil
	}
	out, err := r.output(ctx, append([]string{"merge-base", "--octopus"}, bases...)...)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return "", nil
	}
	return strings.TrimSpace(out), err
}

// oldest is the base that most likely is an ancestor of all others, "" where one of them is the whole history.
func oldest(tags []changelog.Ref, bases []string) string {
	if len(bases) == 0 || slices.Contains(bases, "") {
		return ""
	}
	best := bases[0]
	if !slices.ContainsFunc(bases, func(b string) bool { return b != best }) {
		return best
	}
	times := map[string]int64{}
	for _, t := range tags {
		if at, ok := times[t.Commit]; !ok || t.Time.Unix() < at {
			times[t.Commit] = t.Time.Unix()
		}
	}
	for _, b := range bases {
		if times[b] < times[best] {
			best = b
		}
	}
	return best
}

// stretch are the commits of a range up to HEAD.
type stretch struct {
	between Range
	commits []changelog.Commit
}

// covers says whether all commits since each of the bases are surely there: since a base that descends from
// the only way out of the stretch, there are no others.
func (s *stretch) covers(bases []string, known reach) bool {
	if s.between.From == "" || !slices.ContainsFunc(bases, func(b string) bool { return b != s.between.From }) {
		return true
	}
	at := make(map[string]int, len(s.commits))
	for i, c := range s.commits {
		at[c.ID] = i
	}
	out := s.between.From
	if !known[out] {
		var ok bool
		if out, ok = s.wayOut(at); !ok {
			return false
		}
	}
	descends := make([]bool, len(s.commits))
	for i := len(s.commits) - 1; i >= 0; i-- { // parents come after their children
		for _, p := range s.commits[i].Parents {
			parent, inside := at[p]
			descends[i] = descends[i] || p == out || inside && descends[parent]
		}
	}
	return !slices.ContainsFunc(bases, func(b string) bool {
		i, inside := at[b]
		return b != s.between.From && b != out && !(inside && descends[i])
	})
}

// wayOut is the only parent of any of the commits that is not one of them.
func (s *stretch) wayOut(at map[string]int) (string, bool) {
	out := ""
	for _, c := range s.commits {
		for _, p := range c.Parents {
			if _, inside := at[p]; !inside && p != out {
				if out != "" {
					return "", false
				}
				out = p
			}
		}
	}
	return out, out != ""
}
