package haproxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// session is a conversation with one process, which goes on after a reload with the process that it
// began with.
type session struct {
	conn    net.Conn
	from    *bufio.Reader
	timeout time.Duration
}

// prompt is what HAProxy says when it waits for a command of a session.
const prompt = "\n> "

// open begins a conversation.
func (s socket) open(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	conn, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	one := &session{conn, bufio.NewReader(conn), s.timeout}
	if _, err := one.ask(ctx, "prompt"); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return one, nil
}

func (s *session) close() error { return s.conn.Close() }

// ask sends one command. After an error the conversation is of no more use.
func (s *session) ask(ctx context.Context, command string) (string, error) {
	deadline := time.Now().Add(s.timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := s.conn.SetDeadline(deadline); err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.conn.SetDeadline(time.Unix(1, 0)) }) // fails where it is closed already
	defer stop()
	if _, err := io.WriteString(s.conn, command+"\n"); err != nil {
		return "", err
	}
	var answer strings.Builder
	for {
		part, err := s.from.ReadString(' ')
		answer.WriteString(part)
		switch {
		case err != nil:
			return "", fmt.Errorf("%q: %w", command, err)
		case answer.Len() > maxAnswer:
			return "", fmt.Errorf("%q: more than %d bytes", command, maxAnswer)
		case strings.HasSuffix(part, "> ") && strings.HasSuffix("\n"+answer.String(), prompt):
			return strings.Trim(strings.TrimSuffix("\n"+answer.String(), prompt), "\n"), nil
		}
	}
}
