package command

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/stage"
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
	// DAVIT_SERVICE, DAVIT_STAGE, DAVIT_ITEM (the name of what the stage is made for, where it is made
	// for one of several), DAVIT_ENVIRONMENT, DAVIT_ATTEMPT, DAVIT_TOKEN and DAVIT_FENCE.
	Env []string
	// Secret are variables whose values the host keeps: the key is the variable, the value the name of
	// the secret that the stage asks the host for at each attempt. Neither is recorded: where the
	// program writes a value, the log and the error show *** instead. The text ${name} has no meaning
	// in a value. What the program encodes, or writes in pieces with other text between them, is not
	// recognised. A value of fewer than 4 bytes fails the stage, as hiding it would hide too much.
	Secret map[string]string
	// SecretValue are variables whose values the code has that makes the pipeline. They are hidden as
	// those of Secret are.
	SecretValue map[string]stage.Secret
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
	// Log is the file that all output goes to, relative to the host's working directory; it is replaced
	// at each attempt. Empty: only the end of the output is kept, for the error.
	Log string
	// MaxLog is how many bytes of output Log keeps. Zero: DefaultMaxLog. What is over it is dropped,
	// and the log says so.
	MaxLog int64
	// Grace is how long the program may take to end by itself when it is cancelled: it gets
	// SIGTERM, and SIGKILL when the time is over. Zero: DefaultGrace.
	Grace time.Duration
	// Class says what it means to run the program once more, which nobody can tell by looking at it.
	// Zero: stage.Idempotent, so that it is run again where its host died meanwhile: builds and tests
	// are; so is what heeds DAVIT_TOKEN, which is the same at each attempt. A program that does harm
	// when it runs twice, such as one that sends letters, is stage.AtMostOnce.
	Class stage.Effect
}

// Inherited are the variables that are handed on from the host unless Stage.Inherit says otherwise:
// what programs need to find other programs, their user, their language and their temporary files.
func Inherited() []string {
	return []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "LOCALAPPDATA"}
}

var (
	_ stage.Stage        = Stage{}
	_ stage.Reader       = Stage{}
	_ stage.Writer       = Stage{}
	_ stage.SecretReader = Stage{}
	_ stage.Effector     = Stage{}
	_ stage.Validator    = Stage{}
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

// Secrets are the names in Secret, sorted.
func (s Stage) Secrets() []string {
	return slices.Compact(slices.Sorted(maps.Values(s.Secret)))
}

// Effect is s.Class.
func (s Stage) Effect() stage.Effect { return s.Class }

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
	secrets, err := s.secrets(ctx, t)
	if err != nil {
		return err
	}
	p := process{dir: s.Dir, grace: s.Grace, env: s.environment(t, expand, secrets)}
	if p.grace == 0 {
		p.grace = DefaultGrace
	}
	for _, arg := range s.Args {
		p.args = append(p.args, expand.Replace(arg))
	}
	out, err := s.openLog(secrets)
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
