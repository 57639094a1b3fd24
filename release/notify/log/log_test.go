package log_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"sync"
	"testing"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/release/notify/log"
	"github.com/davit-sdk/davit/release/notify/notifytest"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-hclog"
	"github.com/stretchr/testify/assert"
)

func Example() {
	logger := hclog.New(&hclog.LoggerOptions{Output: os.Stdout, DisableTime: true})
	channel := log.Channel{Logger: logger}
	_ = channel.Send(context.Background(), notify.Message{
		ID: "1", Subject: "shop 1.5.0 failed",
		Occurrence: notify.Occurrence{Kind: notify.ReleaseFailed, Severity: notify.Warning, Release: stage.Release{ID: "shop-42", Service: "shop"}},
	})
	// Output: [WARN]  shop 1.5.0 failed: id=1 kind=release.failed service=shop release=shop-42
}

// place is a log of JSON lines.
type place struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *place) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *place) Arrived() []notifytest.Arrival {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []notifytest.Arrival
	d := json.NewDecoder(bytes.NewReader(p.text.Bytes()))
	for {
		var line map[string]any
		if d.Decode(&line) != nil {
			return all
		}
		id, _ := line["id"].(string)
		text, _ := line["@message"].(string)
		reason, _ := line["reason"].(string)
		all = append(all, notifytest.Arrival{ID: id, Text: text + " " + reason})
	}
}

func (p *place) Close() {}

func TestLaws(t *testing.T) {
	notifytest.Suite{New: func() (notify.Channel, notifytest.Place) {
		p := &place{}
		return log.Channel{Logger: hclog.New(&hclog.LoggerOptions{Output: p, JSONFormat: true})}, p
	}}.Run(t)
}

func TestLevels(t *testing.T) {
	p := &place{}
	c := log.Channel{Logger: hclog.New(&hclog.LoggerOptions{Output: p, DisableTime: true})}
	for _, s := range []notify.Severity{notify.Info, notify.Warning, notify.Urgent} {
		assert.NoError(t, c.Send(t.Context(), notify.Message{ID: "1", Subject: "s", Occurrence: notify.Occurrence{Severity: s}}))
	}
	assert.Equal(t, "[INFO]  s: id=1 kind=\"\"\n[WARN]  s: id=1 kind=\"\"\n[ERROR] s: id=1 kind=\"\"\n", p.text.String())
	assert.ErrorContains(t, log.Channel{}.Validate(), "Logger: it is nil")
}
