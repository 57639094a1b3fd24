//go:build unix

package local_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestMain makes the test binary play the processes that the fleets of the tests run: with a first
// argument from parts it does what that says, otherwise it runs the tests.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if part := parts[os.Args[1]]; part != nil {
			part(os.Args[2:])
			os.Exit(0)
		}
	}
	// The race detector makes a program linger for a second at its end, which is right for none of
	// the processes below.
	if err := os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0")); err != nil {
		panic(err)
	}
	// These tests wait most of the time: for processes to start, to be probed and to end.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

var parts map[string]func(args []string)

func init() {
	parts = map[string]func(args []string){
		"-listen":  func(args []string) { serve(args[0], true) },
		"serve":    func(args []string) { serve(args[0], true) },
		"stubborn": func(args []string) { signal.Ignore(syscall.SIGTERM); serve(args[0], false) },
		"slow":     func(args []string) { time.Sleep(400 * time.Millisecond); serve(args[0], true) },
		"unready":  func(args []string) { ready.Store(false); serve(args[0], true) },
		"silent":   silent,
		"crash":    crash,
		"parent":   func(args []string) { spawnChild(); serve(args[0], true) },
		"neglect":  func([]string) { spawnChild(); fmt.Println("leaving a child behind"); os.Exit(4) },
		"child":    func([]string) { signal.Ignore(syscall.SIGTERM); sleep() },
		"sleep":    func([]string) { sleep() },
		"host":     host,
		"roller":   roller,
	}

	ready.Store(true)
}

// sleep ends by itself, so that a test which fails badly leaves nothing for long.
func sleep() { time.Sleep(time.Minute) }

var ready atomic.Bool

// serve answers until SIGTERM, or for a minute. What it is told by path: /healthz is its readiness,
// /ready and /unready change that,
// /stumble/N makes the next N probes fail, /die/N ends it with status N, /say/N makes it write N lines.
func serve(addr string, graceful bool) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var stumbles atomic.Int64 // how many probes are still to fail
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if stumbles.Add(-1) >= 0 || !ready.Load() {
			http.Error(w, "warming up", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/healthz", http.StatusFound) })
	mux.HandleFunc("/pid", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getpid()) })
	mux.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) { ready.Store(true) })
	mux.HandleFunc("/unready", func(http.ResponseWriter, *http.Request) { ready.Store(false) })
	mux.HandleFunc("/stumble/{probes}", func(_ http.ResponseWriter, r *http.Request) {
		probes, _ := strconv.Atoi(r.PathValue("probes"))
		stumbles.Store(int64(probes))
	})
	mux.HandleFunc("/stumbles", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, max(-2, stumbles.Load())) })
	mux.HandleFunc("/die/{status}", func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("first words")
		fmt.Fprintln(os.Stderr, "told to \x1b[31mdie\x1b[0m")
		status, _ := strconv.Atoi(r.PathValue("status"))
		os.Exit(status)
	})
	mux.HandleFunc("/say/{lines}", func(_ http.ResponseWriter, r *http.Request) {
		lines, _ := strconv.Atoi(r.PathValue("lines"))
		for i := range lines {
			fmt.Printf("line %d %s\n", i, strings.Repeat("x", 100))
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if graceful {
		ctx, cancel = signal.NotifyContext(ctx, syscall.SIGTERM)
		defer cancel()
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	_ = server.Serve(l)
}

// silent takes connections and never says a word.
func silent(args []string) {
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		os.Exit(1)
	}
	defer l.Close()
	sleep()
}

func crash([]string) {
	fmt.Println("reading the configuration")
	fmt.Fprintln(os.Stderr, "no database")
	os.Exit(3)
}

// spawnChild leaves its number in the file "child" of the folder that it runs in.
func spawnChild() {
	cmd := exec.Command(os.Args[0], "child")
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	if err := os.WriteFile("child.tmp", []byte(strconv.Itoa(cmd.Process.Pid)), 0o600); err != nil {
		panic(err)
	}
	if err := os.Rename("child.tmp", "child"); err != nil {
		panic(err)
	}
}
