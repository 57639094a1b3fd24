package notify

import "time"

// Calm is when a recipient may be told of something, after that moment.
func Calm(r Recipient, now time.Time, s Severity) time.Time {
	m := memberOf(r)
	return m.calm(now, s)
}

// Awake reports whether a recipient works then.
func Awake(r Recipient, t time.Time) bool { return memberOf(r).awake(t, false) }

// Closes is when a digest is sent that begins now.
func Closes(r Recipient, now time.Time) time.Time { return memberOf(r).closes(now) }

// Rung is a step of an escalation.
type Rung struct {
	At    time.Time
	Group string
}

// Climb are the first steps of an escalation.
func Climb(after time.Duration, groups []Group, since time.Time, answers []time.Time, steps int) []Rung {
	var crews []*crew
	for _, g := range groups {
		c := &crew{name: g.Name}
		for _, r := range g.Recipients {
			c.members = append(c.members, memberOf(r))
		}
		crews = append(crews, c)
	}
	c := newClimb(after, crews, since)
	c.hear(answers)
	var all []Rung
	for range steps {
		r, ok := c.step()
		if !ok {
			break
		}
		all = append(all, Rung{r.at, r.group.name})
		c.done()
	}
	return all
}

func memberOf(r Recipient) *member {
	zone, err := zoneOf(r.Zone)
	if err != nil {
		panic(err)
	}
	return &member{Recipient: r, zone: zone}
}

// ParseCursor reads a cursor.
func ParseCursor(text []byte) error {
	_, err := parseRecord(text)
	return err
}

// Plain and Line clean text.
func Plain(text string, most int) string { return plain(text, most) }

// Line is text as one line.
func Line(text string, most int) string { return line(text, most) }

// Sample is a message of a kind with its default words.
func Sample(k Kind) Message {
	m := sample(k)
	if err := (&form{}).fill(&m); err != nil {
		panic(err)
	}
	return m
}

// The bounds of a box.
const (
	MaxReady = maxReady
	MaxText  = maxText
)
