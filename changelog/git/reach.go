package git

import (
	"context"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/changelog"
)

// reach says of commits, by their ids, whether HEAD is them or descends from them. It lacks those of
// which that is not known.
type reach map[string]bool

// bases are the commits of the last releases, where the tags can be reached as far as is known. The tags say so from then on, until
// that is known better.
func (known reach) bases(h changelog.History, policy changelog.Policy) ([]string, error) {
	for i, t := range h.Tags {
		yes, told := known[t.Commit]
		h.Tags[i].Reachable = t.Commit != "" && (yes || !told)
	}
	h.Commits = nil
	return changelog.Bases(h, policy)
}

// learn takes from all commits since one, or all for "", what they say about tags.
func (known reach) learn(tags []changelog.Ref, commits []changelog.Commit, from string) {
	open := make(map[string]bool, len(tags))
	for _, t := range tags {
		open[t.Commit] = true
	}
	open[from] = from != ""
	for _, c := range commits {
		if open[c.ID] {
			known[c.ID] = true
		}
		for _, p := range c.Parents {
			if open[p] {
				known[p] = true
			}
		}
	}
	if from == "" {
		for id, is := range open {
			known[id] = is && known[id]
		}
	} else { // a commit that can be reached is the parent of one that cannot be reached from it
		known[from] = known[from]
	}
}

// doubts are the tagged commits of which it must be known whether they can be reached: the bases, or else what
// has a say beside them. Where a presumption was wrong once, the next ones are asked for in one batch.
func (known reach) doubts(h changelog.History, policy changelog.Policy, bases []string, batch int) ([]string, error) {
	unknown := func(ids []string) []string {
		return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, told := known[id]; return id == "" || told })
	}
	all := unknown(bases)
	if len(all) == 0 && known.settled(h, policy) {
		return nil, nil
	}
	if len(all) == 0 {
		h.Tags, h.Commits = slices.Clone(h.Tags), nil // what the commits say is known
		for i, t := range h.Tags {
			h.Tags[i].Reachable = known[t.Commit]
		}
		names, err := changelog.Doubts(h, policy)
		if err != nil {
			return nil, err
		}
		for _, t := range h.Tags {
			if slices.Contains(names, t.Name) {
				all = append(all, t.Commit)
			}
		}
		return unknown(all), nil
	}
	supposed := reach{}
	for id, yes := range known {
		supposed[id] = yes
	}
	for more := all; len(more) > 0 && len(all) < batch; all = append(all, more...) {
		for _, id := range more {
			supposed[id] = false
		}
		next, err := supposed.bases(h, policy)
		if err != nil {
			return nil, err
		}
		more = slices.DeleteFunc(unknown(next), func(id string) bool { return slices.Contains(all, id) })
	}
	return all, nil
}

// settled says that, the bases being known, nothing else can have a say, without a look at versions: no tag
// turned out to be elsewhere, so the bases are the highest final versions, and no other tag is a pre-release.
func (known reach) settled(h changelog.History, policy changelog.Policy) bool {
	if policy.Umbrella != nil || policy.Reach != "" && policy.Reach != changelog.ReachAncestors || policy.Maintenance != "" || strings.ContainsAny(h.Branch, "0123456789") {
		return false
	}
	return !slices.ContainsFunc(h.Tags, func(t changelog.Ref) bool {
		yes, told := known[t.Commit]
		return t.Commit != "" && (told && !yes || !told && strings.Contains(t.Name, "-"))
	})
}

// retrace finds out about the tags before the last releases, as far as they have a say: where one that depends on another was left
// behind. Those are asked for from the highest down, in batches, since most often the first one is it.
func (r *Repository) retrace(ctx context.Context, h *changelog.History, policy changelog.Policy, known reach) error {
	if policy.Umbrella == nil && !slices.ContainsFunc(policy.Components, func(c changelog.Component) bool { return len(c.DependsOn) > 0 }) {
		return nil
	}
	commits := make(map[string]string, len(h.Tags))
	for _, t := range h.Tags {
		commits[t.Name] = t.Commit
	}
	for batch := 1; ; batch *= 8 {
		names, err := changelog.Doubts(*h, policy)
		if err != nil {
			return err
		}
		var open []string
		for _, name := range names {
			if _, told := known[commits[name]]; !told && commits[name] != "" && len(open) < batch {
				open = append(open, commits[name])
			}
		}
		if len(open) == 0 {
			return nil
		}
		if err := r.trace(ctx, known, h.Head, open); err != nil {
			return err
		}
		for i, t := range h.Tags {
			h.Tags[i].Reachable = known[t.Commit]
		}
	}
}

// trace asks git which of some commits can be reached from HEAD.
func (r *Repository) trace(ctx context.Context, known reach, head string, ids []string) error {
	out, err := r.answer(ctx, "^"+head+"\n"+strings.Join(ids, "\n")+"\n", "rev-list", "--stdin")
	if err != nil {
		return err
	}
	for _, id := range ids {
		known[id] = true
	}
	for line := range strings.Lines(out) {
		if id := strings.TrimSuffix(line, "\n"); known[id] {
			known[id] = false
		}
	}
	return nil
}
