package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ExitError says that a program could not be started, or ended otherwise than with status 0.
type ExitError struct {
	// Program is the program.
	Program string
	// Status says how it ended: "exit status 2", "signal: killed", "did not start".
	Status string
	// Output is the end of what it wrote, a few kilobytes.
	Output string
	// Err is the cause.
	Err error
}

// Error is the program, its status, and the end of its output on the lines after.
func (e *ExitError) Error() string {
	text := e.Program + ": " + e.Status
	if e.Output != "" {
		text += "\n" + e.Output
	}
	return text
}

// Unwrap is the cause.
func (e *ExitError) Unwrap() error { return e.Err }

// process is one run of a program.
type process struct {
	args, env []string
	dir       string
	grace     time.Duration
	output    *output
}

func (p process) run(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	began := time.Now()
	cmd, err := p.command()
	if err != nil {
		return p.notStarted(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return p.notStarted(err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	own(cmd)
	if err := cmd.Start(); err != nil {
		read.Close()
		write.Close()
		return p.notStarted(err)
	}
	write.Close()
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		io.Copy(p.output, read) // ends with the last process that holds the other end, or with read
	}()

	err = p.wait(ctx, cmd)
	select {
	case <-copied:
	case <-time.After(time.Second): // a process that has left the group still holds the output
	}
	read.Close()
	<-copied
	p.output.flush()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s was stopped after %s (%w): %w", p.args[0], time.Since(began).Round(time.Millisecond), err, context.Cause(ctx))
	}
	return &ExitError{Program: p.args[0], Status: err.Error(), Output: p.output.last(), Err: err}
}

// wait waits for the program, ends it when ctx does, and in the end kills what is left of its group.
func (p process) wait(ctx context.Context, cmd *exec.Cmd) error {
	ended := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-ended:
			return
		case <-ctx.Done():
		}
		terminate(cmd)
		select {
		case <-ended:
		case <-time.After(p.grace):
			kill(cmd)
		}
	}()
	result := awaitEnd(cmd)
	close(ended)
	<-stopped
	kill(cmd) // the rest of the group, while the group's number cannot be anybody else's yet
	return result()
}

func (p process) notStarted(err error) error {
	return &ExitError{Program: p.args[0], Status: "did not start: " + err.Error(), Err: err}
}

// command finds the program by the PATH that it will have, not by the host's.
func (p process) command() (*exec.Cmd, error) {
	name := p.args[0]
	if !strings.ContainsRune(name, filepath.Separator) && !strings.ContainsRune(name, '/') {
		found, err := lookPath(name, p.env)
		if err != nil {
			return nil, err
		}
		name = found
	} else if !filepath.IsAbs(name) {
		abs, err := filepath.Abs(filepath.Join(p.dir, name))
		if err != nil {
			return nil, err
		}
		name = abs
	}
	return &exec.Cmd{Path: name, Args: p.args, Env: p.env, Dir: p.dir}, nil
}

// lookPath finds a program in the absolute folders of the PATH in env.
func lookPath(name string, env []string) (string, error) {
	var path string
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, "PATH="); ok {
			path = value
		}
	}
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue
		}
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("%w in PATH %q", exec.ErrNotFound, path)
}
