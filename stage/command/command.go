package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// The defaults of a Stage.
const (
	DefaultGrace  = 10 * time.Second
	DefaultMaxLog = 16 << 20
)

// Stage runs a program and succeeds when it exits with status 0.
type Stage struct {
	// Args are the program and its arguments. A program without a path separator is looked up in
	// the PATH that it will have; a relative path counts from Dir.
	Args []string
	// Dir is where the program runs. Empty: the host's working directory.
	Dir string
	// Env are variables as "NAME=value", besides those of Inherit and the stage's own: DAVIT_RELEASE,
	// DAVIT_SERVICE, DAVIT_STAGE, DAVIT_ENVIRONMENT, DAVIT_ATTEMPT and DAVIT_TOKEN.
	Env []string
	// Secret are further variables as "NAME=value", whose values are kept out of all that is recorded:
	// where the program writes one, the log and the error show *** instead. A value has at least 4
	// bytes. The text ${name} has no meaning in them. What the program encodes, or writes in pieces
	// with other text between them, is not recognised.
	Secret []string
	// Inherit names the variables that are handed on from the host. Nil: Inherited.
	Inherit []string
	// Values are keys whose values the program needs: the text ${name} in Args, Env and Artifact
	// stands for the value of the key of that name. Any other ${...} is left as it is.
	Values []stage.Key[string]
	// Artifact is the file that the program makes, relative to Dir. It is handed on, with its
	// digest, by stage.Built. Empty: none. A file that lies there is removed before the program
	// runs, so that only what this run has made is handed on. A second attempt finds the artifact of the first, if it
	// is unchanged, and does not build again.
	Artifact string
	// Log is the file that all output goes to; it is replaced at each attempt. Empty: only the end
	// of the output is kept, for the error.
	Log string
	// MaxLog is how many bytes of output Log keeps. Zero: DefaultMaxLog. What is over it is dropped,
	// and the log says so.
	MaxLog int64
	// Grace is how long the program may take to end by itself when it is cancelled: it gets
	// SIGTERM, and SIGKILL when the time is over. Zero: DefaultGrace.
	Grace time.Duration
}

// Inherited are the variables that are handed on from the host unless Stage.Inherit says otherwise:
// what programs need to find other programs, their user, their language and their temporary files.
func Inherited() []string {
	return []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "LOCALAPPDATA"}
}

var (
	_ stage.Stage     = Stage{}
	_ stage.Reader    = Stage{}
	_ stage.Writer    = Stage{}
	_ stage.Validator = Stage{}
)

// Reads are the keys in Values.
func (s Stage) Reads() []stage.Ref {
	var refs []stage.Ref
	for _, k := range s.Values {
		refs = append(refs, k.Ref())
	}
	return refs
}

// Writes is stage.Built, where there is an Artifact.
func (s Stage) Writes() []stage.Ref {
	if s.Artifact == "" {
		return nil
	}
	return []stage.Ref{stage.Built.Ref()}
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Validate reports every field that is wrong. Whether the program is there is seen when it is run.
func (s Stage) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	if len(s.Args) == 0 || s.Args[0] == "" {
		bad("Command.Args: there is no program")
	}
	for i, text := range slices.Concat(s.Args, s.Env, s.Secret, []string{s.Dir, s.Artifact, s.Log}) {
		if strings.ContainsRune(text, 0) {
			bad("Command: text %d of Args, Env, Secret, Dir, Artifact and Log holds a zero byte", i)
		}
	}
	for i, v := range s.Env {
		if name, _, ok := strings.Cut(v, "="); !ok || !variable.MatchString(name) {
			bad("Command.Env[%d]: it is not of the form NAME=value", i) // and may hold a secret
		}
	}
	for i, v := range s.Secret {
		name, value, ok := strings.Cut(v, "=")
		switch {
		case !ok || !variable.MatchString(name):
			bad("Command.Secret[%d]: it is not of the form NAME=value", i)
		case len(value) < minSecret:
			bad("Command.Secret[%d]: the value of %s has fewer than %d bytes, and would hide too much", i, name, minSecret)
		}
	}
	for i, name := range s.Inherit {
		if !variable.MatchString(name) {
			bad("Command.Inherit[%d]: %q is not the name of a variable", i, name)
		}
	}
	for i, k := range s.Values {
		uses := func(text string) bool { return strings.Contains(text, placeholder(k)) }
		if !slices.ContainsFunc(s.Args, uses) && !slices.ContainsFunc(s.Env, uses) && !uses(s.Artifact) {
			bad("Command.Values[%d]: %s occurs neither in Args nor in Env nor in Artifact", i, placeholder(k))
		}
	}
	if s.MaxLog < 0 {
		bad("Command.MaxLog: %d is below zero", s.MaxLog)
	}
	if s.Grace < 0 {
		bad("Command.Grace: %s is below zero", s.Grace)
	}
	return errs.ErrorOrNil()
}

func placeholder(k stage.Key[string]) string { return "${" + k.String() + "}" }

// Run runs the program. A program that cannot be started, or ends otherwise than with status 0, gives
// an *ExitError; one that was ended by a cancel gives the cause of it.
func (s Stage) Run(ctx context.Context, t *stage.Task) error {
	expand, err := s.values(t)
	if err != nil {
		return err
	}
	artifact := ""
	if s.Artifact != "" {
		if artifact, err = s.path(expand.Replace(s.Artifact)); err != nil {
			return err
		}
		if built, err := built(ctx, t, artifact); built || err != nil {
			return err
		}
	}
	if artifact != "" {
		if err := clear(artifact); err != nil {
			return err
		}
	}
	if err := s.program(ctx, t, expand); err != nil {
		return err
	}
	if artifact == "" {
		return nil
	}
	return handOn(ctx, t, artifact)
}

// values reads the keys and makes what replaces their placeholders.
func (s Stage) values(t *stage.Task) (*strings.Replacer, error) {
	var pairs []string
	for _, k := range s.Values {
		v, err := k.Get(t)
		if err != nil {
			return nil, err
		}
		if strings.ContainsRune(v, 0) {
			return nil, fmt.Errorf("key %s: the value holds a zero byte, which no program can be given", k)
		}
		pairs = append(pairs, placeholder(k), v)
	}
	return strings.NewReplacer(pairs...), nil
}

func (s Stage) path(name string) (string, error) {
	if filepath.IsAbs(name) {
		return filepath.Clean(name), nil
	}
	return filepath.Abs(filepath.Join(s.Dir, name))
}

func (s Stage) program(ctx context.Context, t *stage.Task, expand *strings.Replacer) error {
	p := process{dir: s.Dir, grace: s.Grace, env: s.environment(t, expand)}
	if p.grace == 0 {
		p.grace = DefaultGrace
	}
	for _, arg := range s.Args {
		p.args = append(p.args, expand.Replace(arg))
	}
	out, err := s.openLog()
	if err != nil {
		return err
	}
	p.output = out
	began := time.Now()
	t.Logger().Debug("program starts", "program", p.args[0], "dir", s.Dir, "log", s.Log)
	runErr := p.run(ctx)
	logErr := out.close()
	status := map[string]any{"program": p.args[0], "seconds": time.Since(began).Seconds(), "output_bytes": out.total}
	if s.Log != "" {
		status["log"] = s.Log
	}
	var exit *ExitError
	if errors.As(runErr, &exit) {
		status["status"] = exit.Status
	}
	if err := t.Detail(ctx, "program", status); runErr == nil && err != nil {
		return err
	}
	if runErr != nil {
		return runErr
	}
	if logErr != nil {
		return fmt.Errorf("the log %s: %w", s.Log, logErr)
	}
	return nil
}

// environment is the program's environment; of two variables with one name the later counts, and those
// that the stage sets itself come last.
func (s Stage) environment(t *stage.Task, expand *strings.Replacer) []string {
	inherit := s.Inherit
	if inherit == nil {
		inherit = Inherited()
	}
	var env []string
	for _, name := range inherit {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	for _, v := range s.Env {
		env = append(env, expand.Replace(v))
	}
	env = append(env, s.Secret...)
	return append(env,
		"DAVIT_RELEASE="+t.Release().ID, "DAVIT_SERVICE="+t.Release().Service, "DAVIT_STAGE="+t.Stage(),
		"DAVIT_ENVIRONMENT="+t.Environment(), fmt.Sprintf("DAVIT_ATTEMPT=%d", t.Attempt()), "DAVIT_TOKEN="+t.Token())
}
