package kubernetes

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/davit-sdk/davit/strategy"
)

// writeKind is what a write changes.
type writeKind string

const (
	adopt    writeKind = "adopt"  // mark a Deployment that somebody else made
	expose   writeKind = "expose" // make the Service of a slot, or of the target
	place    writeKind = "place"  // apply the manifest of a pool to an empty slot
	limit    writeKind = "limit"  // how many pods more and fewer there may be while a slot's are replaced
	scale    writeKind = "scale"  // ask for so many pods
	mark     writeKind = "mark"   // since when a slot is idle
	lead     writeKind = "lead"   // lead the traffic
	follower writeKind = "move"   // move an autoscaler to a slot
)

// write is one change of one object.
type write struct {
	kind     writeKind
	slot     string
	pool     strategy.Pool
	replicas int
	asked    int
	minReady int32
	peak     string    // what to write down of an autoscaler elsewhere; empty: nothing
	idle     time.Time // zero: it is not idle
	split    split
	rolling  *appsv1.RollingUpdateDeployment
}

// decision is what is to be written now, or why nothing can be.
type decision struct {
	writes []write
	// waits say what is waited for, in the ordinary course of things.
	waits []string
	// blocked says what is in the way of the state, and may stay there.
	blocked []string
	// err is what waiting does not mend.
	err error
}

func (d *decision) wait(format string, args ...any) {
	d.waits = append(d.waits, fmt.Sprintf(format, args...))
}

// rules are the settings that a decision goes by.
type rules struct {
	drain    time.Duration
	move     bool // autoscalers
	patience patience
	take     bool                            // fields of others
	service  string                          // its name
	manager  string                          // of fields
	perSlot  bool                            // a Service for each slot
	native   bool                            // one Deployment replaces its pods by itself
	rolling  *appsv1.RollingUpdateDeployment // how, where the plan says it
	placed   func(slot string, generation int64) bool
}

// traffic is what is led where, as read back.
type traffic struct {
	split split
	// same reports whether that is what is wanted, down to the letter.
	same func(want split) bool
	// pending is why it is not in effect yet; empty where it is.
	pending string
	// busy are the slots that still get requests, whatever the split says.
	busy map[string]bool
}

// decide tells what is to be done next to bring the slots to a state. It decides one kind of thing at a
// time: what it tells is done, and then it is asked again with a new view.
func decide(v *view, s strategy.State, now traffic, r rules) decision {
	var d decision
	for _, t := range v.slots {
		if t.adopted {
			d.writes = append(d.writes, write{kind: adopt, slot: t.name, pool: t.pool})
		}
	}
	if len(d.writes) > 0 {
		return d
	}
	at, waiting := assign(v, s, r.native)
	for pool, why := range waiting {
		d.blocked = append(d.blocked, fmt.Sprintf("%s has no place yet: %s", pool, why))
	}
	slices.Sort(d.blocked)
	p := &round{v: v, s: s, at: at, now: now, r: r, d: &d}
	for _, step := range []func(){p.settle, p.grow, p.route, p.note, p.shrink, p.follow, p.explain} {
		if step(); len(d.writes) > 0 || d.err != nil {
			return d
		}
	}
	return d
}

// round is one decision under way.
type round struct {
	v   *view
	s   strategy.State
	at  map[strategy.Pool]string
	now traffic
	r   rules
	d   *decision

	want   split // what shall be led where, at this moment
	routed bool  // the state's split is in effect
}

func (p *round) write(w write) { p.d.writes = append(p.d.writes, w) }

// groups are the groups of the state that have a slot.
func (p *round) groups(yield func(*tenant, strategy.Group) bool) {
	for role, g := range p.s.Groups() {
		if name := p.at[p.s.Pool(role)]; name != "" && !yield(p.v.tenant(name), g) {
			return
		}
	}
}

// settle lets pools move into their slots, and makes the slots' Services.
func (p *round) settle() {
	for role, g := range p.s.Groups() {
		pool := p.s.Pool(role)
		name := p.at[pool]
		if name == "" || g.Replicas == 0 {
			continue
		}
		t := p.v.tenant(name)
		if p.r.perSlot && !p.exposed(t) {
			p.write(write{kind: expose, slot: name})
		}
		if p.barred(t) {
			if t.pool != pool || p.leadsMore(t, g) {
				p.d.err = t.conflict
				return
			}
			continue // that it lacks pods is told by PoolStatus.Stuck
		}
		if t.deployment == nil || t.pool != pool || t.conflict != nil || t.empty() && !t.untouched(p.r.manager) && !p.r.placed(name, t.deployment.Generation) {
			p.write(write{kind: place, slot: name, pool: pool, rolling: p.r.rolling})
		} else if p.r.rolling != nil && !t.untouched(p.r.manager) && !t.within(p.r.rolling) {
			p.write(write{kind: limit, slot: name, pool: pool, rolling: p.r.rolling})
		}
	}
}

// barred reports whether somebody else has changed what runs in a slot, so that nothing is added to it. Less of
// it is never refused: the way back must not need anybody's consent, also where it begins with as many pods as
// a step forward asked for.
func (p *round) barred(t *tenant) bool { return t.conflict != nil && !p.r.take && !t.empty() }

// leadsMore reports whether the group shall get more requests than are led to its slot.
func (p *round) leadsMore(t *tenant, g strategy.Group) bool {
	f := p.now.split[t.name]
	return g.Share.Compare(f.share) > 0 || g.Mirror.Compare(f.mirror) > 0 || len(g.Match) > len(f.match)
}

// exposed reports whether the slot's own Service leads to its pods, and to no others.
func (p *round) exposed(t *tenant) bool {
	svc := p.v.services[t.object]
	return svc != nil && svc.Labels[labelService] == p.r.service && maps.Equal(svc.Spec.Selector, t.selector(p.r.service))
}

// grow asks for more pods. Those that are still stopping take the place of new ones, or a rollout that
// turns round would have more than its plan allows.
func (p *round) grow() {
	minReady := wholeSeconds(p.s.MinReady)
	for t, g := range p.groups {
		if t.deployment == nil || p.barred(t) {
			continue
		}
		have, size := t.replicas(), p.r.size(p.v, t, g)
		n := size
		if !p.r.native {
			n -= t.stopping()
		}
		if t.autoscaled() {
			if last, ok := asked(t.deployment); ok && g.Replicas <= last {
				n = have // the autoscaler knows better
			}
		}
		n = max(have, n)
		if n > have || t.deployment.Spec.MinReadySeconds != minReady && n > 0 {
			p.write(write{kind: scale, slot: t.name, replicas: n, asked: min(g.Replicas, n), minReady: minReady, peak: p.peaked(t)})
		}
	}
}

// route leads the traffic as the state says, once everyone who shall get some can answer.
func (p *round) route() {
	p.want = p.split()
	if p.want == nil || !p.now.same(p.want) {
		if p.want != nil {
			p.lead()
		}
		return
	}
	if p.now.pending != "" {
		p.d.blocked = append(p.d.blocked, p.now.pending)
		return
	}
	p.routed = sameSplit(p.want, p.state())
}

// lead moves the traffic. Who gets some is not idle any more: that is told before, or else a process that
// ends in between could take it for drained.
func (p *round) lead() {
	for _, t := range p.v.slots {
		if !p.want[t.name].none() && t.marked() {
			p.write(write{kind: mark, slot: t.name})
		}
	}
	p.write(write{kind: lead, split: p.want})
}

// state is the split that the state asks for.
func (p *round) state() split {
	want := split{}
	for role, g := range p.s.Groups() {
		name := p.at[p.s.Pool(role)]
		if name == "" {
			name = "?" + string(role) // it has no slot, and so nothing can be equal
		}
		if f := (flow{g.Share, g.Match, g.Mirror}); !f.none() {
			want[name] = f
		}
	}
	return want
}

// split is the split to lead now. While a group that shall get traffic has nobody to answer, it stays as
// it is; where there is none, or where what is there keeps the group from moving in, others answer for it.
// Nil: it is to stay.
func (p *round) split() split {
	want, heir := split{}, ""
	var orphaned strategy.Share
	for role, g := range p.s.Groups() {
		f := flow{g.Share, g.Match, g.Mirror}
		if f.none() {
			continue
		}
		name := p.at[p.s.Pool(role)]
		if name == "" || p.available(name) == 0 {
			orphaned = orphaned.Plus(g.Share)
			if name != "" && !p.now.dark() {
				p.d.wait("%s has no available pod: the traffic stays", p.v.tenant(name).object)
				return nil
			}
			continue
		}
		if p.lacks(p.v.tenant(name), g) && !p.now.dark() {
			return nil
		}
		want[name] = f
		if heir == "" || f.share.Compare(want[heir].share) > 0 {
			heir = name
		}
	}
	switch {
	case orphaned.IsZero():
	case heir == "":
		return nil
	default:
		f := want[heir]
		f.share = f.share.Plus(orphaned)
		want[heir] = f
	}
	return want
}

func (t traffic) dark() bool { return len(t.split) == 0 }

// available counts the pods of a slot that can answer.
func (p *round) available(name string) int {
	t := p.v.tenant(name)
	if s := t.status(p.v.now)[t.pool]; s != nil {
		return s.Available
	}
	return 0
}

// note writes down since when slots get no requests.
func (p *round) note() {
	for _, t := range p.v.slots {
		if t.deployment == nil || t.empty() {
			continue
		}
		switch busy := p.busy(t.name); {
		case busy && t.marked():
			p.write(write{kind: mark, slot: t.name})
		case !busy && !t.marked():
			p.write(write{kind: mark, slot: t.name, idle: p.v.now})
		}
	}
}

// busy reports whether a slot may still get requests.
func (p *round) busy(name string) bool {
	_, led := p.now.split[name]
	return led || p.now.busy[name] || p.now.pending != ""
}

// shrink stops pods. A slot that gets requests shrinks once the state's split is in effect; its pods go
// on serving until everybody knows. A slot that gets none may shrink once it is drained.
func (p *round) shrink() {
	wanted := map[string]int{}
	for t, g := range p.groups {
		wanted[t.name] = p.r.size(p.v, t, g)
	}
	for _, t := range p.v.slots {
		n, have := wanted[t.name], t.replicas()
		if t.deployment == nil || have <= n || t.autoscaled() && n > 0 {
			continue
		}
		w := write{kind: scale, slot: t.name, replicas: n, asked: n, minReady: t.deployment.Spec.MinReadySeconds, peak: p.peaked(&t)}
		if p.busy(t.name) {
			switch {
			case p.routed && n > 0:
				p.write(w)
			default:
				p.d.wait("%s still gets requests", t.object)
			}
			continue
		}
		if left := p.r.drain - max(0, t.seen[t.uid()].lasted(isIdle, p.v.now)); left > 0 {
			p.d.wait("%s drains for another %s", t.object, left.Round(time.Millisecond))
			continue
		}
		p.write(w)
	}
}

// follow moves an autoscaler to the slot that has got all of the traffic.
func (p *round) follow() {
	if !p.r.move || !p.routed || len(p.want) != 1 {
		return
	}
	var heir string
	for name, f := range p.want {
		if f.share == strategy.All() {
			heir = name
		}
	}
	if heir == "" || p.v.tenant(heir).scaler != nil {
		return
	}
	for _, t := range p.v.slots {
		if t.scaler != nil && t.name != heir && !t.baseline {
			p.write(write{kind: follower, slot: heir})
			return
		}
	}
}

// sameSplit reports whether both lead the same to each slot. The order of rules means nothing.
func sameSplit(a, b split) bool {
	return maps.EqualFunc(a, b, func(x, y flow) bool {
		return x.share == y.share && x.mirror == y.mirror && slices.Equal(inOrder(x.match), inOrder(y.match))
	})
}

func inOrder(m []strategy.Match) []strategy.Match {
	return slices.SortedFunc(slices.Values(m), func(a, b strategy.Match) int { return strings.Compare(a.String(), b.String()) })
}
