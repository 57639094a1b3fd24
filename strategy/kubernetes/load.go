package kubernetes

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/davit-sdk/davit/strategy"
)

// size is how many pods a group is to have: as many as the state says, and while the autoscaler of another slot is to
// follow the traffic, at least the group's part of those that it wants there. It may have raised them since the plan
// was made.
func (r rules) size(v *view, t *tenant, g strategy.Group) int {
	return max(g.Replicas, r.need(v, t, g))
}

// need is the group's part of what the autoscaler of another slot wants, or has wanted since the group's pool moved
// in: where the traffic leaves, it soon wants less.
func (r rules) need(v *view, t *tenant, g strategy.Group) int {
	if !r.move || t.scaler != nil || t.baseline || t.deployment == nil || g.Replicas == 0 {
		return 0
	}
	if n := v.scaled(t); n > 0 {
		return g.Share.Of(max(n, t.peak()))
	}
	return 0
}

// scaled is how many pods the autoscaler of another slot wants there.
func (v *view) scaled(t *tenant) int {
	for i := range v.slots {
		if o := &v.slots[i]; o.name != t.name && !o.baseline && o.autoscaled() {
			return o.replicas()
		}
	}
	return 0
}

// peak is the most that an autoscaler elsewhere has wanted since the pool moved in, as far as it was written down.
func (t tenant) peak() int {
	n, of, _ := strings.Cut(t.deployment.Annotations[annotationPeak], " ")
	if of != t.pool.String() {
		return 0
	}
	most, err := strconv.Atoi(n)
	if err != nil {
		return 0
	}
	return most
}

// peaked is the annotation for peak; empty where there is none to write.
func (v *view) peaked(t *tenant) string {
	if n := max(v.scaled(t), t.peak()); n > 0 && t.scaler == nil {
		return fmt.Sprintf("%d %s", n, t.pool)
	}
	return ""
}

// peaked is the view's, where autoscalers follow the traffic.
func (p *round) peaked(t *tenant) string {
	if !p.r.move {
		return ""
	}
	return p.v.peaked(t)
}

// lacks reports whether a group is to get more of the traffic than it has pods for. Where it cannot get the pods, that
// is told as trouble, which ends the way forward; the way back must not wait for ever.
func (p *round) lacks(t *tenant, g strategy.Group) bool {
	need := p.r.need(p.v, t, g)
	if need == 0 || g.Share.Compare(p.now.split[t.name].share) <= 0 || p.available(t.name) >= need || t.stuck(p.v.now, p.r.patience) != nil {
		return false
	}
	p.d.wait("%s has %d of the %d available pods that its share of what the autoscaler wants takes: the traffic stays", t.object, p.available(t.name), need)
	return true
}

// patience are the settings for what may mend itself.
func (s settings) patience() patience {
	return patience{image: s.ImagePatience, node: s.NodePatience, crashes: s.CrashPatience}
}

// raised are the sizes of the slots whose state wants fewer than they are to have.
func (r rules) raised(v *view, s strategy.State) map[string]int {
	raised := map[string]int{}
	for role, g := range s.Groups() {
		if t := v.holding(s.Pool(role)); t != nil {
			if n := r.size(v, t, g); n > g.Replicas {
				raised[t.name] = n
			}
		}
	}
	return raised
}
