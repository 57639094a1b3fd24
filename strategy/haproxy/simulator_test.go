package haproxy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// memory is a disk that a simulated HAProxy and a router share.
type memory struct {
	mu    sync.Mutex
	files map[string]string
	// before is called before each write, and an error of it is the write's.
	before func(path string) error
}

func (m *memory) Read(path string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, ok := m.files[path]
	if !ok {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	return []byte(text), nil
}

func (m *memory) Write(path string, data []byte) error {
	if m.before != nil {
		if err := m.before(path); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[path] = string(data)
	return nil
}

// simulator is an HAProxy as far as its runtime socket shows it: what it answers was taken from
// HAProxy 2.6, and is held against a real one by the script in testdata/dialogue.txt.
type simulator struct {
	t        testing.TB
	disk     *memory
	version  string
	level    string
	mapFile  string
	backends []simBackend
	ring     string
	frontend string // lines, as configured
	config   string // the configuration file, as show env leads to it
	parsed   [][]string

	mu       sync.Mutex
	dead     map[string]bool // addresses at which no check passes
	current  *worker
	old      []*worker
	pids     int
	commands []string
	streamed int // how often
	// before is called with each connection's commands before they are carried out. An error closes
	// the connection instead; mute carries them out and closes it without an answer.
	before func(commands string) (mute bool, err error)
	// checking reports whether a check is under way, during which HAProxy does not show what the last one found.
	checking func(o *simServer) bool
	// beforeIn is the same for a command of a conversation, and its process.
	beforeIn func(w *worker, command string) error
	conns    map[net.Conn]bool
	closed   bool
	serving  sync.WaitGroup
}

// simBackend is a backend as it is configured.
type simBackend struct {
	name      string
	servers   int
	checked   bool
	stateFile string
	algorithm string
	mode      string // none: http
	cookie    string
	backup    string   // the server that is one
	addrs     []string // of servers that are configured one by one, and enabled
}

// worker is one process of the simulated HAProxy.
type worker struct {
	pid      int
	began    time.Time
	entries  []simEntry // of the map
	counter  int        // of versions of the map
	drafts   map[int][]simEntry
	servers  []*simServer
	backend  map[string]*simCounts
	log      []string
	watch    []chan string
	logged   uint64
	requests uint64
	dropped  int
	dead     map[string]bool // see simulator
	clients  int             // connections that they keep
}

type simEntry struct{ key, value string }

// simCounts are what "show stat" counts.
type simCounts struct {
	current, queued int
	total           uint64
	answers         [6]uint64
	econ, eresp     uint64
}

// simServer is a server.
type simServer struct {
	simCounts
	backend, name string
	id            int
	addr          string
	port          int
	op, admin     int
	uweight       int
	iweight       int
	checkStatus   int
	result        int
	health        int
	checkState    int
	polls         int // until a check passes
	late          bool
	dynamic       bool
}

// The bits of the states.
const (
	fmaint, cmaint, fdrain               = 0x01, 0x04, 0x08
	checkConfigured, checkOn, checkPause = 0x02, 0x04, 0x08
)

// newSimulator starts one. Its files are those of the disk.
func newSimulator(t testing.TB, s *simulator) *simulator {
	s.t, s.conns, s.dead = t, map[net.Conn]bool{}, map[string]bool{}
	if s.version == "" {
		s.version = "2.6.12-1+deb12u4"
	}
	if s.level == "" {
		s.level = "admin"
	}
	s.pids = 1000
	s.current = s.boot()
	s.loadStates(s.current)
	t.Cleanup(s.close)
	return s
}

func (s *simulator) close() {
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		c.Close()
	}
	for _, w := range append(s.old, s.current) {
		w.die()
	}
	s.mu.Unlock()
	s.serving.Wait()
}

// dialAdmin and dialMaster connect to its sockets.
func (s *simulator) dialAdmin(context.Context, string, string) (net.Conn, error) {
	return s.serve(s.answerAdmin)
}

func (s *simulator) dialMaster(context.Context, string, string) (net.Conn, error) {
	return s.serve(s.answerMaster)
}

func (s *simulator) serve(answer func(net.Conn, *bufio.Reader)) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, net.ErrClosed
	}
	ours, theirs := net.Pipe()
	s.conns[ours] = true
	s.serving.Go(func() {
		answer(ours, bufio.NewReader(ours))
		ours.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, ours)
	})
	return theirs, nil
}

// boot is a new process, which has read the files as they are now.
func (s *simulator) boot() *worker {
	s.pids++
	w := &worker{pid: s.pids, began: time.Now(), drafts: map[int][]simEntry{}, backend: map[string]*simCounts{}, dead: s.dead}
	if s.mapFile != "" {
		text, err := s.disk.Read(s.mapFile)
		if err != nil {
			s.t.Errorf("HAProxy does not start without %s", s.mapFile)
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimRight(line, "\n")
			if key, value, ok := strings.Cut(line, " "); ok && !strings.HasPrefix(line, "#") {
				w.entries = append(w.entries, simEntry{key, value})
			}
		}
	}
	for _, b := range s.backends {
		w.backend[b.name] = &simCounts{}
		for i := range b.servers {
			one := &simServer{backend: b.name, name: fmt.Sprintf("s%d", i+1), id: i + 1, addr: "127.0.0.1", port: 1, admin: fmaint | cmaint, uweight: 1, iweight: 1, checkStatus: 1, checkState: checkPause}
			if b.checked {
				one.checkState = checkPause | checkOn | checkConfigured
			}
			if i < len(b.addrs) {
				host, port, _ := net.SplitHostPort(b.addrs[i])
				one.addr, one.admin = host, 0
				one.port, _ = strconv.Atoi(port)
				one.wake(true)
			}
			w.servers = append(w.servers, one)
		}
	}
	return w
}

// loadStates reads the state files, which HAProxy does some time after it has read its maps.
func (s *simulator) loadStates(w *worker) {
	for _, b := range s.backends {
		if text, err := s.disk.Read(b.stateFile); err == nil {
			w.load(b.name, string(text))
		}
	}
}

// wake is what becomes of a server that comes out of maintenance, or starts.
func (o *simServer) wake(passed bool) {
	o.op, o.polls, o.late = 2, 1, true // and it shows the last check of whoever was there before
	if o.checkState&checkConfigured != 0 {
		o.checkState = checkOn | checkConfigured
		if passed {
			o.result, o.polls = 3, 0
		}
	}
}

// load applies a state file as HAProxy does: what the configuration says of maintenance wins where it
// has changed.
func (w *worker) load(backend, text string) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) < 2 || lines[0] != "1" {
		return
	}
	for _, line := range lines[2:] {
		f := strings.Fields(line)
		if len(f) != 25 || f[1] != backend {
			continue
		}
		i := slices.IndexFunc(w.servers, func(o *simServer) bool { return o.backend == backend && o.name == f[3] })
		if i < 0 {
			continue
		}
		o, num := w.servers[i], func(n int) int { v, _ := strconv.Atoi(f[n]); return v }
		admin := num(6)
		configured := o.admin & cmaint
		switch {
		case admin&cmaint != configured:
			continue // the configuration has changed
		case admin&fmaint != 0:
			o.admin = configured | fmaint
		case admin&fdrain != 0:
			o.admin = configured | fdrain
		default:
			o.admin = configured
		}
		o.addr, o.port = f[4], num(18)
		if num(8) == o.iweight {
			o.uweight = num(7)
		}
		if o.admin&fmaint == 0 {
			o.wake(false)
			o.op, o.result = num(5), num(11)
		}
	}
}

func (w *worker) die() {
	for _, c := range w.watch {
		close(c)
	}
	w.watch = nil
}

// reload is a new process, and the old one ends when it works on nothing and nobody listens to it.
func (s *simulator) reload() {
	w := s.begin()
	s.loadStates(w)
	s.takeOver(w)
}

// begin is a process that has read its maps.
func (s *simulator) begin() *worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.boot()
}

func (s *simulator) takeOver(w *worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.old = append(s.old, s.current)
	s.current = w
	s.bury()
}

// crash is a new process, and the old one has ended at once.
func (s *simulator) crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current.die()
	s.current = s.boot()
	s.loadStates(s.current)
}

// bury ends the old processes that have nothing to do.
func (s *simulator) bury() {
	s.old = slices.DeleteFunc(s.old, func(w *worker) bool {
		if len(w.watch) > 0 {
			return false
		}
		for _, o := range w.servers {
			if o.current > 0 {
				return false
			}
		}
		return true
	})
}

func (w *worker) find(place string) *simServer {
	i := slices.IndexFunc(w.servers, func(o *simServer) bool { return o.backend+"/"+o.name == place })
	if i < 0 {
		return nil
	}
	return w.servers[i]
}

// check lets health checks happen: one passes some looks after the server was woken.
func (w *worker) check(backend string) {
	for _, o := range w.servers {
		if o.backend != backend || o.checkState&checkConfigured == 0 || o.admin&fmaint != 0 {
			continue
		}
		if o.polls--; o.polls != 0 {
			continue
		}
		switch dead := w.dead[fmt.Sprintf("%s:%d", o.addr, o.port)]; {
		case dead && o.late: // a check that fails takes its time
			o.late, o.polls = false, 1
		case dead:
			o.checkStatus, o.op, o.result, o.polls = 8, 0, 2, 1
		default:
			o.checkStatus, o.op, o.result = 15, 2, 3
		}
	}
}

// lookup looks a key up in the map as it is now.
func (s *simulator) lookup(key string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.current.entries {
		if e.key == key {
			return e.value, true
		}
	}
	return "", false
}

var errHostDied = errors.New("the host has died")
