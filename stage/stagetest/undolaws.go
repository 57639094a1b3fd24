package stagetest

import (
	"fmt"

	"github.com/davit-sdk/davit/stage"
)

// finished runs a fresh stage to its end, and tells why there is nothing to be undone, if so.
func finished(new func() stage.Stage, c Case) (stage.Stage, *Host, string) {
	s, h := situation(new, c)
	switch {
	case !stage.CanUndo(s):
		return s, h, "the stage has no method Undo"
	case c.Waits:
		return s, h, "the stage waits"
	case c.want() == stage.Stranded:
		return s, h, "the stage cannot be taken back in this case"
	}
	if a := run(h, s, c, -1); a.stuck || a.panics != "" {
		return s, h, "the stage does not end"
	}
	return s, h, ""
}

// ill says what is wrong with an undo that should have ended well.
func (a attempt) ill(c Case) string {
	switch {
	case a.panics != "":
		return "it panics: " + a.panics
	case a.stuck:
		return fmt.Sprintf("it has not ended within %s", c.patience())
	case a.err != nil:
		return "it fails: " + a.err.Error()
	}
	if left := c.left(); left != nil {
		return "it ended well, and left something: " + left.Error()
	}
	return ""
}

// undoes takes back what is done.
func undoes(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	_, h, skip := finished(new, c)
	if skip != "" {
		return nil, skip
	}
	if ill := undo(h, new(), c, -1).ill(c); ill != "" {
		return []string{ill}, ""
	}
	return nil, ""
}

// undone takes back what is taken back already.
func undone(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	_, h, skip := finished(new, c)
	if skip != "" {
		return nil, skip
	}
	if undo(h, new(), c, -1).ill(c) != "" {
		return nil, "the undo does not end well"
	}
	effects := c.effects()
	if ill := undo(h, new(), c, -1).ill(c); ill != "" {
		return []string{"once more: " + ill}, ""
	}
	if more := c.effects() - effects; more != 0 {
		wrong = append(wrong, fmt.Sprintf("all was undone, and then it worked again: %d further effects", more))
	}
	return wrong, ""
}

// undoesCut takes back what was cut off on its way, and goes on where an undo was.
func undoesCut(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	_, h, skip := finished(new, c)
	if skip != "" {
		return nil, skip
	}
	if undo(h, new(), c, -1).ill(c) != "" {
		return nil, "the undo does not end well"
	}
	for _, at := range cuts {
		s, h := situation(new, c)
		if a := run(h, s, c, at); a.stuck || a.panics != "" {
			return nil, "the stage does not stop"
		}
		if ill := undo(h, new(), c, -1).ill(c); ill != "" {
			return []string{fmt.Sprintf("of what was cut off %s after its begin: %s", at, ill)}, ""
		}
		if _, h, skip = finished(new, c); skip != "" {
			return nil, skip
		}
		a := undo(h, new(), c, at)
		if a.stuck || a.panics != "" {
			return nil, "the undo does not stop"
		}
		if a.err == nil {
			continue // it was done by then
		}
		if ill := undo(h, new(), c, -1).ill(c); ill != "" {
			return []string{fmt.Sprintf("once it was cut off %s after its begin: %s", at, ill)}, ""
		}
	}
	return nil, ""
}

// undoCancels cancels before an undo begins, and at several moments after.
func undoCancels(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	for _, at := range cuts {
		_, h, skip := finished(new, c)
		if skip != "" {
			return nil, skip
		}
		switch a := undo(h, new(), c, at); {
		case a.stuck:
			return []string{fmt.Sprintf("cancelled %s after its begin, it has not returned within %s", at, c.patience())}, ""
		case a.panics != "" && a.cut:
			return []string{fmt.Sprintf("cancelled %s after its begin, it panics: %s", at, a.panics)}, ""
		}
	}
	return nil, ""
}
