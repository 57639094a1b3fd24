package stagetest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
)

// desk is the side of the Host that a Task sees.
type desk struct {
	h     *Host
	given map[string]json.RawMessage
}

var (
	_ stage.Host   = desk{}
	_ stage.Denier = desk{}
	_ stage.Vault  = desk{}
)

func (d desk) Value(name string) (json.RawMessage, bool) {
	raw, ok := d.given[name]
	return raw, ok
}

func (d desk) Secret(_ context.Context, name string) (stage.Secret, error) {
	secret, ok := d.h.secrets[name]
	if !ok {
		return stage.Secret{}, fmt.Errorf("%w: the host knows none of that name", stage.ErrNoValue)
	}
	return secret, nil
}

func (d desk) SetValue(name string, value json.RawMessage) error {
	d.h.mu.Lock()
	defer d.h.mu.Unlock()
	d.h.values[name] = value
	return nil
}

func (d desk) Checkpoint(_ context.Context, data json.RawMessage, heard int) error {
	d.h.mu.Lock()
	defer d.h.mu.Unlock()
	d.h.saved, d.h.heard = data, heard
	return nil
}

func (d desk) Signal(ctx context.Context, n int) (stage.Signal, error) {
	for {
		d.h.mu.Lock()
		inbox, changed := d.h.inbox, d.h.changed
		d.h.mu.Unlock()
		if n < len(inbox) {
			return inbox[n], nil
		}
		if ctx.Err() != nil {
			return stage.Signal{}, context.Cause(ctx)
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

func (d desk) Progress(_ context.Context, p stage.Progress) error {
	d.h.mu.Lock()
	defer d.h.mu.Unlock()
	d.h.progress = append(d.h.progress, p)
	return nil
}

func (d desk) Evidence(_ context.Context, v gate.Verdict) error {
	d.h.mu.Lock()
	defer d.h.mu.Unlock()
	d.h.verdicts = append(d.h.verdicts, v)
	return nil
}

func (d desk) Detail(_ context.Context, name string, data json.RawMessage) error {
	d.h.mu.Lock()
	defer d.h.mu.Unlock()
	d.h.details = append(d.h.details, Detail{name, data})
	return nil
}

func (d desk) Denied(err error) {
	d.h.mu.Lock()
	defer d.h.mu.Unlock()
	d.h.denied = append(d.h.denied, err)
}
