package pgserver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that Open uses
)

// patience is how long a server may take to start or stop.
const patience = time.Minute

// Server is a PostgreSQL server with a folder of its own. It is used by one goroutine at a time.
type Server struct {
	bin, dir string
	settings []string
	as       *syscall.Credential
	cmd      *exec.Cmd
	exited   chan error
}

// programs is the folder of the newest server that is installed.
func programs() (string, error) {
	all, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(all) == 0 {
		return "", errors.New("no PostgreSQL in /usr/lib/postgresql: install Debian's package postgresql")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	return filepath.Dir(slices.MaxFunc(all, func(a, b string) int { return version(a) - version(b) })), nil
}

// Start makes a new server and waits until it answers. Settings are as in its configuration file, each
// NAME=VALUE. Close ends it.
func Start(settings ...string) (_ *Server, err error) {
	s := &Server{settings: settings}
	if s.bin, err = programs(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "davit-pg"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if os.Getuid() == 0 {
		// PostgreSQL does not run for root.
		if s.as, err = unprivileged(s.dir); err != nil {
			return nil, err
		}
	}
	initdb := exec.Command(filepath.Join(s.bin, "initdb"), "-D", s.data(), "-U", "davit", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: s.as}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s, s.Up()
}

// unprivileged gives a folder to the user of Debian's package.
func unprivileged(dir string) (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, uid, gid)
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// URL is where a database of the server is, for pgx. The one that is always there is postgres.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("host=%s user=davit dbname=%s sslmode=disable connect_timeout=10", s.dir, database)
}

// Up starts a server that is down, and waits until it answers.
func (s *Server) Up() error {
	if s.cmd != nil {
		return errors.New("the server is up")
	}
	var err error
	for began := time.Now(); time.Since(began) < patience; time.Sleep(20 * time.Millisecond) {
		if s.cmd == nil {
			// Right after a kill, what is left of the old server may still be in the way.
			if err = s.launch(); err != nil {
				return err
			}
		}
		if err = s.answers(); err == nil {
			return nil
		}
		select {
		case <-s.exited:
			s.cmd = nil
		default:
		}
	}
	said, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return fmt.Errorf("the server does not answer: %w\n%s", err, said[max(0, len(said)-2000):])
}

func (s *Server) launch() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", s.data(), "-c", "listen_addresses=", "-c", "unix_socket_directories=" + s.dir}
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	// SIGQUIT: the server ends at once, with all of its processes.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as, Pdeathsig: syscall.SIGQUIT}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd, s.exited = cmd, make(chan error, 1)
	exited := s.exited
	go func() { exited <- cmd.Wait(); close(exited) }()
	return nil
}

func (s *Server) answers() error {
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return db.PingContext(ctx)
}

// Kill kills the server as a crash would: it writes nothing more, and closes nothing.
func (s *Server) Kill() error { return s.end(syscall.SIGKILL) }

// Down stops the server: it breaks its connections, and leaves everything in order.
func (s *Server) Down() error { return s.end(syscall.SIGINT) }

func (s *Server) end(signal os.Signal) error {
	if s.cmd == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.exited:
		s.cmd = nil
		return nil
	case <-time.After(patience):
		return fmt.Errorf("the server does not end on %v", signal)
	}
}

// Close ends the server and removes its folder.
func (s *Server) Close() error {
	err := s.end(syscall.SIGQUIT)
	if err != nil {
		err = errors.Join(err, s.end(syscall.SIGKILL))
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}
