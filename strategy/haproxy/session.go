package haproxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
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

// do sends a command that answers nothing when it is carried out.
func (s *session) do(ctx context.Context, command string) error {
	answer, err := s.ask(ctx, command)
	if err == nil && answer != "" {
		err = &CommandError{command, answer}
	}
	return err
}

// settle gives a server its address, weight and state. What HAProxy says to the address is for people,
// and is read back instead.
func (s *session) settle(ctx context.Context, p place, addr string, f fate) error {
	a, err := canonical(addr)
	if err != nil {
		return fmt.Errorf("%s: %w", p, err)
	}
	if _, err := s.ask(ctx, fmt.Sprintf("set server %s addr %s port %d", p, a.Addr(), a.Port())); err != nil {
		return err
	}
	weight := "100%"
	if f.weight >= 0 {
		weight = strconv.Itoa(f.weight)
	}
	if err := s.do(ctx, fmt.Sprintf("set server %s weight %s", p, weight)); err != nil {
		return err
	}
	return s.do(ctx, fmt.Sprintf("set server %s state %s", p, f.will))
}

// hold begins a conversation with the very process of a scene, and gives it to talk: after a reload the
// socket is another process's, which has other files in mind, and must not be told what was meant for
// this one. The old process may be told anything.
func (m *mover) hold(ctx context.Context, c scene, talk func(*session) error) error {
	s, err := m.admin.open(ctx)
	if err != nil {
		return err
	}
	err = m.same(ctx, s, c)
	if err == nil {
		err = talk(s)
	}
	return errors.Join(err, s.close())
}

func (m *mover) same(ctx context.Context, s *session, c scene) error {
	answer, err := s.ask(ctx, "show info")
	if err != nil {
		return err
	}
	p, err := parseInfo(answer)
	if err != nil {
		return refused("show info", answer, err)
	}
	if p.pid != c.pid || p.stopped {
		return errReloaded
	}
	return nil
}
