package board

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"

	"github.com/davit-sdk/davit/stage"
)

// titles are the headlines of the sections.
var titles = map[Section]string{
	Attention: "Needs somebody now", Waiting: "Waits for people", Running: "Running", Planned: "Planned", Done: "Done",
}

// title is the headline of the page.
func (b Board) title() string {
	title := "Releases"
	if b.Name != "" {
		title += " for " + line(b.Name)
	}
	return title + " at " + b.local(b.Now).Format("Mon 2 Jan 2006 15:04 MST")
}

func (b Board) local(t time.Time) time.Time {
	if b.zone == nil {
		return t.UTC()
	}
	return t.In(b.zone)
}

// clock is a time by the clock of the view: with its day where that is not today.
func (b Board) clock(t time.Time) string {
	t, now := b.local(t), b.local(b.Now)
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04")
	}
	if t.Year() == now.Year() {
		return t.Format("Mon 2 Jan 15:04")
	}
	return t.Format("Mon 2 Jan 2006 15:04")
}

// name is what people call the release.
func (c Card) name() string {
	name := line(c.Service)
	if c.Version != "" {
		name += " " + line(c.Version)
	}
	if c.Release != "" {
		name += " (" + line(c.Release) + ")"
	}
	return name
}

// headline is what is said of the release as a whole.
func (b Board) headline(c Card) string {
	if p := c.Plan; p != nil {
		text := b.clock(p.At)
		if !p.Until.IsZero() {
			text += " to " + b.clock(p.Until)
		}
		if p.Environment != "" {
			text += ", in " + line(p.Environment)
		}
		if p.Owner != "" {
			text += ", by " + line(p.Owner)
		}
		return text + suffix(": ", p.Note)
	}
	if !c.Ended.IsZero() {
		text := string(c.Outcome)
		if c.By != "" {
			text += " by " + line(c.By)
		}
		text += " at " + b.clock(c.Ended) + ", after " + round(c.Ended.Sub(c.Began))
		return text + suffix(": ", c.Reason)
	}
	text := fmt.Sprintf("%d of %d stages", c.StagesDone, c.Stages)
	if c.Undoing {
		text += ", being undone"
	}
	if c.Outcome == stage.Interrupted {
		text += ", interrupted"
	}
	return text + b.forecast(c.Forecast) + ", since " + b.clock(c.Began) + suffix(", asked for by ", c.RequestedBy)
}

// forecast is how far it is.
func (b Board) forecast(f *Forecast) string {
	if f == nil {
		return ""
	}
	text := ""
	if f.Share >= 0 && !math.IsNaN(f.Share) {
		text += fmt.Sprintf(", %d %%", int(min(f.Share, 1)*100))
	}
	switch {
	case f.Done.IsZero():
	case f.AtLeast:
		text += ", done at " + b.clock(f.Done) + " at the earliest"
	case f.Late.IsZero() || !f.Late.After(f.Done):
		text += ", done at about " + b.clock(f.Done)
	default:
		text += ", done at about " + b.clock(f.Done) + ", by " + b.clock(f.Late) + " almost surely"
	}
	return text
}

// say is one thing to be said.
func (b Board) say(i Item) string {
	text := ""
	if i.Stage != "" {
		text = line(i.Stage)
		if i.Environment != "" {
			text += ", in " + line(i.Environment)
		}
		text += ": "
	}
	text += line(i.What) + suffix(": ", i.Text)
	if !i.Since.IsZero() {
		text += fmt.Sprintf(" (since %s, for %s", b.clock(i.Since), round(b.Now.Sub(i.Since)))
		if !i.Until.IsZero() {
			text += ", until " + b.clock(i.Until)
		}
		text += ")"
	}
	return text
}

// suffix is the text behind a mark; nothing where there is no text.
func suffix(mark, text string) string {
	if text = line(text); text == "" {
		return ""
	}
	return mark + text
}

// maxLine is how many characters of a text are shown.
const maxLine = 300

// line is the text in one line, without what steers a terminal or turns the direction of text, and cut.
func line(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > maxLine {
		text = string(runes[:maxLine]) + " ..."
	}
	return text
}

// round is a duration as people say it.
func round(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Round(time.Minute)/time.Minute))
	case d < 48*time.Hour:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%dh%dm", int(d/time.Hour), int(d%time.Hour/time.Minute))
	}
	return fmt.Sprintf("%d days", int(d.Round(time.Hour)/(24*time.Hour)))
}
