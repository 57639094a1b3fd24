package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// deputy is a host as the process that has started it sees it: a process that takes orders, tells what
// happens, and can be killed.
type deputy struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	errors strings.Builder
	killed atomic.Bool
	ended  chan struct{} // closed when the process is over and all that it told was read

	mu      sync.Mutex
	told    []line
	changed chan struct{} // closed and replaced when there is more
}

// startHost starts a host, and waits until it is up.
func startHost(ctx context.Context, dir, world string) (*deputy, line, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, line{}, err
	}
	d := &deputy{cmd: exec.Command(self, dir, world), ended: make(chan struct{}), changed: make(chan struct{})}
	d.cmd.Env = append(os.Environ(), envRole+"=host")
	d.cmd.Stderr = &d.errors
	if d.in, err = d.cmd.StdinPipe(); err != nil {
		return nil, line{}, err
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, line{}, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, line{}, err
	}
	go d.listen(out)
	up, err := d.await(ctx, "that it is up", func(l line) bool { return l.Ready })
	if err != nil {
		return nil, line{}, errors.Join(err, d.end())
	}
	return d, up, nil
}

// listen reads what the host tells until it is over.
func (d *deputy) listen(out io.Reader) {
	defer close(d.ended)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l line
		if json.Unmarshal(lines.Bytes(), &l) != nil {
			continue // it died in the middle of a line
		}
		d.mu.Lock()
		d.told = append(d.told, l)
		close(d.changed)
		d.changed = make(chan struct{})
		d.mu.Unlock()
	}
	_ = d.cmd.Wait() // how it ended is known: it was killed, or told to stop
}

// await is the first line that is wanted, from the first one that was told.
func (d *deputy) await(ctx context.Context, what string, wanted func(line) bool) (line, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	seen := 0
	for {
		d.mu.Lock()
		fresh, changed := d.told[seen:], d.changed
		d.mu.Unlock()
		for _, l := range fresh {
			if l.Refused != "" {
				return line{}, errors.New(l.Refused)
			}
			if wanted(l) {
				return l, nil
			}
		}
		seen += len(fresh)
		select {
		case <-changed:
		case <-d.ended:
			d.mu.Lock()
			more := len(d.told) > seen
			d.mu.Unlock()
			if !more {
				return line{}, fmt.Errorf("the host is over, and never said %s: %s", what, strings.TrimSpace(d.errors.String()))
			}
		case <-ctx.Done():
			return line{}, fmt.Errorf("the host never said %s: %w", what, context.Cause(ctx))
		}
	}
}

// waits waits until a stage of a release has ended an attempt so that it waits for a person.
func (d *deputy) waits(ctx context.Context, id, name string) (reason string, err error) {
	_, err = d.await(ctx, "that "+name+" waits", func(l line) bool {
		if l.Release != id || l.Event == nil || l.Event.Stage != name {
			return false
		}
		switch b := l.Event.Body.(type) {
		case ledger.Ended:
			reason = b.Reason
			return b.Outcome == stage.Waiting
		case ledger.Parked:
			reason = b.Reason
			return true
		}
		return false
	})
	return reason, err
}

// finishes waits until a release is over.
func (d *deputy) finishes(ctx context.Context, id string) (ledger.Finished, error) {
	var end ledger.Finished
	_, err := d.await(ctx, "that "+id+" is over", func(l line) (over bool) {
		if l.Release == id && l.Event != nil {
			end, over = l.Event.Body.(ledger.Finished)
		}
		return over
	})
	return end, err
}

// say gives the host an order.
func (d *deputy) say(o order) error {
	text, err := json.Marshal(o)
	if err == nil {
		_, err = d.in.Write(append(text, '\n'))
	}
	return err
}

// kill ends the process by SIGKILL, and waits until it is gone.
func (d *deputy) kill() error {
	d.killed.Store(true)
	err := d.cmd.Process.Kill()
	<-d.ended
	return err
}

// end tells the host to stop, and waits until it has.
func (d *deputy) end() error {
	err := d.in.Close()
	select {
	case <-d.ended:
	case <-time.After(30 * time.Second):
		return errors.Join(errors.New("the host does not stop"), err, d.kill())
	}
	if d.cmd.ProcessState != nil && !d.cmd.ProcessState.Success() && d.cmd.ProcessState.Exited() {
		return fmt.Errorf("the host failed: %s", strings.TrimSpace(d.errors.String()))
	}
	return nil // killed before, or ended well; closing its input may have come too late, which is no harm
}
