package board_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/board"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// told are the events of a release, each a number of minutes after nine.
type told struct {
	minute int
	stage  string
	body   ledger.Body
}

func review(t testing.TB, id, service string, stages []ledger.Stage, list ...told) *ledger.Review {
	attempts := map[string]int{}
	events := []ledger.Event{{Seq: 1, Time: noon.Add(-3 * time.Hour), Body: ledger.Requested{
		Release: stage.Release{ID: id, Service: service, RequestedBy: "ada"}, Pipeline: ledger.Pipeline{Name: service, Stages: stages},
	}}}
	for i, e := range list {
		attempt := 0
		switch e.body.(type) {
		case ledger.Began:
			attempts[e.stage]++
		}
		if e.stage != "" {
			attempt = max(attempts[e.stage], 1)
		}
		events = append(events, ledger.Event{Seq: uint64(i + 2), Time: noon.Add(time.Duration(e.minute-180) * time.Minute), Stage: e.stage, Attempt: attempt, Body: e.body})
	}
	r, err := ledger.NewReview(func(yield func(ledger.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	})
	if err != nil {
		panic(fmt.Sprint(id, ": ", err))
	}
	return r
}

func text(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// everything is a page with all that there is.
func everything(t testing.TB) board.Input {
	build := ledger.Stage{Name: "build", Writes: []stage.Ref{stage.Version.Ref()}}
	approve := ledger.Stage{Name: "approve", Needs: []string{"build"}, Traits: []stage.Trait{stage.Asks}, Listens: []stage.SignalKind{stage.Approve, stage.Reject, stage.Withdraw}}
	deploy := ledger.Stage{Name: "deploy", Environment: "production", Needs: []string{"build"}, CanUndo: true, OnFailure: ledger.Undo, Listens: []stage.SignalKind{stage.Approve, stage.Reject}}
	hold := ledger.Stage{Name: "window", Needs: []string{"build"}, Traits: []stage.Trait{stage.Holds}, Environment: "staging"}
	check := ledger.Stage{Name: "check", Needs: []string{"deploy"}, OnFailure: ledger.Undo}
	fragile := ledger.Stage{Name: "deploy", Environment: "production", OnFailure: ledger.Freeze, Effect: stage.AtMostOnce}
	built := []told{{0, "build", ledger.Began{}}, {4, "build", ledger.Wrote{Key: "version", Value: text("1.5.0")}}, {5, "build", ledger.Ended{Outcome: stage.Succeeded}}}
	with := func(more ...told) []told { return append(append([]told(nil), built...), more...) }
	return board.Input{
		Now: noon,
		Reviews: []*ledger.Review{
			review(t, "shop-1", "shop", []ledger.Stage{build, approve}, with(told{5, "approve", ledger.Began{}},
				told{5, "approve", ledger.Ended{Outcome: stage.Waiting, Reason: "Release to production?\n0 of 2 *approvals*", Until: noon.Add(6 * time.Hour)}})...),
			review(t, "shop-2", "shop", []ledger.Stage{build, deploy}, with(told{20, "deploy", ledger.Began{}},
				told{21, "deploy", ledger.Progressed{Progress: stage.Progress{Text: "2 of 3 instances ready"}}})...),
			review(t, "shop-3", "shop", []ledger.Stage{build, deploy}, with(told{20, "deploy", ledger.Began{}},
				told{90, "deploy", ledger.Noted{Name: "rollout-event", Data: text(map[string]any{"kind": "asked", "text": "to all?"})}})...),
			review(t, "pay-1", "pay", []ledger.Stage{fragile}, told{10, "deploy", ledger.Began{}},
				told{30, "deploy", ledger.Ended{Outcome: stage.Failed, Reason: "half done", Parked: "it failed, and runs at most once"}}),
			review(t, "pay-2", "pay", []ledger.Stage{deploy1(deploy), check}, told{10, "deploy", ledger.Began{}}, told{20, "deploy", ledger.Ended{Outcome: stage.Succeeded}},
				told{20, "check", ledger.Began{}}, told{30, "check", ledger.Ended{Outcome: stage.Failed, Reason: "errors"}}, told{30, "", ledger.Undoing{Reason: "stage check failed"}},
				told{30, "deploy", ledger.UndoBegan{}}, told{40, "deploy", ledger.UndoEnded{Outcome: stage.Stranded, Reason: "no way back"}},
				told{40, "", ledger.Finished{Outcome: stage.Stranded, Reason: "stage deploy could not be undone"}}),
			review(t, "search-1", "search", []ledger.Stage{build, hold}, with(told{5, "window", ledger.Began{}},
				told{5, "window", ledger.Ended{Outcome: stage.Waiting, Reason: "frozen: weekend", Until: noon.Add(40 * time.Hour)}})...),
			review(t, "search-2", "search", []ledger.Stage{build}, with(told{5, "", ledger.Finished{Outcome: stage.Succeeded}})...),
			review(t, "search-3", "search", []ledger.Stage{build}, told{3, "build", ledger.Began{}},
				told{9, "", ledger.Signalled{Signal: stage.Signal{ID: "1", Kind: stage.Pause, By: "grace", Why: "lunch", At: noon.Add(-20 * time.Minute)}}}),
			review(t, "search-4", "search", []ledger.Stage{build}, told{3, "", ledger.Interrupted{Reason: "the host stops"}}),
			nil,
		},
		Planned: []board.Plan{
			{Release: "shop-9", Service: "shop", Version: "1.6.0", Environment: "production", At: noon.Add(20 * time.Hour), Until: noon.Add(22 * time.Hour), Owner: "ada", Note: "with sales"},
			{Release: "shop-1", Service: "shop", At: noon},
		},
		Forecast: func(s *ledger.State, now time.Time) (board.Forecast, bool) {
			switch s.Release.ID {
			case "shop-2":
				return board.Forecast{Share: 0.625, Done: now.Add(20 * time.Minute), Late: now.Add(35 * time.Minute)}, true
			case "shop-3":
				return board.Forecast{Share: -1, Done: now.Add(time.Hour), AtLeast: true}, true
			}
			return board.Forecast{}, false
		},
	}
}

// Reviews of nothing are left out, also where the page is of the time of the last one.
func TestReviewsOfNothing(t *testing.T) {
	b := board.Make(board.Input{Reviews: []*ledger.Review{nil, {}, review(t, "shop-1", "shop", []ledger.Stage{{Name: "build"}}, told{30, "build", ledger.Began{}})}})
	assert.Len(t, b.Cards, 1)
	assert.Equal(t, noon.Add(-150*time.Minute), b.Now)
}

// A rollout asks no more when its attempt has failed, and goes on to ask when its host was lost.
func TestAQuestionOfAnEarlierAttempt(t *testing.T) {
	deploy := ledger.Stage{Name: "deploy", Listens: []stage.SignalKind{stage.Approve}, Retry: ledger.Retry{Attempts: 3, Backoff: time.Minute}}
	ask := func(minute int, text0 string) told {
		return told{minute, "deploy", ledger.Noted{Name: "rollout-event", Data: text(map[string]any{"kind": "asked", "text": text0})}}
	}
	began, failed := told{50, "deploy", ledger.Began{}}, told{40, "deploy", ledger.Ended{Outcome: stage.Failed, Reason: "the cluster is away", RetryAt: noon.Add(-135 * time.Minute)}}
	for name, c := range map[string]struct {
		events []told
		want   string // the question
		since  int
	}{
		"asked":                   {[]told{{10, "deploy", ledger.Began{}}, ask(20, "first?")}, "first?", 20},
		"failed":                  {[]told{{10, "deploy", ledger.Began{}}, ask(40, "first?"), failed, began}, "", 0},
		"failed, and asked again": {[]told{{10, "deploy", ledger.Began{}}, ask(20, "first?"), failed, began, ask(60, "second?")}, "second?", 60},
		"its host was lost":       {[]told{{10, "deploy", ledger.Began{}}, ask(20, "first?"), {40, "", ledger.Taken{Host: "b", Fence: 2}}, began}, "first?", 20},
		"lost, and asked again":   {[]told{{10, "deploy", ledger.Began{}}, ask(20, "first?"), {40, "", ledger.Taken{Host: "b", Fence: 2}}, began, ask(60, "first?")}, "first?", 20},
	} {
		t.Run(name, func(t *testing.T) {
			b := board.Make(board.Input{Now: noon, Reviews: []*ledger.Review{review(t, "shop-1", "shop", []ledger.Stage{deploy}, c.events...)}})
			require.Len(t, b.Cards, 1)
			require.Len(t, b.Cards[0].Items, 1)
			item := b.Cards[0].Items[0]
			if c.want == "" {
				assert.Equal(t, board.Running, item.Section)
				assert.Equal(t, "runs", item.What)
				return
			}
			assert.Equal(t, board.Waiting, item.Section)
			assert.Equal(t, c.want, item.Text)
			assert.Equal(t, noon.Add(time.Duration(c.since-180)*time.Minute), item.Since)
		})
	}
}

func deploy1(s ledger.Stage) ledger.Stage {
	s.Needs = nil
	return s
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(name, []byte(got), 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// The pages are in testdata: read them as the people do who get them.
func TestPages(t *testing.T) {
	b := board.Make(everything(t))
	golden(t, "page.txt", b.Text())
	golden(t, "page.md", b.Markdown())
	raw, err := json.MarshalIndent(b, "", "  ")
	require.NoError(t, err)
	golden(t, "page.json", string(raw)+"\n")
	sydney, err := time.LoadLocation("Australia/Sydney")
	require.NoError(t, err)
	golden(t, "sales.txt", b.For(board.View{Name: "sales", Services: []string{"sh*", "search"}, Environments: []string{"production"},
		Sections: []board.Section{board.Waiting, board.Running, board.Planned}, Zone: sydney}).Text())
	assert.Equal(t, b.Text(), board.Make(everything(t)).Text())
}

// A page that went to another program as JSON is the same page there.
func TestAPageOfJSON(t *testing.T) {
	b := board.Make(everything(t))
	raw, err := json.Marshal(b)
	require.NoError(t, err)
	var read board.Board
	require.NoError(t, json.Unmarshal(raw, &read))
	assert.Equal(t, b.Text(), read.Text())
	assert.Equal(t, b.Markdown(), read.Markdown())
	for _, v := range []board.View{{}, {Services: []string{"sh*"}}, {Sections: []board.Section{board.Waiting}}, {Sections: []board.Section{}}} {
		assert.Equal(t, b.For(v).Text(), read.For(v).Text())
	}
}

// A share that is no number is not known, in each form of the page.
func TestAShareThatIsNone(t *testing.T) {
	for _, share := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1} {
		in := everything(t)
		in.Forecast = func(*ledger.State, time.Time) (board.Forecast, bool) { return board.Forecast{Share: share}, true }
		b := board.Make(in)
		assert.NotContains(t, b.Text(), "%")
		_, err := json.Marshal(b)
		assert.NoError(t, err)
	}
}

func TestAPageOfNothing(t *testing.T) {
	b := board.Make(board.Input{})
	assert.Equal(t, "Releases at Mon 1 Jan 0001 00:00 UTC\n\nThere is nothing to show.\n", b.Text())
	raw, err := json.Marshal(b)
	require.NoError(t, err)
	assert.JSONEq(t, `{"now":"0001-01-01T00:00:00Z","cards":[]}`, string(raw))
	var zero board.Board
	assert.Contains(t, zero.Text(), "There is nothing to show.")
	in := everything(t)
	assert.Empty(t, board.Make(in).For(board.View{Services: []string{"["}}).Cards)
}

func TestWhatIsOverIsShownForAWhile(t *testing.T) {
	in := everything(t)
	in.Reviews, in.Planned = in.Reviews[6:7], nil
	in.Now = noon.Add(21 * time.Hour)
	assert.Len(t, board.Make(in).Cards, 1)
	in.Now = noon.Add(22 * time.Hour)
	assert.Empty(t, board.Make(in).Cards)
	in.Keep = 48 * time.Hour
	assert.Len(t, board.Make(in).Cards, 1)
	in.Now = time.Time{}
	assert.Equal(t, noon.Add(-175*time.Minute), board.Make(in).Now, "the time of the last event")
}

// Whatever is in a text, the page has the lines that it has without it, and nothing steers a terminal.
func FuzzPage(f *testing.F) {
	f.Add("a\r\nDone\n  x: y", "\x1b[2J\u202e")
	f.Add("# title\n- item", strings.Repeat("**", 300))
	f.Fuzz(func(t *testing.T, service, reason string) {
		r := review(t, "r", service, []ledger.Stage{{Name: "build"}}, told{1, "build", ledger.Began{}},
			told{2, "build", ledger.Ended{Outcome: stage.Failed, Reason: reason}}, told{2, "", ledger.Finished{Outcome: stage.Failed, Reason: reason, By: reason}})
		b := board.Make(board.Input{Now: noon, Reviews: []*ledger.Review{r}, Planned: []board.Plan{{Service: service, Note: reason, Owner: reason, At: noon}}})
		for _, page := range []string{b.Text(), b.Markdown()} {
			assert.LessOrEqual(t, strings.Count(page, "\n"), 9)
			assert.False(t, strings.ContainsAny(page, "\r\x00\x1b\u202e\u2066\u2028"))
		}
	})
}

func Example() {
	approve := ledger.Stage{Name: "approve", Traits: []stage.Trait{stage.Asks}, Listens: []stage.SignalKind{stage.Approve, stage.Reject}}
	r := review(nil, "shop-42", "shop", []ledger.Stage{approve}, told{0, "approve", ledger.Began{}},
		told{0, "approve", ledger.Ended{Outcome: stage.Waiting, Reason: "Release to production? 0 of 1 approvals"}})
	page := board.Make(board.Input{
		Now: noon, Reviews: []*ledger.Review{r},
		Planned: []board.Plan{{Service: "pay", Version: "2.0.0", At: noon.Add(21 * time.Hour), Owner: "grace"}},
	})
	fmt.Print(page.Text())
	// Output:
	// Releases at Mon 23 Nov 2026 12:00 UTC
	//
	// Waits for people
	//   shop (shop-42): 0 of 1 stages, since 09:00, asked for by ada
	//     approve: approve or reject: Release to production? 0 of 1 approvals (since 09:00, for 3h0m)
	//
	// Planned
	//   pay 2.0.0: Tue 24 Nov 09:00, by grace
}
