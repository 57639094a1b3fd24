package haproxy

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// errGone says that a process has ended.
var errGone = errors.New("the process has ended")

// former counts what the processes from before reloads still work on, or may yet, by address. They have the
// backends that their configuration had.
func former(ctx context.Context, master socket, backends []string) (map[string]int, error) {
	if master.addr == "" {
		return nil, nil
	}
	answers, err := master.ask(ctx, "show proc")
	if err != nil {
		return nil, err
	}
	pids, err := parseFormer(answers[0])
	if err != nil {
		return nil, refused("show proc", answers[0], err)
	}
	n := map[string]int{}
	for _, pid := range pids {
		busy, err := formerBusy(ctx, master, pid, backends)
		if err != nil && !errors.Is(err, errGone) {
			return nil, fmt.Errorf("process %d, from before a reload: %w", pid, err)
		}
		for addr, count := range busy {
			n[addr] += count
		}
	}
	return n, nil
}

func formerBusy(ctx context.Context, master socket, pid int, backends []string) (map[string]int, error) {
	answer, err := askFormer(ctx, master, pid, "show stat")
	if err != nil {
		return nil, err
	}
	busy, err := busyServers(answer)
	if err != nil {
		return nil, err
	}
	answer, err = askFormer(ctx, master, pid, "show info")
	if err != nil {
		return nil, err
	}
	p, err := parseInfo(answer)
	if err != nil {
		return nil, refused("show info", answer, err)
	}
	n := map[string]int{}
	for _, b := range backends {
		command := "show servers state " + b
		answer, err := askFormer(ctx, master, pid, command)
		if err != nil {
			return nil, err
		}
		states, err := parseServers(answer)
		if err != nil {
			if err = refused(command, answer, err); isNoBackend(err) {
				continue
			}
			return nil, err
		}
		for _, s := range states.servers {
			if n[s.addr] += busy[s.place]; p.clients > 0 && s.ready() {
				n[s.addr]++ // a client that keeps its connection may ask once more, and is answered by the table of then
			}
		}
	}
	return n, nil
}

// isNoBackend reports whether HAProxy said that there is no such backend.
func isNoBackend(err error) bool {
	var refusal *CommandError
	return errors.As(err, &refusal) && strings.HasPrefix(refusal.Answer, "Can't find backend")
}

// askFormer asks a process through its master.
func askFormer(ctx context.Context, master socket, pid int, command string) (string, error) {
	text, err := master.exchange(ctx, fmt.Sprintf("@!%d %s\n", pid, command))
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(text, "Can't find the target") {
		return "", errGone
	}
	answers, err := splitAnswers(text, 1)
	if err != nil {
		return "", err
	}
	return answers[0], nil
}

// parseFormer reads from the answer of a master process to "show proc" the processes that are left
// from before reloads.
func parseFormer(answer string) ([]int, error) {
	if !strings.HasPrefix(answer, "#<PID>") {
		return nil, fmt.Errorf("show proc: %.80q does not name the columns", answer)
	}
	section := ""
	var pids []int
	for line := range strings.SplitSeq(answer, "\n") {
		if title, ok := strings.CutPrefix(line, "#"); ok {
			section = strings.TrimSpace(title)
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 4 {
			return nil, fmt.Errorf("show proc: %.80q is not a process", line)
		}
		pid, err := strconv.Atoi(fields[0])
		if err != nil || pid <= 0 {
			return nil, fmt.Errorf("show proc: %.80q is not a process", line)
		}
		if section == "old workers" && fields[1] == "worker" {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
