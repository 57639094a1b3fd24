package ledger_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/require"
)

// play plays a script, and returns it with what came of it.
func play(t *testing.T, script string) string {
	w := &world{t: t, state: new(ledger.State), now: epoch}
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "    ") {
			continue
		}
		w.out.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		w.do(line)
	}
	return w.out.String()
}

func (w *world) do(line string) {
	words := strings.Fields(line)
	head, tail, _ := strings.Cut(line, ": ")
	parts := strings.Fields(head)
	says := func(at int, what string) bool { return len(parts) > at && parts[at] == what }
	switch {
	case words[0] == "pipeline":
		w.pipeline, w.state, w.events = ledger.Pipeline{Name: words[1]}, new(ledger.State), nil
		for _, word := range words[2:] {
			name, value, _ := strings.Cut(word, "=")
			switch name {
			case "parallel":
				w.pipeline.Parallel = number(w.t, value)
			case "on-abort":
				w.pipeline.OnAbort = ledger.Policy(value)
			default:
				w.t.Fatalf("pipeline %s: %q means nothing", words[1], word)
			}
		}
		return
	case words[0] == "stage":
		w.pipeline.Stages = append(w.pipeline.Stages, parseStage(w.t, words[1:]))
		return
	case words[0] == "state":
		w.show()
		return
	case words[0] == "review":
		w.review()
		return
	case words[0] == "request":
		w.request(words[1:])
	case words[0] == "after":
		w.now = w.now.Add(span(w.t, words[1]))
	case strings.HasPrefix(line, "host stops"):
		b := ledger.Interrupted{Reason: "the host is stopping"}
		if len(words) == 4 {
			b.Until = w.now.Add(span(w.t, words[3]))
		}
		w.append("", b)
	case words[0] == "host" && says(2, "takes"):
		if len(words) == 6 {
			w.now = w.now.Add(-span(w.t, words[4]))
		}
		w.append("", ledger.Taken{Host: words[1], Fence: w.state.Fence + 1})
	case words[0] == "undo" && says(3, "ends"):
		w.endUndo(parts[2], ledger.UndoEnded{Outcome: stage.Outcome(parts[5]), Reason: tail})
	case says(1, "ends"):
		w.end(parts[0], ledger.Ended{Outcome: stage.Outcome(parts[3]), Reason: tail, Final: says(4, "finally")})
	case says(1, "waits"):
		e := ledger.Ended{Outcome: stage.Waiting, Reason: tail}
		if says(2, "for") {
			e.Until = w.now.Add(span(w.t, parts[3]))
		}
		w.deaf = parts[len(parts)-1] == "deaf"
		w.end(parts[0], e)
		w.deaf = false
	case says(1, "writes"):
		w.append(words[0], ledger.Wrote{Key: words[2], Value: json.RawMessage(words[3])})
		return
	case says(1, "obeys"):
		w.obey(parts[0])
	case says(1, "says"):
		w.signal(parts, tail)
	default:
		w.t.Fatalf("the script says %q, which means nothing", line)
	}
	w.decide()
}

func parseStage(t *testing.T, words []string) ledger.Stage {
	s := ledger.Stage{Name: words[0]}
	for i := 1; i < len(words); i++ {
		name, value, _ := strings.Cut(words[i], "=")
		if name == "after" {
			i++
			s.Needs = strings.Split(words[i], ",")
			continue
		}
		if !option(t, &s, name, value) {
			t.Fatalf("stage %s: %q means nothing", s.Name, words[i])
		}
	}
	return s
}

// option sets an option of a stage:
//
//	always allow-failure irreversible undoable at-most-once pure
//	criterion=CRITERION on-failure=POLICY retry=N backoff=D timeout=D attempt-timeout=D undo-timeout=D
//	when=STAGE:OUTCOME|OUTCOME each=KEY[/PARALLEL] listens=K,K reads=K writes=K
func option(t *testing.T, s *ledger.Stage, name, value string) bool {
	refs := func(names string) (out []stage.Ref) {
		for name := range strings.SplitSeq(names, ",") {
			out = append(out, stage.Ref{Name: name, Type: "string"})
		}
		return out
	}
	switch name {
	case "always":
		s.Always = true
	case "criterion":
		s.Criterion = ledger.Criterion(value)
	case "allow-failure":
		s.OnFailure = ledger.GoOn
	case "irreversible":
		s.Irreversible = true
	case "undoable":
		s.CanUndo = true
	case "at-most-once":
		s.Effect = stage.AtMostOnce
	case "pure":
		s.Effect = stage.Pure
	case "on-failure":
		s.OnFailure = ledger.Policy(value)
	case "retry":
		s.Retry.Attempts = number(t, value)
	case "backoff":
		s.Retry.Backoff = span(t, value)
	case "timeout":
		s.Timeout = span(t, value)
	case "attempt-timeout":
		s.AttemptTimeout = span(t, value)
	case "undo-timeout":
		s.UndoTimeout = span(t, value)
	case "when":
		of, is, _ := strings.Cut(value, ":")
		c := ledger.Condition{Stage: of}
		for outcome := range strings.SplitSeq(is, "|") {
			c.Is = append(c.Is, stage.Outcome(outcome))
		}
		s.When = append(s.When, c)
	case "each":
		key, parallel, limited := strings.Cut(value, "/")
		s.Each = &ledger.Each{Key: stage.Ref{Name: key, Type: "[]string"}}
		if limited {
			s.Each.Parallel = number(t, parallel)
		}
	case "listens":
		for kind := range strings.SplitSeq(value, ",") {
			s.Listens = append(s.Listens, stage.SignalKind(kind))
		}
	case "reads":
		s.Reads = refs(value)
	case "writes":
		s.Writes = refs(value)
	default:
		return false
	}
	return true
}

func number(t *testing.T, text string) (n int) {
	require.NoError(t, json.Unmarshal([]byte(text), &n), text)
	return n
}

func span(t *testing.T, text string) time.Duration {
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d
}
