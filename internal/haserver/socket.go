package haserver

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Command sends one command to the runtime API, as a person with socat would, and gives the answer without
// the line breaks at its end. What HAProxy refuses is an answer, too.
func (s *Server) Command(ctx context.Context, line string) (string, error) {
	return s.ask(ctx, s.at.Socket, line)
}

func (s *Server) ask(ctx context.Context, path, line string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.Patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := io.WriteString(conn, line+"\n"); err != nil {
		return "", fmt.Errorf("%s: %w", line, err)
	}
	// A master answers on and on until it is told that there is nothing more to answer.
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		return "", fmt.Errorf("%s: %w", line, err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		return "", fmt.Errorf("%s: %w", line, err)
	}
	return strings.TrimRight(string(answer), "\n"), nil
}

// worker is the process that answers on the socket.
func (s *Server) worker(ctx context.Context) (pid int, err error) {
	info, err := s.Command(ctx, "show info")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, "Pid:"); ok {
			return strconv.Atoi(strings.TrimSpace(value))
		}
	}
	return 0, fmt.Errorf("show info tells no process: %.200q", info)
}

// Worker is the number of the process that answers on the socket now.
func (s *Server) Worker(ctx context.Context) (pid int, err error) { return s.worker(ctx) }
