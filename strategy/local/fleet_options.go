package local

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
)

// FleetOptions says what a fleet runs and how. Dir, Service and Command are required; the zero
// value of every other field is its documented default.
type FleetOptions struct {
	// Dir is the state folder. It is made where it is missing, and belongs to one fleet at a time.
	// A fleet that finds the folder of an earlier one takes over what still runs.
	Dir string
	// Service is the name of what runs: lower case letters, digits, "-", "_" and ".". Instance IDs
	// begin with it, and a folder that holds another service is refused.
	Service string
	// Command says how an instance of a pool is started. It is called by Scale, once for each new
	// instance, never concurrently, and before any instance of that Scale starts. Its error ends
	// Scale; wrap it by rollout.Permanent where trying again cannot help.
	Command func(pool strategy.Pool, inst InstanceSpec) (Command, error)
	// Probe tells when an instance is ready.
	Probe Probe
	// Grace is how long an instance may take to end after SIGTERM before its whole process group
	// gets SIGKILL. Zero: 10 s.
	Grace time.Duration
	// LogLimit is how many bytes of output may lie on disk for each instance, in Process.LogFile and
	// the file with ".1" behind its name. At least the last third is always there. Zero: 1 MiB. The
	// least is 4 KiB.
	LogLimit int64
	// Host is the address that instances listen on, without a port. Zero: 127.0.0.1.
	Host string
	// Logger gets what the fleet does, under the name "fleet". Nil: nothing is logged.
	Logger hclog.Logger

	// crashpoint is called at the instants at which a crash of the host would leave the most
	// behind, so that tests can crash there.
	crashpoint func(name, id string)
}

// InstanceSpec is what a new instance is given by the fleet.
type InstanceSpec struct {
	// ID is the instance's ID, unique over time.
	ID string
	// Addr is where the instance has to listen, as "host:port".
	Addr string
	// Dir is a folder of the instance's own. It exists, is empty, and goes when the instance is
	// forgotten.
	Dir string
}

// Command is how a process is started.
type Command struct {
	// Path is the program: a path, or a name that is looked up in PATH.
	Path string
	// Args are its arguments, without the program's name.
	Args []string
	// Env is its whole environment, each entry as "key=value". Nil: that of the host. The fleet
	// adds EnvInstance.
	Env []string
	// Dir is the folder it runs in. Zero: InstanceSpec.Dir.
	Dir string
}

// EnvInstance is the environment variable that tells an instance its ID. By it a fleet finds
// processes again that were started just before its predecessor was killed; do not unset it.
const EnvInstance = "DAVIT_INSTANCE"

// Probe asks an instance again and again whether it is ready.
type Probe struct {
	// Path is asked for with GET; an answer of 200 to 299 means ready, redirects are not followed.
	// Zero: an instance is ready when it accepts a TCP connection.
	Path string
	// Interval is the time from the end of one probe to the next. Zero: 250 ms. The least is 10 ms.
	Interval time.Duration
	// Timeout is how long an answer may take. Zero: 1 s.
	Timeout time.Duration
	// Failures is how many probes in a row must fail before a ready instance is unready. Zero: 3.
	Failures int
	// Successes is how many probes in a row must succeed before an instance is ready. Zero: 1.
	Successes int
}

const (
	minInterval = 10 * time.Millisecond
	minLogLimit = 4 << 10
)

// Validate reports everything that is wrong with the options, each problem with its field.
func (o FleetOptions) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	if o.Dir == "" {
		bad("Dir: a fleet needs a folder for its state")
	}
	if err := validName(o.Service); err != nil {
		bad("Service: %w", err)
	}
	if o.Command == nil {
		bad("Command: a fleet needs to know what to start")
	}
	if o.Probe.Path != "" && !strings.HasPrefix(o.Probe.Path, "/") {
		bad("Probe.Path: %q does not begin with a slash", o.Probe.Path)
	} else if _, err := url.Parse(o.Probe.Path); err != nil {
		bad("Probe.Path: %w", err)
	}
	if o.Probe.Interval != 0 && o.Probe.Interval < minInterval {
		bad("Probe.Interval: %s is below %s", o.Probe.Interval, minInterval)
	}
	if o.Probe.Timeout < 0 {
		bad("Probe.Timeout: %s is below zero", o.Probe.Timeout)
	}
	if o.Probe.Failures < 0 {
		bad("Probe.Failures: %d is below zero", o.Probe.Failures)
	}
	if o.Probe.Successes < 0 {
		bad("Probe.Successes: %d is below zero", o.Probe.Successes)
	}
	if o.Grace < 0 {
		bad("Grace: %s is below zero", o.Grace)
	}
	if o.LogLimit != 0 && o.LogLimit < minLogLimit {
		bad("LogLimit: %d bytes are below %d", o.LogLimit, minLogLimit)
	}
	if err := validHost(o.Host); err != nil {
		bad("Host: %w", err)
	}
	return errs.ErrorOrNil()
}

// validName keeps names that end up in paths, in an environment and in IDs harmless there.
func validName(name string) error {
	if name == "" {
		return errors.New("a name is missing")
	}
	if len(name) > 64 {
		return fmt.Errorf("%q is longer than 64 bytes", name)
	}
	for i, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
		if !letter && (i == 0 || !strings.ContainsRune("-_.", r)) {
			return fmt.Errorf("%q: want lower case letters, digits, \"-\", \"_\" and \".\", a letter or digit first", name)
		}
	}
	return nil
}

func validHost(host string) error {
	if host == "" || host == "localhost" {
		return nil
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("%q is neither an IP address nor \"localhost\"", host)
	}
	if addr.IsUnspecified() || addr.IsMulticast() {
		return fmt.Errorf("%s is no address that a router could reach an instance at", host)
	}
	return nil
}

func (o FleetOptions) withDefaults() (FleetOptions, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, fmt.Errorf("Dir: %w", err)
	}
	o.Dir = dir
	setDefault(&o.Probe.Interval, 250*time.Millisecond)
	setDefault(&o.Probe.Timeout, time.Second)
	setDefault(&o.Probe.Failures, 3)
	setDefault(&o.Probe.Successes, 1)
	setDefault(&o.Grace, 10*time.Second)
	setDefault(&o.LogLimit, 1<<20)
	setDefault(&o.Host, "127.0.0.1")
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	o.Logger = o.Logger.Named("fleet")
	if o.crashpoint == nil {
		o.crashpoint = func(string, string) {}
	}
	return o, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
