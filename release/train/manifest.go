package train

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/davit-sdk/davit/release/plan"
	"github.com/hashicorp/go-multierror"
)

// Change is something that is ready to be released.
type Change struct {
	// ID tells it from others: a tag, a build, a ticket.
	ID      string `json:"id"`
	Service string `json:"service"`
	// Version is the version of the service that has it, by Semantic Versioning 2.0.0.
	Version string `json:"version"`
	// Ready is since when it may go.
	Ready time.Time `json:"ready"`
	// Lower lets it go although an earlier train carried a higher version of the service: it is taken back to this one.
	Lower bool `json:"lower,omitempty"`
}

// Manifest is what goes with a train.
type Manifest struct {
	Departure Departure `json:"departure"`
	// Waves are the services that go, in the order in which they may begin: those of a wave side by side.
	Waves [][]Item `json:"waves"`
	// Stays are the members that have nothing new, and Missing those of them that are required.
	Stays   []string `json:"stays,omitempty"`
	Missing []string `json:"missing,omitempty"`
	// Late are the changes that come too late for it: they go with a later one.
	Late []Change `json:"late,omitempty"`
	// Lower are the changes that do not go, since an earlier train carried a higher version of the service: see Change.Lower.
	Lower []Change `json:"lower,omitempty"`
}

// Item is a service that goes with a train.
type Item struct {
	Service string `json:"service"`
	// Version is the highest version of its changes, which goes.
	Version string `json:"version"`
	// Changes are the IDs of its changes, by the time at which they were ready.
	Changes []string `json:"changes"`
	// Plan is the name of its own plan.
	Plan string `json:"plan,omitempty"`
}

// Complete reports whether nothing that is required is missing, and the train leaves.
func (m Manifest) Complete() bool { return len(m.Missing) == 0 && !m.Departure.Dropped() }

// Load says what goes with a departure of the timetable, of all changes that there are: those that were not ready for the one before that
// left, and are before the cut-off. What is lower than what an earlier train carried does not go, unless it is asked for. With one that does not leave goes nothing. The error reports all changes that are none, and a departure
// that the timetable does not have.
func (t *Timetable) Load(d Departure, changes []Change) (Manifest, error) {
	m := Manifest{Departure: d, Waves: [][]Item{}}
	i := t.index(d.Train)
	if i < 0 {
		return m, fmt.Errorf("there is no train %q", d.Train)
	}
	one := t.trains[i]
	versions, err := one.versions(changes)
	if err != nil {
		return m, err
	}
	earlier, found := t.before(i, d)
	if !found {
		return m, fmt.Errorf("train %s has no departure %d at %s", d.Train, d.Number, stamp(d.Planned))
	}
	var before time.Time
	if len(earlier) > 0 {
		before = earlier[len(earlier)-1]
	}
	carried := carried(changes, versions, earlier)
	items := make(map[string]Item)
	highest := make(map[string]*semver.Version)
	for _, k := range byReady(changes) {
		c := changes[k]
		switch {
		case !slices.ContainsFunc(one.Members, func(m Member) bool { return m.Service == c.Service }):
			continue
		case !c.Ready.Before(d.CutOff):
			m.Late = append(m.Late, c)
			continue
		case c.Ready.Before(before) || d.Dropped():
			continue
		case lower(c, versions[k], carried):
			m.Lower = append(m.Lower, c)
			continue
		}
		item := items[c.Service]
		item.Service, item.Changes = c.Service, append(item.Changes, c.ID)
		if highest[c.Service] == nil || versions[k].GreaterThan(highest[c.Service]) {
			highest[c.Service], item.Version = versions[k], c.Version
		}
		items[c.Service] = item
	}
	waves, _ := one.waves()
	for _, wave := range waves {
		var goes []Item
		for _, name := range wave {
			member := one.Members[slices.IndexFunc(one.Members, func(m Member) bool { return m.Service == name })]
			if item, new := items[name]; new {
				item.Plan = member.Plan
				goes = append(goes, item)
				continue
			}
			m.Stays = append(m.Stays, name)
			if member.Required {
				m.Missing = append(m.Missing, name)
			}
		}
		if len(goes) > 0 {
			m.Waves = append(m.Waves, goes)
		}
	}
	return m, nil
}

// before are the cut-offs of the departures before one that left, in order. found is false where there is no such departure.
func (t *Timetable) before(i int, d Departure) (cutOffs []time.Time, found bool) {
	for o := range t.all(i, d.Planned) {
		if o.Planned.Equal(d.Planned) && o.Number == d.Number {
			return cutOffs, true
		}
		if !o.Dropped() {
			cutOffs = append(cutOffs, o.CutOff)
		}
	}
	return nil, false
}

// carried are the versions that the services have after trains with these cut-offs, as far as trains brought them.
func carried(changes []Change, versions []*semver.Version, cutOffs []time.Time) map[string]*semver.Version {
	has, goes := make(map[string]*semver.Version), make(map[string]*semver.Version)
	n := 0 // the train that changes go with now
	for _, k := range byReady(changes) {
		c, v := changes[k], versions[k]
		for ; n < len(cutOffs) && !c.Ready.Before(cutOffs[n]); n++ {
			maps.Copy(has, goes)
			clear(goes)
		}
		if n == len(cutOffs) {
			return has
		}
		if v != nil && !lower(c, v, has) && (goes[c.Service] == nil || v.GreaterThan(goes[c.Service])) {
			goes[c.Service] = v
		}
	}
	maps.Copy(has, goes)
	return has
}

// lower reports whether a change would take its service back without being asked to.
func lower(c Change, v *semver.Version, has map[string]*semver.Version) bool {
	return !c.Lower && has[c.Service] != nil && v.LessThan(has[c.Service])
}

// byReady are the places of changes by the time at which they are ready, and otherwise as they were given.
func byReady(changes []Change) []int {
	places := make([]int, len(changes))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return changes[a].Ready.Compare(changes[b].Ready) })
	return places
}

// versions are the versions of changes of the train's members. Those of others are not looked at.
func (t Train) versions(changes []Change) ([]*semver.Version, error) {
	var errs *multierror.Error
	versions := make([]*semver.Version, len(changes))
	for i, c := range changes {
		if !slices.ContainsFunc(t.Members, func(m Member) bool { return m.Service == c.Service }) {
			continue
		}
		v, err := semver.StrictNewVersion(strings.TrimPrefix(c.Version, "v"))
		if err != nil {
			errs = multierror.Append(errs, fmt.Errorf("change %d (%s of %s): Version: %q: %w", i, c.ID, c.Service, c.Version, err))
		}
		if c.Ready.IsZero() {
			errs = multierror.Append(errs, fmt.Errorf("change %d (%s of %s): Ready: it is not set", i, c.ID, c.Service))
		}
		versions[i] = v
	}
	return versions, errs.ErrorOrNil()
}

// CheckPlans holds the plans of the members that go with a train against it: that there are such plans, approved, for the same service, with a
// window that the train is within, and that they do not book the same.
func (m Manifest) CheckPlans(plans ...plan.Plan) plan.Findings {
	var found plan.Findings
	add := func(s plan.Severity, field, mend, format string, args ...any) {
		found = append(found, plan.Finding{Severity: s, Field: field, What: fmt.Sprintf(format, args...), Mend: mend})
	}
	var aboard []plan.Plan
	under := plan.Span{From: m.Departure.Leaves, Until: m.Departure.Arrives}
	for _, wave := range m.Waves {
		for _, item := range wave {
			field := "Members (" + item.Service + ").Plan"
			i := slices.IndexFunc(plans, func(p plan.Plan) bool { return p.Name == item.Plan })
			switch {
			case item.Plan == "":
				add(plan.Doubtful, field, "name its plan", "it goes without a plan")
				continue
			case i < 0:
				add(plan.Wrong, field, "write it", "there is no plan %q", item.Plan)
				continue
			}
			p := plans[i]
			aboard = append(aboard, p)
			if p.Service != item.Service {
				add(plan.Wrong, field, "", "plan %s is for %s", p.Name, p.Service)
			}
			if !p.Window.Holds(under) {
				add(plan.Wrong, field, "move its window", "the train is under way from %s to %s, which is not within the window of plan %s", stamp(under.From), stamp(under.Until), p.Name)
			}
			if err := p.Bound(); err != nil {
				add(plan.Wrong, field, "have it approved anew", "%v", err)
			}
			if p.Stands() != plan.Approved && p.Stands() != plan.Execution {
				add(plan.Doubtful, field, "approve it", "plan %s is in the mode %s", p.Name, p.Stands())
			}
		}
	}
	for _, c := range plan.Conflicts(aboard...) {
		if c.Person != "" {
			add(plan.Doubtful, "Members", "name somebody else", "%s", c)
			continue
		}
		add(plan.Wrong, "Members", "move one of them", "%s", c)
	}
	return found
}

// Text is the manifest for people, in several lines.
func (m Manifest) Text() string {
	var b strings.Builder
	fmt.Fprintln(&b, m.Departure)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for i, wave := range m.Waves {
		for _, item := range wave {
			fmt.Fprintf(w, "  wave %d\t%s\t%s\t%s\n", i+1, item.Service, item.Version, strings.Join(item.Changes, ", "))
		}
	}
	w.Flush() // into memory: cannot fail
	for _, name := range m.Stays {
		word := "stays as it is"
		if slices.Contains(m.Missing, name) {
			word = "is missing, and required"
		}
		fmt.Fprintf(&b, "  %s %s\n", name, word)
	}
	for _, c := range m.Lower {
		fmt.Fprintf(&b, "  does not go: %s of %s %s is lower than what an earlier train carried\n", c.ID, c.Service, c.Version)
	}
	for _, c := range m.Late {
		fmt.Fprintf(&b, "  too late: %s of %s %s, ready %s\n", c.ID, c.Service, c.Version, stamp(c.Ready))
	}
	return b.String()
}

// Text is the departures of a time for people, one in each line.
func (t *Timetable) Text(from, to time.Time) string {
	var b strings.Builder
	for _, d := range t.Departures(from, to) {
		fmt.Fprintln(&b, d)
	}
	for _, o := range t.Overlaps(from, to) {
		fmt.Fprintln(&b, o)
	}
	return b.String()
}
