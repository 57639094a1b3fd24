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
	at   socket
	conn net.Conn
	from *bufio.Reader
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
	one := &session{s, conn, bufio.NewReader(conn)}
	if _, err := one.ask(ctx, "prompt"); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return one, nil
}

func (s *session) close() error { return s.conn.Close() }

// ask sends one command. After an error the conversation is of no more use.
func (s *session) ask(ctx context.Context, command string) (string, error) {
	answers, err := s.askAll(ctx, command)
	if err != nil {
		return "", err
	}
	return answers[0], nil
}

// askAll sends commands as one line, which HAProxy carries out to its end also where the host dies meanwhile.
func (s *session) askAll(ctx context.Context, commands ...string) ([]string, error) {
	deadline := time.Now().Add(s.at.timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := s.conn.SetDeadline(deadline); err != nil {
		return nil, s.at.broken(ctx, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = s.conn.SetDeadline(time.Unix(1, 0)) }) // fails where it is closed already
	defer stop()
	if _, err := io.WriteString(s.conn, strings.Join(commands, ";")+"\n"); err != nil {
		return nil, fmt.Errorf("%q: %w", commands[0], s.at.broken(ctx, err))
	}
	answers := make([]string, len(commands))
	for i, command := range commands {
		var err error
		if answers[i], err = s.answer(); err != nil {
			return nil, fmt.Errorf("%q: %w", command, s.at.broken(ctx, err))
		}
	}
	return answers, nil
}

// answer reads until HAProxy waits for a further command.
func (s *session) answer() (string, error) {
	var answer strings.Builder
	for {
		part, err := s.from.ReadString(' ')
		answer.WriteString(part)
		switch {
		case err != nil:
			return "", err
		case answer.Len() > maxAnswer:
			return "", fmt.Errorf("more than %d bytes", maxAnswer)
		case strings.HasSuffix(part, "> ") && strings.HasSuffix("\n"+answer.String(), prompt):
			return strings.Trim(strings.TrimSuffix("\n"+answer.String(), prompt), "\n"), nil
		}
	}
}

// do sends commands that answer nothing when they are carried out, as one line.
func (s *session) do(ctx context.Context, commands ...string) error {
	answers, err := s.askAll(ctx, commands...)
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

// settle gives a server its address, weight and state. What HAProxy says to the address is for people,
// and is read back instead. A server that is to prove itself counts as down until its next check has passed:
// otherwise it would show the last check of whoever was there before.
func (s *session) settle(ctx context.Context, p place, addr string, f fate, prove bool) error {
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
	commands := []string{fmt.Sprintf("set server %s state %s", p, f.will)}
	if prove {
		commands = append(commands, fmt.Sprintf("set server %s health down", p))
	}
	return s.do(ctx, commands...)
}

// hold begins a conversation with the very process of a scene, and gives it to talk: after a reload the
// socket is another process's, which has other files in mind, and must not be told what was meant for
// this one. The old process may be told anything.
func (m *mover) hold(ctx context.Context, c scene, talk func(*session) error) error {
	s, err := m.admin.open(ctx)
	if err != nil {
		return err
	}
	err = s.meets(ctx, c.process)
	if err == nil {
		err = talk(s)
	}
	return errors.Join(err, s.close())
}

// meets makes sure that it is this process which answers, and that it is not on its way out.
func (s *session) meets(ctx context.Context, p process) error {
	answer, err := s.ask(ctx, "show info")
	if err != nil {
		return err
	}
	now, err := parseInfo(answer)
	if err != nil {
		return refused("show info", answer, err)
	}
	if now.pid != p.pid || now.stopped {
		return errReloaded
	}
	return nil
}
