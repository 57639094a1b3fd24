package notify_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type picky struct{ notify.Func }

func (picky) Validate() error { return errors.New("URL: it is empty") }

func TestNewReportsAllThatIsWrong(t *testing.T) {
	_, err := notify.New(notify.Options{})
	for _, want := range []string{"Store: it is nil", "Channels: there is none", "Groups: there is none", "Rules: there is none"} {
		assert.ErrorContains(t, err, want)
	}
	always := []notify.Hours{{From: 0, To: 24 * time.Hour}}
	_, err = notify.New(notify.Options{
		Store:    new(release.MemoryStore),
		Channels: map[string]notify.Channel{"Mail": nil, "hook": picky{}, "ok": notify.Func(func(context.Context, notify.Message) error { return nil })},
		Groups: []notify.Group{
			{Name: "a", Recipients: []notify.Recipient{
				{Channel: "fax", Zone: "Mars/Olympus", Hours: []notify.Hours{{From: -1, To: 25 * time.Hour, Days: []time.Weekday{7}}}},
				{Name: "b", Channel: "ok", Quiet: []notify.Hours{{From: time.Hour, To: time.Hour}}, DigestEvery: time.Hour, DigestAt: []time.Duration{25 * time.Hour}},
				{Name: "c", Channel: "ok", Zone: "Local", DigestEvery: -1, DigestBelow: 7},
				{Name: "d", Channel: "ok", Zone: "UTC", Quiet: always},
			}},
			{Name: "a"},
		},
		Rules: []notify.Rule{
			{},
			{Name: "r", Kinds: []string{"[", "release.exploded"}, AtLeast: -1, Dedupe: -1, To: []string{"nobody"},
				Escalate: &notify.Escalation{After: time.Second}, Template: notify.Template{Subject: "{{.Nothing}}", Text: "{{"}},
		},
		Templates: map[notify.Kind]notify.Template{"x": {}, notify.StageBegan: {Text: "{{index .Parts 3}}"}},
		Alarms:    "z", Poll: -1, Timeout: -1, Retry: notify.Retry{Attempts: -1, Within: -1, Backoff: 2, MaxBackoff: 1},
	})
	for _, want := range []string{
		"Channels[Mail]: not a name", "Channels[Mail]: it is nil", "Channels[hook]: URL: it is empty",
		"Groups[0].Recipients[0].Name: it is empty", `Groups[0].Recipients[0].Channel: there is no channel "fax"`,
		`Groups[0].Recipients[0].Zone: "Mars/Olympus" cannot be loaded`, "Groups[0].Recipients[0].Hours[0].From: -1ns is no time of day",
		"Groups[0].Recipients[0].Hours[0].To: 25h0m0s is no time of day", "Groups[0].Recipients[0].Hours[0].Days: 7 is no day",
		"Groups[0].Recipients[1].Zone: it is empty", "Groups[0].Recipients[1].Quiet[0].From, To: both are 1h0m0s",
		"Groups[0].Recipients[1].DigestEvery, DigestAt: both are set", "Groups[0].Recipients[1].DigestAt[0]: 25h0m0s is no time of day",
		`Groups[0].Recipients[2].Zone: "Local" cannot be loaded`, "Groups[0].Recipients[2].DigestEvery: -1ns is below zero",
		"Groups[0].Recipients[2].DigestBelow: severity(7) is none", "Groups[0].Recipients[3].Quiet: it never ends",
		`Groups[1].Name: "a" is empty, or there are two`, "Groups[1].Recipients: there is none",
		`Rules[0].Name: "" is empty`, "Rules[0].To: there is no group", `Rules[1].Kinds[0]: "[" is no pattern`,
		`Rules[1].Kinds[1]: no kind matches "release.exploded"`, "Rules[1].AtLeast: severity(-1) is none", "Rules[1].Dedupe: -1ns is below zero",
		`Rules[1].To[0]: there is no group "nobody"`, "Rules[1].Escalate.After: 1s is less than a minute", "Rules[1].Escalate.To: there is no group",
		"Rules[1].Escalate: the rule matches nothing that asks", "Rules[1].Template: Subject: ", "Text: template: ", "Templates[x]: there is no such kind",
		"Templates[stage.began]: Text: ", `Alarms: there is no group "z"`, "Poll: -1ns is below zero", "Timeout: -1ns",
		"Retry.Attempts: -1", "Retry.Within: -1ns", "Retry.MaxBackoff: 1ns is less than the Backoff of 2ns",
	} {
		assert.ErrorContains(t, err, want)
	}
}

func TestAnEscalationToWhoNeverWakes(t *testing.T) {
	o := plain(new(release.MemoryStore), map[string]notify.Channel{"room": &room{}})
	o.Groups = append(o.Groups, notify.Group{Name: "owls", Recipients: []notify.Recipient{{
		Name: "eve", Channel: "room", Zone: "UTC", Hours: []notify.Hours{{From: 22 * time.Hour, To: 23 * time.Hour}},
		Quiet: []notify.Hours{{From: 20 * time.Hour, To: 8 * time.Hour}},
	}}})
	o.Rules[0].Escalate = &notify.Escalation{After: time.Hour, To: []string{"owls"}}
	_, err := notify.New(o)
	assert.ErrorContains(t, err, `Rules[0].Escalate.To: nobody in group "owls" is ever awake`)
	o.Groups[1].Recipients = append(o.Groups[1].Recipients, notify.Recipient{Name: "ada", Channel: "room", Zone: "Europe/Berlin"})
	_, err = notify.New(o)
	assert.ErrorContains(t, err, "is in another group with other settings", "the ada of the team has no zone")
}

func TestSeverity(t *testing.T) {
	for _, s := range []notify.Severity{notify.Info, notify.Warning, notify.Urgent} {
		text, err := s.MarshalText()
		require.NoError(t, err)
		var back notify.Severity
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, s, back)
	}
	var s notify.Severity
	assert.Error(t, s.UnmarshalText([]byte("dire")))
	_, err := notify.Severity(9).MarshalText()
	assert.Error(t, err)
}

func TestPermanent(t *testing.T) {
	assert.NoError(t, notify.Permanent(nil))
	assert.True(t, notify.IsPermanent(errors.Join(notify.Permanent(errDown))))
	assert.ErrorIs(t, notify.Permanent(errDown), errDown)
	assert.False(t, notify.IsPermanent(errDown))
	assert.ErrorIs(t, &notify.AfterError{Err: errDown}, errDown)
}
