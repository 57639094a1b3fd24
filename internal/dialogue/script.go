package dialogue

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Exchange is a command and what is expected as its answer.
type Exchange struct {
	// Command is the line of the script, for people.
	Command string
	// Text is what is to be sent, as it is.
	Text string

	nothing bool
	lines   []*regexp.Regexp
}

const (
	mark    = "> "
	nothing = "(empty)"
	payload = "<<"
)

// Parse reads a script.
func Parse(script string) ([]Exchange, error) {
	var all []Exchange
	for line := range strings.Lines(script) {
		line = strings.TrimSuffix(line, "\n")
		if command, asks := strings.CutPrefix(line, mark); asks {
			all = append(all, Exchange{Command: command, Text: text(command)})
			continue
		}
		if len(all) == 0 {
			continue
		}
		last := &all[len(all)-1]
		if line == nothing {
			last.nothing = true
			continue
		}
		fits, err := regexp.Compile("^(?:" + line + ")$")
		if err != nil {
			return nil, fmt.Errorf("> %s: %w", last.Command, err)
		}
		last.lines = append(last.lines, fits)
	}
	if len(all) == 0 {
		return nil, errors.New("the script has no command")
	}
	for _, e := range all {
		if e.nothing == (len(e.lines) > 0) {
			return nil, fmt.Errorf("> %s: want lines, or %s alone", e.Command, nothing)
		}
	}
	return all, nil
}

// text is a command as it is sent.
func text(command string) string {
	first, lines, ok := strings.Cut(command, payload)
	if !ok {
		return command + "\n"
	}
	return first + payload + "\n" + strings.ReplaceAll(lines, "|", "\n") + "\n\n"
}

// Check reports whether the answer to the command is as it is expected.
func (e Exchange) Check(answer string) error {
	rest := strings.Split(strings.Trim(answer, "\n"), "\n")
	if rest[0] == "" {
		rest = rest[1:]
	}
	if e.nothing && len(rest) > 0 {
		return fmt.Errorf("> %s: %q is said, where nothing should be", e.Command, answer)
	}
	for _, fits := range e.lines {
		i := 0
		for i < len(rest) && !fits.MatchString(rest[i]) {
			i++
		}
		if i == len(rest) {
			return fmt.Errorf("> %s: no line fits %s in %q", e.Command, fits, answer)
		}
		rest = rest[i+1:]
	}
	return nil
}
