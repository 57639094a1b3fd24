package plan_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/plan"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// story is the events of a release of the shop, minute by minute.
func story(more ...ledger.Event) []ledger.Event {
	events := append([]ledger.Event{
		{Body: ledger.Requested{Release: stage.Release{ID: "shop-5", Service: "shop", RequestedBy: "ada"}, Pipeline: outline()}},
		{Stage: "build", Attempt: 1, Body: ledger.Began{}}, {Stage: "build", Attempt: 1, Body: ledger.Ended{Outcome: stage.Succeeded}},
		{Stage: "approval", Attempt: 1, Body: ledger.Began{}}, {Stage: "approval", Attempt: 1, Body: ledger.Ended{Outcome: stage.Succeeded}},
		{Stage: "production", Attempt: 1, Body: ledger.Began{}},
	}, more...)
	for i := range events {
		events[i].Seq, events[i].Time = uint64(i+1), at(9, i)
	}
	return events
}

// told are the actions that are due after the events, at a time; and those of a watch that has restarted before each of them.
func told(t *testing.T, events []ledger.Event, now time.Time) []string {
	t.Helper()
	w := plan.NewWatch(good())
	for _, e := range events {
		require.NoError(t, w.Apply(e))
	}
	var texts []string
	for _, a := range w.Due(now) {
		texts = append(texts, a.String())
	}
	again := plan.NewWatch(good())
	for _, e := range events {
		require.NoError(t, again.Apply(e))
		again.Come(e.Time) // whoever asks in between changes nothing
	}
	require.Equal(t, w.Due(now), again.Due(now))
	require.Equal(t, w.Come(now), again.Come(now))
	return texts
}

func TestRisksThatCome(t *testing.T) {
	fails := ledger.Event{Stage: "production", Attempt: 1, Body: ledger.Judged{Verdict: gate.Verdict{Gate: "eu/errors", Outcome: gate.Fail, Reason: "4 %"}}}
	passes := ledger.Event{Stage: "production", Attempt: 1, Body: ledger.Judged{Verdict: gate.Verdict{Gate: "errors", Outcome: gate.Pass}}}
	backs := ledger.Event{Stage: "production", Attempt: 1, Body: ledger.Ended{Outcome: stage.RolledBack, Reason: "4 %", Evidence: []gate.Verdict{{Gate: "errors", Outcome: gate.Fail, Reason: "4 %"}}}}
	sent := ledger.Event{Body: ledger.Signalled{Signal: stage.Signal{ID: "risk:shop-5/errors", Kind: stage.Abort, Stage: "production", By: "plan shop-5"}}}
	abort := "shop-5: risk errors has come (gate eu/errors says fail: 4 %): signal abort to production"
	board := "shop-5: risk stuck has come (stage production takes longer than 1h0m0s): tell ada, grace: look at the router"

	assert.Empty(t, told(t, story(), at(9, 30)))
	assert.Empty(t, told(t, story(passes), at(9, 30)))
	assert.Equal(t, []string{abort}, told(t, story(fails), at(9, 30)))
	assert.Equal(t, []string{abort}, told(t, story(fails, fails), at(9, 30)), "once")
	assert.Empty(t, told(t, story(fails, sent), at(9, 30)), "it is recorded")
	assert.Equal(t, []string{abort, board}, told(t, story(fails), at(11, 0)))
	assert.Equal(t, []string{"shop-5: risk errors has come (gate errors says fail: 4 %): signal abort to production"}, told(t, story(backs), at(11, 0)),
		"the page runs by itself, and nothing takes long any more")

	w := plan.NewWatch(good())
	for _, e := range story(fails, fails) {
		require.NoError(t, w.Apply(e))
	}
	assert.Equal(t, at(9, 6), w.Due(at(9, 30))[0].At, "when it came first")
	w = plan.NewWatch(good())
	for _, e := range story(fails)[:6] {
		require.NoError(t, w.Apply(e))
	}
	assert.Equal(t, at(10, 5), w.Wake(), "an hour after it began")
	due := w.Due(at(10, 5))
	require.Len(t, due, 1)
	assert.Equal(t, at(10, 5), due[0].At)
	assert.True(t, w.Wake().IsZero())
	require.NoError(t, w.Apply(story(fails)[6]))
	due = w.Due(at(10, 5))
	require.Len(t, due, 2)
	require.NotNil(t, due[0].Signal)
	assert.Equal(t, "risk:shop-5/errors", due[0].ID)
	assert.Equal(t, due[0].ID, due[0].Signal.ID)
	assert.Equal(t, "plan shop-5", due[0].Signal.By)
	require.ErrorIs(t, w.Apply(story()[0]), ledger.ErrBroken)

	over := append(story(backs), ledger.Event{Seq: 8, Time: at(9, 8), Stage: "page", Body: ledger.Ended{Outcome: stage.Skipped}},
		ledger.Event{Seq: 9, Time: at(9, 9), Body: ledger.Finished{Outcome: stage.RolledBack}})
	assert.Empty(t, told(t, over, at(12, 0)), "nothing is sent to what is over")
	w = plan.NewWatch(good())
	for _, e := range over {
		require.NoError(t, w.Apply(e))
	}
	come := w.Come(at(12, 0))
	require.Len(t, come, 2)
	assert.Equal(t, "shop-5: risk no-way has come (stage production ended as rolled-back: 4 %): stage page runs", come[1].String())
	assert.True(t, w.State().Over())
}

func TestParseIsStrict(t *testing.T) {
	for text, want := range map[string]string{
		`{"name":"a","name":"b"}`: `field "name" comes twice`,
		`{"NAME":"a"}`:            `"NAME" is no field`,
		`{"phases":[{"from":"2026-11-24T08:00:00Z"},{"owner":"a","owner":"b"}]}`: `field "owner" comes twice`,
		`{"nom":"a"}`:                       "unknown field",
		`{"name":"a"} {}`:                   "something comes behind it",
		`{"name":`:                          "EOF",
		"null":                              "it is null",
		`{"mode":"nonsense"}`:               `there is no mode "nonsense"`,
		`{"moves":[{"to":"soon"}]}`:         `there is no mode "soon"`,
		"\xff":                              "it is not UTF-8",
		strings.Repeat(" ", plan.MaxJSON+1): "at most",
	} {
		_, err := plan.Parse([]byte(text))
		require.ErrorIs(t, err, plan.ErrForm)
		require.ErrorContains(t, err, want)
	}
	p, err := plan.Parse([]byte(`{"name":"owner","owner":"name","phases":[{"owner":"a"},{"owner":"b"}],"scope":{"gone":["owner","owner"]}}`))
	require.NoError(t, err)
	assert.Equal(t, "name", p.Owner)
}

func FuzzParse(f *testing.F) {
	text, err := good().Encode()
	require.NoError(f, err)
	f.Add(text)
	for _, seed := range []string{"", "null", "{}", "[]", `{"name":"a"} {}`, `{"owner":1}`, `{"nom":"a"}`, `{"window":{"from":"2026-11-24T08:00:00+25:00"}}`,
		`{"phases":[{"name":"a","from":"2026-11-24T08:00:00.123456789+05:30","needs":[],"downtime_ns":-1}]}`, `{"people":[{"hours":[{"days":["MO",""],"from":"25:61"}]}]}`,
		`{"risks":[{"trigger":{"ends":["failed"],"longer_ns":9223372036854775807}}],"bookings":[{"amount":9223372036854775807}]}`, "\xff"} {
		f.Add([]byte(seed))
	}
	o := outline()
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := plan.Parse(text)
		if err != nil {
			require.ErrorIs(t, err, plan.ErrForm)
			return
		}
		_ = p.Check(plan.Against{Zones: time.LoadLocation, Outline: &o, Gates: []string{}, Others: []plan.Plan{p}}).Text()
		_, _ = p.Text(), p.Markdown()
		first, err := p.Encode()
		if err != nil {
			return // a year that JSON does not have
		}
		back, err := plan.Parse(first)
		require.NoError(t, err)
		second, err := back.Encode()
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
		compact, err := json.Marshal(p)
		require.NoError(t, err)
		again, err := plan.Parse(compact)
		require.NoError(t, err)
		require.Equal(t, back, again)
	})
}

// A signal that would let something pass is not sent to a stage that there is not, either: nobody knows what it is.
func TestASignalToNoStageIsRefused(t *testing.T) {
	p := good()
	p.Risks[0].Mitigation = plan.Mitigation{Signal: stage.SkipStage, To: "approval.eu"}
	w := plan.NewWatch(p)
	for _, e := range story(ledger.Event{Stage: "production", Attempt: 1, Body: ledger.Judged{Verdict: gate.Verdict{Gate: "errors", Outcome: gate.Fail}}}) {
		require.NoError(t, w.Apply(e))
	}
	due := w.Due(at(9, 30))
	require.Len(t, due, 1)
	assert.Nil(t, due[0].Signal)
	assert.Equal(t, `the release has no stage "approval.eu"`, due[0].Refused)
	assert.Equal(t, []string{"grace"}, due[0].Tell)
}
