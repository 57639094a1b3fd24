package haproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// recordFormat is the version of the record file. A reader refuses any other.
const recordFormat = 1

// record is the table that was routed last, for whoever finds an HAProxy that has forgotten it.
type record struct {
	Format  int           `json:"format"`
	Service string        `json:"service"`
	Table   rollout.Table `json:"table"`
	// Seats says who is at which server, where no map of HAProxy's does.
	Seats []seatRecord `json:"seats,omitempty"`
}

// seatRecord is who is at a server.
type seatRecord struct {
	Server string        `json:"server"`
	ID     string        `json:"id"`
	Addr   string        `json:"addr"`
	Pool   strategy.Pool `json:"pool"`
}

// ErrNoRecord says that nothing was ever routed from this folder.
var ErrNoRecord = errors.New("no table was routed yet")

func (r record) text() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	return append(data, '\n'), err
}

func parseRecord(data []byte) (record, error) {
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return record{}, err
	}
	if version.Format != recordFormat {
		return record{}, fmt.Errorf("format %d is not %d: it was written by another version of this library", version.Format, recordFormat)
	}
	var r record
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return record{}, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return record{}, errors.New("something follows the record")
	}
	return r, nil
}

func readRecord(d disk, path, service string) (record, error) {
	data, err := d.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return record{}, fmt.Errorf("%s: %w", path, ErrNoRecord)
	}
	if err != nil {
		return record{}, err
	}
	r, err := parseRecord(data)
	if err == nil && r.Service != service {
		err = fmt.Errorf("it is of the service %q, not of %q", r.Service, service)
	}
	if err != nil {
		return record{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// writeRecord writes down what is about to be put into effect. It lies on the machine of the host, be
// HAProxy elsewhere or not.
func writeRecord(d disk, path string, r record) error {
	data, err := r.text()
	if err != nil {
		return fmt.Errorf("record the table: %w", err)
	}
	if old, err := d.Read(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := d.Write(path, data); err != nil {
		return fmt.Errorf("record the table: write %s: %w", path, err)
	}
	return nil
}

func (g *Groups) remember(t rollout.Table) error {
	return writeRecord(g.disk, g.opts.recordFile(), record{Format: recordFormat, Service: g.opts.Name, Table: t})
}

// Reapply puts the table that was routed last, by whichever host on this folder, into effect where
// HAProxy shows another one, as after a restart without its files. It does so whoever changed it: call
// it while no rollout is under way, or let Keep do it. ErrNoRecord says that there is no such table.
//
// Unlike Route it does not wait for each instance: one that fails HAProxy's checks meanwhile comes back as
// down, where another one of its group is up.
func (g *Groups) Reapply(ctx context.Context) error {
	return g.reapply(ctx, g.opts.recordFile(), g.opts.Name, g.Table, g.route)
}

// reapply lets nobody route meanwhile: what was routed last when it reads the record is so when it is done.
func (m *mover) reapply(ctx context.Context, path, service string, table func(context.Context) (rollout.Table, error), route func(context.Context, rollout.Table, bool) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := readRecord(m.disk, path, service)
	if err != nil {
		return fmt.Errorf("reapply: %w", err)
	}
	now, err := table(ctx)
	if err == nil && now.Equal(r.Table) {
		return nil
	}
	if err := route(ctx, r.Table, true); err != nil {
		return fmt.Errorf("reapply: %w", err)
	}
	return nil
}

// Keep looks at HAProxy every interval until ctx ends, and reapplies the table where HAProxy is another
// process than at the look before: one that was reloaded or restarted, and came up with something else.
// What somebody changes by hand in a process that runs on is left to the rollouts, and to people. It also
// writes down which servers have left, where nobody asks InFlight for them. What fails is logged, and tried again at the next look. It returns the cause of the context's end.
//
// It may run beside a rollout: what it puts into effect is what the rollout routed last.
func (g *Groups) Keep(ctx context.Context, interval time.Duration) error {
	return g.keep(ctx, interval, func(ctx context.Context) (scene, error) {
		v, err := g.look(ctx)
		return v.scene, err
	}, g.Reapply)
}
