package local

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// The state folder of a fleet:
//
//	fleet.lock               held by the fleet that owns the folder, and names it
//	instances/ID/state.json  what is known of the instance
//	instances/ID/output.log  what it writes now; output.log.1 is what came before
//	instances/ID/work/       the instance's own folder
//	quarantine/ID/           instances whose state could not be read, as they were found
//
// An ID's folder without a state file is rubbish: the file is the first thing that is written,
// before a process exists, and the first that goes, after the process has gone.
const (
	lockName       = "fleet.lock"
	instancesName  = "instances"
	quarantineName = "quarantine"
	stateName      = "state.json"
	logName        = "output.log"
	oldLogName     = "output.log.1"
	workName       = "work"
)

// stateFormat is the version of the state file. A reader refuses any other, because it could neither
// adopt nor safely end what it does not understand.
const stateFormat = 1

// stage is how far the life of an instance is, as the state file tells it.
type stage string

const (
	// stageIntended: the process is about to be started, or was and its host died before it could say
	// so.
	stageIntended stage = "intended"
	stageRunning  stage = "running"
	stageStopping stage = "stopping"
	stageFailed   stage = "failed"
	stageStopped  stage = "stopped"
)

// record is the state file of one instance.
type record struct {
	Format  int           `json:"format"`
	ID      string        `json:"id"`
	Service string        `json:"service"`
	Pool    strategy.Pool `json:"pool"`
	Addr    string        `json:"addr"`
	Stage   stage         `json:"stage"`
	Created time.Time     `json:"created"`
	// Process is set in every stage but intended.
	Process    processID `json:"process,omitzero"`
	ReadySince time.Time `json:"ready_since,omitzero"`
	// Ended and Reason are set in the stages failed and stopped.
	Ended  time.Time `json:"ended,omitzero"`
	Reason string    `json:"reason,omitempty"`
}

// processID tells a process from any other that ever had its number.
type processID struct {
	PID int `json:"pid"`
	// Start is when the process began, in the system's own terms.
	Start string `json:"start"`
	// Boot tells the run of the operating system that Start belongs to.
	Boot string `json:"boot"`
}

// alive reports whether this very process still runs. Where that cannot be told, it does for now:
// nobody's instances may be killed because the host has run out of file descriptors.
func (p processID) alive() bool {
	alive, err := p.check()
	return alive || err != nil
}

// formatError is a state file of another version of this package.
type formatError struct{ format int }

func (e formatError) Error() string {
	return fmt.Sprintf("format %d is not %d: it was written by another version of this library", e.format, stateFormat)
}

// parseRecord reads a state file. What it accepts is safe to act on: above all, a process number
// that is missing, or that would stand for more than one process in a signal, is refused.
func parseRecord(data []byte) (record, error) {
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return record{}, err
	}
	if version.Format != stateFormat {
		return record{}, formatError{version.Format}
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
	if err := r.validate(); err != nil {
		return record{}, err
	}
	return r, nil
}

func (r record) validate() error {
	if err := validName(r.ID); err != nil {
		return fmt.Errorf("id: %w", err)
	}
	if err := validName(r.Service); err != nil {
		return fmt.Errorf("service: %w", err)
	}
	if r.Pool.Revision.IsZero() {
		return errors.New("pool: no revision")
	}
	_, port, err := net.SplitHostPort(r.Addr)
	if err != nil {
		return fmt.Errorf("addr: %w", err)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("addr: %q is no port", port)
	}
	if r.Created.IsZero() {
		return errors.New("created: no time")
	}
	switch r.Stage {
	case stageIntended:
		if r.Process != (processID{}) {
			return errors.New("process: an intended instance has none yet")
		}
		return nil
	case stageRunning, stageStopping, stageFailed, stageStopped:
	default:
		return fmt.Errorf("stage: %q is unknown", r.Stage)
	}
	if r.Process.PID <= 1 {
		return fmt.Errorf("process: %d is no pid of an instance", r.Process.PID)
	}
	if r.Process.Start == "" {
		return errors.New("process: no start time")
	}
	if ended := r.Stage == stageFailed || r.Stage == stageStopped; ended == r.Ended.IsZero() {
		return fmt.Errorf("ended: does not fit the stage %s", r.Stage)
	}
	return nil
}

func readRecord(dir string) (record, error) {
	data, err := os.ReadFile(filepath.Join(dir, stateName))
	if err != nil {
		return record{}, err
	}
	r, err := parseRecord(data)
	if err != nil {
		return record{}, err
	}
	if want := filepath.Base(dir); r.ID != want {
		return record{}, fmt.Errorf("id: %q lies in the folder of %q", r.ID, want)
	}
	return r, nil
}

func writeRecord(dir string, r record) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return writeAtomically(filepath.Join(dir, stateName), append(data, '\n'))
}

// writeAtomically leaves the file as it was or as it shall be, whenever the machine stops. There
// must be one writer at a time for each path.
func writeAtomically(path string, data []byte) (err error) {
	temp := path + ".tmp"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp))
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(temp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
