package ledger_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the scenarios in testdata with what really happens")

// TestScenarios plays the scripts in testdata. A line at the margin is what happens to the release, the
// indented lines below it are what is decided upon it. Run with -update to rewrite the indented lines,
// and read the difference.
//
//	pipeline NAME [parallel=N]           opens a pipeline; its stages follow as
//	stage NAME [after A,B] [always] [allow-failure] [timeout=D] [listens=K,K] [reads=K] [writes=K]
//	request                              the release is asked for
//	STAGE ends as OUTCOME[: REASON]      a running stage ends
//	STAGE obeys                          a running stage ends as it was told to
//	PERSON says KIND [to STAGE][: WHY]   a signal comes
//	host stops [until D]                 the host stops
//	after D                              time passes
//	state                                shows where the stages stand
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			played := play(t, string(text))
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(played), 0o644))
				return
			}
			require.Equal(t, string(text), played, "run with -update, and read the difference")
		})
	}
}

// world is a release in a script.
type world struct {
	t        *testing.T
	pipeline ledger.Pipeline
	state    *ledger.State
	now      time.Time
	out      strings.Builder
	signals  int
}

var epoch = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

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

func (w *world) say(format string, args ...any) { fmt.Fprintf(&w.out, "    "+format+"\n", args...) }

func (w *world) do(line string) {
	words := strings.Fields(line)
	head, tail, _ := strings.Cut(line, ": ")
	parts := strings.Fields(head)
	switch {
	case words[0] == "pipeline":
		w.pipeline, w.state = ledger.Pipeline{Name: words[1]}, new(ledger.State)
		if len(words) > 2 {
			_, err := fmt.Sscanf(words[2], "parallel=%d", &w.pipeline.Parallel)
			require.NoError(w.t, err, line)
		}
		return
	case words[0] == "stage":
		w.pipeline.Stages = append(w.pipeline.Stages, parseStage(w.t, words[1:]))
		return
	case words[0] == "request":
		w.append("", ledger.Requested{
			Release:  stage.Release{ID: "r1", Service: "shop", RequestedBy: "ada", RequestedAt: w.now},
			Pipeline: w.pipeline,
		})
	case words[0] == "after":
		d, err := time.ParseDuration(words[1])
		require.NoError(w.t, err, line)
		w.now = w.now.Add(d)
	case words[0] == "state":
		w.show()
		return
	case strings.HasPrefix(line, "host stops"):
		b := ledger.Interrupted{Reason: "the host is stopping"}
		if len(words) == 4 {
			d, err := time.ParseDuration(words[3])
			require.NoError(w.t, err, line)
			b.Until = w.now.Add(d)
		}
		w.append("", b)
	case len(parts) == 4 && parts[1] == "ends" && parts[2] == "as":
		w.append(parts[0], ledger.Ended{Outcome: stage.Outcome(parts[3]), Reason: tail})
	case len(parts) == 2 && parts[1] == "obeys":
		for _, c := range ledger.Decide(w.state, w.now).Cancel {
			if c.Stage == parts[0] {
				w.append(c.Stage, ledger.EndOf(c.Cause, c.Cause))
			}
		}
	case len(parts) >= 3 && parts[1] == "says":
		w.signal(parts, tail)
	default:
		w.t.Fatalf("the script says %q, which means nothing", line)
	}
	w.decide()
}

func parseStage(t *testing.T, words []string) ledger.Stage {
	s := ledger.Stage{Name: words[0]}
	refs := func(names string) (out []stage.Ref) {
		for name := range strings.SplitSeq(names, ",") {
			out = append(out, stage.Ref{Name: name, Type: "string"})
		}
		return out
	}
	for i := 1; i < len(words); i++ {
		name, value, _ := strings.Cut(words[i], "=")
		switch name {
		case "after":
			i++
			s.Needs = strings.Split(words[i], ",")
		case "always":
			s.Always = true
		case "allow-failure":
			s.OnFailure = ledger.GoOn
		case "timeout":
			d, err := time.ParseDuration(value)
			require.NoError(t, err)
			s.Timeout = d
		case "listens":
			for kind := range strings.SplitSeq(value, ",") {
				s.Listens = append(s.Listens, stage.SignalKind(kind))
			}
		case "reads":
			s.Reads = refs(value)
		case "writes":
			s.Writes = refs(value)
		default:
			t.Fatalf("stage %s: %q means nothing", s.Name, words[i])
		}
	}
	return s
}

func (w *world) signal(parts []string, why string) {
	w.signals++
	sig := stage.Signal{ID: fmt.Sprintf("s%d", w.signals), Kind: stage.SignalKind(parts[2]), By: parts[0], Why: why, At: w.now}
	if len(parts) == 5 {
		sig.Stage = parts[4]
	}
	if _, err := w.state.Accept(sig); err != nil {
		w.say("refused: %v", err)
		return
	}
	w.append("", ledger.Signalled{Signal: sig})
}

func (w *world) append(name string, b ledger.Body) {
	e := ledger.Event{Seq: w.state.Seq + 1, Time: w.now, Stage: name, Body: b}
	if st := w.state.Stage(name); st != nil {
		e.Attempt = st.Attempt
	}
	if err := w.state.Apply(e); err != nil {
		w.say("refused: %v", err)
	}
}

// decide takes decisions until there is nothing to append.
func (w *world) decide() {
	var cancels []ledger.Cancel
	for {
		d := ledger.Decide(w.state, w.now)
		for _, e := range d.Append {
			require.NoError(w.t, w.state.Apply(e))
			switch b := e.Body.(type) {
			case ledger.Began:
				w.say("%s begins", e.Stage)
			case ledger.Ended:
				w.say("%s ends as %s%s", e.Stage, b.Outcome, because(b.By, b.Reason))
			case ledger.Finished:
				w.say("the release ends as %s%s", b.Outcome, because(b.By, b.Reason))
			}
		}
		cancels = d.Cancel
		if len(d.Append) > 0 {
			continue
		}
		for _, c := range cancels {
			w.say("%s is to end: %v", c.Stage, c.Cause)
		}
		if !d.Wake.IsZero() {
			w.say("decide again after %s", d.Wake.Sub(w.now))
		}
		if w.state.Idle() && !w.state.Over() {
			w.say("nothing runs any more")
		}
		return
	}
}

func because(by, reason string) string {
	text := ""
	if by != "" {
		text += " by " + by
	}
	if reason != "" {
		text += ": " + reason
	}
	return text
}

func (w *world) show() {
	for i := range w.state.Stages {
		st := &w.state.Stages[i]
		outcome := string(st.Outcome)
		switch {
		case st.Running():
			outcome = "running"
		case outcome == "":
			outcome = "waiting"
		}
		var inbox []string
		for _, sig := range st.Inbox {
			inbox = append(inbox, fmt.Sprintf("%s by %s", sig.Kind, sig.By))
		}
		line := st.Name + ": " + outcome
		if len(inbox) > 0 {
			line += ", inbox: " + strings.Join(inbox, ", ")
		}
		w.say("%s", line)
	}
}
