package gate

import (
	"fmt"
	"strings"
)

// String is the verdict for people: one line with the outcome and the reason, one more for each piece of
// evidence, and one for what is retained of the past.
func (v Verdict) String() string {
	var b strings.Builder
	if v.Gate != "" {
		b.WriteString(v.Gate + ": ")
	}
	b.WriteString(string(v.Outcome))
	var marks []string
	for _, mark := range []struct {
		on   bool
		text string
	}{{v.NoData, "no data"}, {v.Down, "nobody could be asked"}, {v.Extend, "the clock is stopped"}, {v.Late, "late"}, {v.Muted != "", "muted"}} {
		if mark.on {
			marks = append(marks, mark.text)
		}
	}
	if len(marks) > 0 {
		b.WriteString(" (" + strings.Join(marks, ", ") + ")")
	}
	if v.Reason != "" {
		b.WriteString(": " + v.Reason)
	}
	for _, e := range v.Evidence {
		b.WriteString("\n  " + e.String())
	}
	if len(v.Looks) > 0 {
		b.WriteString("\n  looks:")
		for i, l := range v.Looks {
			if i > 0 {
				b.WriteString(",")
			}
			b.WriteString(" " + l.String())
		}
	}
	return b.String()
}

// String is the measurement for people, on one line: "error rate of 1.1.0: 0.0388, asked for <= 0.01, 800
// samples".
func (e Evidence) String() string {
	text := fmt.Sprintf("%s: %.6g, asked for %s %.6g, %d samples", e.What, e.Value, e.Rule, e.Limit, e.Samples)
	if e.Against != "" {
		text += ", against " + e.Against
	}
	if e.Odds > 0 {
		text += fmt.Sprintf(", odds %.3g:1 against the harmless case", e.Odds)
	}
	return text
}

// String is the measurement for people: "12:00:05 pass 0.004".
func (l Look) String() string {
	text := l.At.UTC().Format("15:04:05") + " " + string(l.Outcome)
	if l.Gate != "" {
		text = l.Gate + " " + text
	}
	if l.Measured {
		text += fmt.Sprintf(" %.6g", l.Value)
	}
	return text
}
