package haserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	poll  = 10 * time.Millisecond
	tries = 5 // to start on ports that somebody else was quicker to take
)

// Server is an HAProxy: a master, and its workers. All methods may be called by any number of goroutines
// at once.
type Server struct {
	o  Options
	at Place

	mu      sync.Mutex
	master  *master   // nil while it is down
	leaving []*master // replaced ones
}

// Start starts an HAProxy and waits until it answers on its socket. Close ends it. The error is a
// *MissingError where there is none, and has what it says where it does not start.
func Start(ctx context.Context, o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		s, err := start(ctx, o)
		if err == nil {
			return s, nil
		}
		if !strings.Contains(err.Error(), "cannot bind socket") || try == tries {
			return nil, err
		}
	}
}

func start(ctx context.Context, o Options) (_ *Server, err error) {
	s := &Server{o: o}
	if s.at.Addrs, err = freeAddrs(o.Addrs); err != nil {
		return nil, err
	}
	// The path of a Unix socket may have about a hundred bytes, and HAProxy adds some.
	if s.at.Dir, err = os.MkdirTemp("", "davit-ha"); err != nil {
		return nil, err
	}
	s.at.Socket, s.at.Master = filepath.Join(s.at.Dir, "run.sock"), filepath.Join(s.at.Dir, "master.sock")
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := s.write(); err != nil {
		return nil, err
	}
	return s, s.Up(ctx)
}

// write writes the configuration.
func (s *Server) write() error {
	text, err := s.o.Config(s.at)
	if err != nil {
		return fmt.Errorf("the configuration of HAProxy: %w", err)
	}
	return s.Configure(text)
}

// Configure puts another configuration into the place of the present one, for the next Reload or Up.
func (s *Server) Configure(text string) error { return os.WriteFile(s.config(), []byte(text), 0o600) }

func (s *Server) config() string { return filepath.Join(s.at.Dir, "haproxy.cfg") }
func (s *Server) log() string    { return filepath.Join(s.at.Dir, "log") }

// Place is where the server is.
func (s *Server) Place() Place { return s.at }

// URL is the address of that number as a URL.
func (s *Server) URL(n int) string { return "http://" + s.at.Addrs[n] }

// Log is all that the server has said so far, with what it logs to stdout. A replaced server, and one that
// was started again, goes on in the same log.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.log())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// tail is the end of what was said from there on.
func (s *Server) tail(from int) string {
	text := s.Log()
	text = text[min(from, len(text)):]
	return strings.TrimSpace(text[max(0, len(text)-2000):])
}

// Up starts a server that is down, at the same place, and waits until it answers.
func (s *Server) Up(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.master != nil && !s.master.over() {
		return errors.New("HAProxy is up")
	}
	return s.launch(ctx)
}

// Reload makes the master read its configuration again and hand over to a new worker, and waits until that
// one answers. The old worker ends what it has begun. Where the configuration is refused the old worker goes
// on, and the error says why.
func (s *Server) Reload(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.master == nil {
		return errors.New("HAProxy is down, and cannot be reloaded")
	}
	from := len(s.Log())
	before, err := s.worker(ctx)
	if err != nil {
		return err
	}
	if err := s.master.signal(signalReload); err != nil {
		return err
	}
	return s.await(ctx, s.master, from, before)
}

// Replace starts another master with a worker of its own, which takes over the sockets on which the present
// one listens, and tells that one to end once it has answered what it has begun. It waits until the new one
// answers.
func (s *Server) Replace(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.master == nil {
		return errors.New("HAProxy is down, and cannot be replaced")
	}
	old := s.master
	before, err := s.worker(ctx)
	if err != nil {
		return err
	}
	from := len(s.Log())
	m, err := s.run("-x", s.at.Socket, "-sf", fmt.Sprint(old.pid()))
	if err != nil {
		return err
	}
	s.master, s.leaving = m, append(s.leaving, old)
	return s.await(ctx, m, from, before)
}

// Stop ends the server at once, as the service manager of a system does: requests under way are cut off.
func (s *Server) Stop() error { return s.end(signalStop) }

// Kill kills the master and all workers, as a crash would.
func (s *Server) Kill() error { return s.end(signalKill) }

// Freeze makes the server stand still with all that it does, its socket included, within a moment. Thaw lets
// it go on.
func (s *Server) Freeze() error { return s.all(signalFreeze) }

// Thaw ends a Freeze.
func (s *Server) Thaw() error { return s.all(signalThaw) }

func (s *Server) all(sig signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.master == nil {
		return errors.New("HAProxy is down")
	}
	return s.master.signalAll(sig)
}

func (s *Server) end(sig signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, m := range append(s.leaving, s.master) {
		if m != nil {
			errs = append(errs, m.end(sig, s.o.Patience))
		}
	}
	s.master, s.leaving = nil, nil
	return errors.Join(errs...)
}

// Close ends the server and all of its processes, and removes its folder. A second Close does nothing.
func (s *Server) Close() error {
	err := s.end(signalStop)
	return errors.Join(err, os.RemoveAll(s.at.Dir))
}

// launch starts a master and waits for it.
func (s *Server) launch(ctx context.Context) error {
	from := 0
	if info, err := os.Stat(s.log()); err == nil {
		from = int(info.Size())
	}
	m, err := s.run()
	if err != nil {
		return err
	}
	s.master = m
	return s.await(ctx, m, from, 0)
}

// run starts a master.
func (s *Server) run(args ...string) (*master, error) {
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	return startMaster(s.at.Dir, log, s.o.Program, append([]string{"-W", "-db", "-S", s.at.Master, "-f", s.config()}, args...)...)
}

// await waits until a worker answers that is not the one before.
func (s *Server) await(ctx context.Context, m *master, from, before int) error {
	ctx, cancel := context.WithTimeout(ctx, s.o.Patience)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		now, err := s.worker(ctx)
		if err == nil && now != before {
			// A signal that reaches a master before it answers is lost.
			if _, err = s.ask(ctx, s.at.Master, "show proc"); err == nil {
				return nil
			}
		}
		over := m.over() // first, so that what it said last is read
		said := s.tail(from)
		switch {
		case over:
			return fmt.Errorf("HAProxy has ended: %v: %s", m.ending(), said)
		case strings.Contains(said, "Loading failure"):
			return fmt.Errorf("HAProxy refuses the configuration: %s", said)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("no new worker of HAProxy answers: %w: %v: %s", context.Cause(ctx), err, said)
		}
	}
}
