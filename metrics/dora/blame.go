package dora

import "slices"

// blame finds the deployments that others remedy.
func (f *fold) blame() {
	if f.r.Blame == BlameNone {
		return
	}
	byTarget := f.r.Blame == BlameFirst || f.r.Blame == BlameAll
	if byTarget {
		f.succeed()
	}
	for s := range f.services {
		var versions map[uint32]int // of each version, the last successful deployment so far
		if byTarget {
			versions = map[uint32]int{}
		}
		for i := f.begins[s]; i < f.begins[s+1]; i++ {
			if !byTarget {
				f.named(i)
				continue
			}
			u := &f.units[i]
			version := f.h.deployed[u.first].version
			if target, ok := versions[version]; u.kind != kindRollback || version == none || !ok || !f.since(target, i) {
				f.named(i)
			}
			if !u.failed && version != none {
				versions[version] = i
			}
		}
	}
}

// named blames what a deployment says it fixes, or else, by the rules, the one right before it.
func (f *fold) named(i int) {
	h, u := f.h, &f.units[i]
	some := false
	if !u.fixes && !u.remedies() {
		return
	}
	var one [1]uint32
	for _, m := range f.members(u, &one) {
		for _, d := range h.deployed[m].fixes.of(h.fixed) {
			some = true
			switch t := f.unitOf[d]; {
			case t != none:
				f.remedy(int(t), i)
			case h.deployed[d].finish == never:
				f.odd(Anomaly{Code: CodeUnknownDeployment, ID: h.deployments.String(m), Other: h.deployments.String(d)})
			case f.selected[h.deployed[d].service]:
				f.odd(Anomaly{Code: CodeUncounted, ID: h.deployments.String(m), Other: h.deployments.String(d)})
			}
		}
	}
	if !some && f.r.Blame != BlameNamed && f.r.Blame != "" && u.remedies() && f.succeeded[i] >= 0 {
		f.remedy(int(f.succeeded[i]), i)
	}
}

// succeed notes for each deployment the successful one right after it in its service; where there is none, the number of all.
func (f *fold) succeed() {
	f.succeeding = make([]int32, len(f.units))
	for s := range f.services {
		next := int32(len(f.units))
		for i := f.begins[s+1] - 1; i >= f.begins[s]; i-- {
			if f.succeeding[i] = next; !f.units[i].failed {
				next = int32(i)
			}
		}
	}
}

// since blames the first successful deployment after the target of a rollback, or all of them; false: there is none.
func (f *fold) since(target, rollback int) bool {
	some := false
	for t := int(f.succeeding[target]); t < rollback; t = int(f.succeeding[t]) {
		some = true
		f.remedy(t, rollback)
		if f.r.Blame == BlameFirst {
			break
		}
	}
	return some
}

// remedy says that a deployment has failed and that another one remedies it.
func (f *fold) remedy(failed, by int) {
	t, u := &f.units[failed], &f.units[by]
	if !t.completed() && f.r.Attempts != AttemptsFail {
		// It failed before users saw it: there is nothing to blame it for. Where both have failed, nothing was there to be fixed.
		if !u.failed {
			f.odd(Anomaly{Code: CodeUncounted, ID: f.h.deployments.String(u.first), Other: f.h.deployments.String(t.first)})
		}
		return
	}
	t.bad = true
	if f.trace != nil {
		f.note(entry{metric: mFailureRate, role: roleLink, unit: t, other: u.first, of: 'd'})
	}
	switch {
	case failed == by:
		f.odd(Anomaly{Code: CodeCycle, ID: f.h.deployments.String(u.first)})
	case u.failed:
	case u.finish < t.finish:
		f.odd(Anomaly{Code: CodeRecoveryBeforeDeploy, ID: f.h.deployments.String(t.first), Other: f.h.deployments.String(u.first)})
	case t.fixed == never || u.finish < t.fixed:
		t.fixed = u.finish
	}
}

// cycles tells of deployments that fix themselves, by way of others or directly: those whose strongly connected component
// has an edge (Tarjan, 1972, without recursion: a chain may be long).
func (h *History) cycles() []Anomaly {
	if len(h.fixed) == 0 {
		return nil
	}
	var found []Anomaly
	index := make([]uint32, len(h.deployed)) // 0: not seen yet
	low := make([]uint32, len(h.deployed))
	on := make([]bool, len(h.deployed))
	type frame struct{ node, edge uint32 }
	var stack []uint32
	var path []frame
	seen := uint32(0)
	for root := range h.deployed {
		if index[root] != 0 || h.deployed[root].fixes.n == 0 {
			continue
		}
		path = append(path[:0], frame{uint32(root), 0})
		for len(path) > 0 {
			top := &path[len(path)-1]
			n := top.node
			if top.edge == 0 {
				seen++
				index[n], low[n], on[n] = seen, seen, true
				stack = append(stack, n)
			}
			edges := h.deployed[n].fixes.of(h.fixed)
			if int(top.edge) < len(edges) {
				next := edges[top.edge]
				top.edge++
				switch {
				case index[next] == 0:
					path = append(path, frame{next, 0})
				case on[next]:
					low[n] = min(low[n], index[next])
				}
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				low[path[len(path)-1].node] = min(low[path[len(path)-1].node], low[n])
			}
			if low[n] != index[n] {
				continue
			}
			k := len(stack) - 1
			for stack[k] != n { // from the end: the one of a long chain is near it
				k--
			}
			if part := stack[k:]; len(part) > 1 || slices.Contains(edges, n) {
				for _, d := range part {
					found = append(found, Anomaly{Code: CodeCycle, ID: h.deployments.String(d)})
				}
			}
			for _, d := range stack[k:] {
				on[d] = false
			}
			stack = stack[:k]
		}
	}
	return found
}
