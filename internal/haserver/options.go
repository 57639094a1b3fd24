package haserver

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"time"
)

// Options say which HAProxy is run, and how.
type Options struct {
	// Config writes the configuration. It has to have a runtime socket at Place.Socket, of the level admin,
	// with "expose-fd listeners". It may also write files, such as maps, into Place.Dir. Required.
	Config func(at Place) (string, error)
	// Addrs is how many free addresses the configuration needs. Zero: 1.
	Addrs int
	// Program is the path of HAProxy. Zero: what Find finds.
	Program string
	// Patience is how long it may take to start, to reload and to end. Zero: 30 s.
	Patience time.Duration
}

// Place is what is there for one HAProxy alone.
type Place struct {
	// Dir is a folder, which goes with the server.
	Dir string
	// Socket is where the runtime API belongs.
	Socket string
	// Master is where the master listens for commands.
	Master string
	// Addrs are where to listen, each as "127.0.0.1:port".
	Addrs []string
}

// MissingError says that there is no HAProxy on this machine.
type MissingError struct {
	// Cause is what looking for it said.
	Cause error
}

func (e *MissingError) Error() string {
	return `HAProxy is not installed: get Debian's package haproxy ("apt-get install haproxy"), or "brew install haproxy"`
}

func (e *MissingError) Unwrap() error { return e.Cause }

// Find gives the path of the HAProxy of this machine. It looks where packages put it, too, since that is
// often in nobody's PATH but root's. The error is a *MissingError.
func Find() (string, error) {
	var errs []error
	for _, name := range []string{"haproxy", "/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/opt/homebrew/sbin/haproxy"} {
		path, err := exec.LookPath(name)
		if err == nil {
			return path, nil
		}
		errs = append(errs, err)
	}
	return "", &MissingError{errors.Join(errs...)}
}

func (o Options) withDefaults() (Options, error) {
	if o.Config == nil {
		return o, errors.New("Options.Config: an HAProxy needs a configuration")
	}
	o.Addrs, o.Patience = cmp.Or(o.Addrs, 1), cmp.Or(o.Patience, 30*time.Second)
	var err error
	if o.Program == "" {
		o.Program, err = Find()
	}
	return o, err
}

// The ports lie below those that systems give to whoever asks for any, so that nobody else gets one of them
// by chance while HAProxy does not listen there: before it starts, and while it is down.
const (
	firstPort, lastPort = 15000, 32000
	portTries           = 1000
)

// freeAddrs are addresses where nobody listens just now.
func freeAddrs(n int) ([]string, error) {
	var addrs []string
	for range portTries {
		if len(addrs) == n {
			return addrs, nil
		}
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+rand.IntN(lastPort-firstPort)))
		if slices.Contains(addrs, addr) {
			continue
		}
		if l, err := net.Listen("tcp", addr); err == nil {
			addrs = append(addrs, addr)
			_ = l.Close()
		}
	}
	return nil, fmt.Errorf("no %d free ports on 127.0.0.1 between %d and %d", n, firstPort, lastPort)
}
