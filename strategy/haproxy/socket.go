package haproxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

const (
	// maxCommand is how long one line of commands may be: HAProxy reads it into one buffer, which is
	// 16 KiB unless tune.bufsize says otherwise.
	maxCommand = 4 << 10
	// maxPath is how long the path of a unix socket may be on Linux. Elsewhere it is shorter yet.
	maxPath = 107
	// maxAnswer is how long an answer may be: some two hundred thousand servers.
	maxAnswer = 64 << 20
)

// CommandError is what HAProxy said to a command that it did not carry out: the runtime API has no
// codes, so that whatever is said where nothing should be is a refusal.
type CommandError struct {
	// Command is what was asked, Answer what HAProxy said.
	Command, Answer string
}

func (e *CommandError) Error() string {
	answer := e.Answer
	if i := strings.IndexByte(answer, '\n'); i >= 0 {
		answer = answer[:i]
	}
	text := fmt.Sprintf("HAProxy did not take %q: %s", e.Command, answer)
	if strings.HasPrefix(answer, "Permission denied") {
		text += ` (the socket needs "level admin")`
	}
	return text
}

// socket is a runtime socket of HAProxy. Each exchange is a connection of its own, so that a reload
// between two of them is met by the new process.
type socket struct {
	network, addr string
	timeout       time.Duration // bounds one exchange
	connect       func(ctx context.Context, network, addr string) (net.Conn, error)
}

// parseSocket reads where a socket is: a path, or host:port.
func parseSocket(where string) (network, addr string, err error) {
	switch {
	case where == "":
		return "", "", errors.New("it is empty: name the path or the host:port of a stats socket")
	case len(where) > maxPath && !strings.HasPrefix(where, "@") && strings.Contains(where, "/"):
		return "", "", fmt.Errorf("%q is longer than the %d bytes that the path of a socket may have", where, maxPath)
	case strings.HasPrefix(where, "/") || strings.HasPrefix(where, "./") || strings.HasPrefix(where, "@"):
		return "unix", where, nil
	}
	if _, _, err := net.SplitHostPort(where); err != nil {
		return "", "", fmt.Errorf("%q is neither a path that begins with / nor host:port", where)
	}
	return "tcp", where, nil
}

// ask sends commands and tells the answer to each, without the empty line that ends it.
func (s socket) ask(ctx context.Context, commands ...string) ([]string, error) {
	var answers []string
	for len(commands) > 0 {
		n, length := 0, 0
		for n < len(commands) && (n == 0 || length+len(commands[n])+1 <= maxCommand) {
			length += len(commands[n]) + 1
			n++
		}
		text, err := s.exchange(ctx, strings.Join(commands[:n], ";")+"\n")
		if err != nil {
			return nil, fmt.Errorf("%q: %w", commands[0], err)
		}
		some, err := splitAnswers(text, n)
		if err != nil {
			return nil, fmt.Errorf("%q: HAProxy at %s: %w", commands[0], s.addr, err)
		}
		answers, commands = append(answers, some...), commands[n:]
	}
	return answers, nil
}

// do sends commands that answer nothing when they are carried out.
func (s socket) do(ctx context.Context, commands ...string) error {
	answers, err := s.ask(ctx, commands...)
	if err != nil {
		return err
	}
	for i, answer := range answers {
		if answer != "" {
			return &CommandError{commands[i], answer}
		}
	}
	return nil
}

// pay sends a command with a payload of lines, which answers nothing.
func (s socket) pay(ctx context.Context, command string, lines []string) error {
	for len(lines) > 0 {
		n, length := 0, len(command)
		for n < len(lines) && (n == 0 || length+len(lines[n])+1 <= maxCommand) {
			length += len(lines[n]) + 1
			n++
		}
		text, err := s.exchange(ctx, command+" <<\n"+strings.Join(lines[:n], "\n")+"\n\n")
		if err != nil {
			return fmt.Errorf("%q: %w", command, err)
		}
		if answer := strings.Trim(text, "\n"); answer != "" {
			return &CommandError{command, answer}
		}
		lines = lines[n:]
	}
	return nil
}

// exchange sends a text on a connection of its own and reads until HAProxy closes it.
func (s socket) exchange(ctx context.Context, text string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	conn, err := s.dial(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // fails where it is closed already
	defer stop()
	if _, err := io.WriteString(conn, text); err != nil {
		return "", s.broken(ctx, err)
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		// A master process waits for further commands until it hears that there are none.
		if err := half.CloseWrite(); err != nil {
			return "", s.broken(ctx, err)
		}
	}
	var answer bytes.Buffer
	n, err := io.Copy(&answer, io.LimitReader(conn, maxAnswer+1))
	switch {
	case err != nil:
		return "", s.broken(ctx, err)
	case n > maxAnswer:
		return "", fmt.Errorf("HAProxy at %s answers more than %d bytes", s.addr, maxAnswer)
	case n == 0:
		return "", fmt.Errorf("HAProxy at %s closed the connection without an answer", s.addr)
	}
	return answer.String(), nil
}

func (s socket) dial(ctx context.Context) (net.Conn, error) {
	conn, err := s.connect(ctx, s.network, s.addr)
	if err != nil {
		return nil, s.broken(ctx, err)
	}
	return conn, nil
}

// broken tells a context that is over from a socket that is.
func (s socket) broken(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if cause == nil && errors.Is(err, os.ErrDeadlineExceeded) {
		cause = err // of the connection, which comes a moment before that of the context
	}
	if cause != nil {
		return fmt.Errorf("HAProxy at %s did not answer in time: %w", s.addr, cause)
	}
	return fmt.Errorf("HAProxy at %s: %w", s.addr, err)
}

// splitAnswers cuts what came back into the answers of n commands. Each ends with an empty line, and
// none contains one.
func splitAnswers(text string, n int) ([]string, error) {
	var answers []string
	var current []string
	whole := true
	for line := range strings.Lines(text) {
		whole = strings.HasSuffix(line, "\n")
		line = strings.TrimSuffix(line, "\n")
		if line != "" {
			current = append(current, line)
			continue
		}
		answers = append(answers, strings.Join(current, "\n"))
		current = nil
	}
	if len(current) > 0 || !whole {
		return nil, errors.New("the answer is cut off")
	}
	if len(answers) != n {
		return nil, fmt.Errorf("%d answers to %d commands: %.80q", len(answers), n, text)
	}
	return answers, nil
}
