package cdevents_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/release/notify/cdevents"
	"github.com/davit-sdk/davit/release/notify/notifytest"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// occurred is a message of a stage that deploys.
func occurred(k notify.Kind, o stage.Outcome) notify.Message {
	return notify.Message{ID: "m1", Subject: "s", Occurrence: notify.Occurrence{
		Kind: k, Outcome: o, Time: time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC), Release: stage.Release{ID: "shop-42", Service: "shop"}, Pipeline: "shop",
		Stage: "production", Environment: "eu", Attempt: 1, Reason: "why", Version: "1.5.0", Artifact: &stage.Artifact{Digest: "sha256:00ff"}, Deploys: true,
	}}
}

func Example() {
	m := occurred(notify.StageSucceeded, stage.Succeeded)
	for _, e := range cdevents.Events("/davit/shop", m) {
		fmt.Printf("%s %s %s %q\n", e.Context.ID, e.Context.Type, e.Subject.ID, e.Subject.Content.ArtifactID)
	}
	// Output:
	// m1 dev.cdevents.taskrun.finished.0.3.0 shop-42/production/1 ""
	// m1-2 dev.cdevents.service.deployed.0.3.0 shop "pkg:generic/shop@1.5.0?checksum=sha256:00ff"
}

// read reads a request in either mode.
func read(r *http.Request, body []byte) ([]notifytest.Arrival, error) {
	id := r.Header.Get("ce-id")
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/cloudevents+json") {
		var c struct{ ID string }
		if err := json.Unmarshal(body, &c); err != nil {
			return nil, err
		}
		id = c.ID
	}
	return []notifytest.Arrival{{ID: id}}, nil
}

func TestLaws(t *testing.T) {
	for name, binary := range map[string]bool{"structured": false, "binary": true} {
		t.Run(name, func(t *testing.T) {
			notifytest.Suite{New: func() (notify.Channel, notifytest.Place) {
				place := notifytest.NewServer(read)
				return &cdevents.Channel{URL: place.URL, Source: "/davit/shop", Binary: binary, Token: stage.NewSecret("t0ken")}, place
			}}.Run(t)
		})
	}
}

// What becomes of each kind, and that no event lacks what its schema requires.
func TestEvents(t *testing.T) {
	types := func(m notify.Message) string {
		var all []string
		for _, e := range cdevents.Events("/davit", m) {
			all = append(all, strings.TrimSuffix(strings.TrimPrefix(e.Context.Type, "dev.cdevents."), ".0.3.0")+" "+e.Subject.Content.Outcome)
			lawful(t, e)
		}
		return strings.TrimSpace(strings.Join(all, ", "))
	}
	assert.Equal(t, "pipelinerun.queued", types(occurred(notify.ReleaseRequested, "")))
	for outcome, want := range map[stage.Outcome]string{
		stage.Succeeded: "success", stage.Skipped: "success", stage.Failed: "failure", stage.Rejected: "failure", stage.RolledBack: "failure",
		stage.Aborted: "cancel", stage.Stranded: "error",
	} {
		m := occurred(notify.Kind("release."+string(outcome)), outcome)
		assert.Equal(t, "pipelinerun.finished "+want, types(m))
		m = occurred(notify.Kind("stage."+string(outcome)), outcome)
		m.Deploys = false
		assert.Equal(t, "taskrun.finished "+want, types(m))
		assert.Equal(t, want != "success", cdevents.Events("/", m)[0].Subject.Content.Errors == "why")
	}
	assert.Equal(t, "taskrun.started", types(occurred(notify.StageBegan, "")))
	up := occurred(notify.StageSucceeded, stage.Succeeded)
	up.Previous = "1.4.0"
	assert.Equal(t, "taskrun.finished success, service.upgraded", types(up))
	back := occurred(notify.StageRolledBack, stage.RolledBack)
	assert.Equal(t, "taskrun.finished failure", types(back), "nobody knows what runs now")
	back.Previous = "1.4.0"
	assert.Equal(t, "taskrun.finished failure, service.rolledback", types(back))
	assert.Equal(t, "pkg:generic/shop@1.4.0", cdevents.Events("/", back)[1].Subject.Content.ArtifactID)
	undone := occurred(notify.StageUndone, stage.Succeeded)
	undone.Previous = "1.4.0"
	assert.Equal(t, "service.rolledback", types(undone))
	up.Environment = ""
	assert.Equal(t, "taskrun.finished success", types(up), "no environment")
	for _, k := range []notify.Kind{notify.ApprovalAsked, notify.GateFailed, notify.Alarm, notify.Digest, notify.StageParked, notify.ReleaseUndoing} {
		assert.Empty(t, types(occurred(k, "")))
	}
	assert.Empty(t, types(notify.Message{ID: "a", Occurrence: notify.Occurrence{Kind: notify.ReleaseFailed, Outcome: stage.Failed}}))
}

// lawful checks what the schemas of CDEvents 0.5.1 require and allow of these events.
func lawful(t *testing.T, e cdevents.Event) {
	t.Helper()
	raw, err := json.Marshal(e)
	require.NoError(t, err)
	var all struct {
		Context map[string]any
		Subject struct {
			ID      string
			Source  string
			Content map[string]any
		}
		CustomData map[string]any
	}
	require.NoError(t, json.Unmarshal(raw, &all))
	for _, name := range []string{"specversion", "id", "source", "type", "timestamp"} {
		assert.NotEmpty(t, all.Context[name], name)
	}
	assert.Equal(t, "0.5.1", all.Context["specversion"])
	assert.NotEmpty(t, all.Subject.ID)
	assert.NotEmpty(t, all.CustomData)
	_, err = url.Parse(all.Subject.Source)
	assert.NoError(t, err)
	allowed := map[string]string{
		"pipelinerun.queued": "pipelineName", "pipelinerun.finished": "pipelineName outcome errors", "taskrun.started": "taskName pipelineRun",
		"taskrun.finished": "taskName pipelineRun outcome errors",
		"service.deployed": "environment artifactId", "service.upgraded": "environment artifactId", "service.rolledback": "environment artifactId",
	}[strings.TrimSuffix(strings.TrimPrefix(e.Context.Type, "dev.cdevents."), ".0.3.0")]
	for name := range all.Subject.Content {
		assert.Contains(t, strings.Fields(allowed), name, e.Context.Type)
	}
	if strings.Contains(e.Context.Type, "service.") {
		assert.Len(t, all.Subject.Content, 2)
	}
}

func TestModes(t *testing.T) {
	var header http.Header
	var body []byte
	place := notifytest.NewServer(func(r *http.Request, b []byte) ([]notifytest.Arrival, error) {
		header, body = r.Header.Clone(), bytes.Clone(b)
		return nil, nil
	})
	defer place.Close()
	m := occurred(notify.StageBegan, "")
	m.Stage = "über 100%"
	channel := &cdevents.Channel{URL: place.URL, Source: "/davit/shop", Binary: true}
	require.NoError(t, channel.Send(context.Background(), m))
	assert.Equal(t, "application/json; charset=utf-8", header.Get("Content-Type"))
	assert.Empty(t, header.Get("Authorization"))
	for name, want := range map[string]string{
		"specversion": "1.0", "id": "m1", "source": "/davit/shop", "type": "dev.cdevents.taskrun.started.0.3.0",
		"subject": "shop-42/%C3%BCber%20100%25/1", "time": "2026-11-23T17:00:00Z",
	} {
		assert.Equal(t, want, header.Get("ce-"+name))
	}
	var e cdevents.Event
	require.NoError(t, json.Unmarshal(body, &e))
	assert.Equal(t, cdevents.Events("/davit/shop", m)[0], e)

	channel.Binary, channel.Token = false, stage.NewSecret("t0ken")
	require.NoError(t, channel.Send(context.Background(), m))
	assert.Equal(t, "application/cloudevents+json; charset=utf-8", header.Get("Content-Type"))
	assert.Equal(t, "Bearer t0ken", header.Get("Authorization"))
	var c map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(body, &c))
	assert.JSONEq(t, `"1.0"`, string(c["specversion"]))
	assert.JSONEq(t, `"shop-42/über 100%/1"`, string(c["subject"]))
	require.NoError(t, json.Unmarshal(c["data"], &e))
	assert.Equal(t, "m1", e.Context.ID)
}

func TestValidate(t *testing.T) {
	err := (&cdevents.Channel{URL: "ftp://x", Source: "a b", Token: stage.NewSecret("canary x")}).Validate()
	for _, want := range []string{"URL: it is no URL of http", `Source: "a b" is no URI reference`, "Token: it holds spaces"} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "canary")
}
