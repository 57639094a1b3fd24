package haproxy

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// section is a part of HAProxy's configuration files: its lines, with single blanks between the words.
type section struct {
	kind, name string
	lines      []string
}

// sectionKinds are the words that begin a section.
var sectionKinds = []string{
	"global", "defaults", "frontend", "backend", "listen", "ring", "peers", "resolvers", "userlist", "program", "cache",
	"mailers", "http-errors", "fcgi-app", "log-forward", "crt-store", "traces",
}

// readSections takes configuration files apart.
func readSections(text string) []section {
	var all []section
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(words[0], "#"):
			continue
		case slices.Contains(sectionKinds, words[0]):
			all = append(all, section{kind: words[0]})
			if len(words) > 1 {
				all[len(all)-1].name = words[1]
			}
		case len(all) > 0:
			last := &all[len(all)-1]
			last.lines = append(last.lines, strings.Join(words, " "))
		}
	}
	return all
}

// has tells where a section has a line, whatever comment follows it; below zero: nowhere.
func (s section) has(want string) int {
	return slices.IndexFunc(s.lines, func(line string) bool { return line == want || strings.HasPrefix(line, want+" #") })
}

// written are the sections of the configuration files of the running HAProxy. There are none where the files
// cannot be read from here.
func (m *mover) written(ctx context.Context) ([]section, error) {
	if m.remote {
		return nil, nil
	}
	answers, err := m.admin.ask(ctx, "show env HAPROXY_CFGFILES", "show env PWD")
	if err != nil {
		return nil, err
	}
	_, names, _ := strings.Cut(answers[0], "=")
	_, dir, _ := strings.Cut(answers[1], "=")
	var text strings.Builder
	for name := range strings.SplitSeq(names, ";") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		data, err := m.disk.Read(name)
		if err != nil {
			return nil, nil // it cannot be told from here
		}
		text.Write(data)
		text.WriteString("\n")
	}
	return readSections(text.String()), nil
}

// checkStateLoading looks whether each backend reads its state file.
func (m *mover) checkStateLoading(l *lacks, text []section) {
	if len(text) == 0 {
		return
	}
	const load = "load-server-state-from-file local"
	for _, b := range m.backends {
		names, loads := false, false
		for _, s := range text {
			mine := s.name == b && (s.kind == "backend" || s.kind == "listen")
			names = names || mine && s.has("server-state-file-name "+m.stateFile(b)) >= 0
			loads = loads || (mine || s.kind == "defaults") && s.has(load) >= 0
		}
		if !names || !loads {
			l.add(fmt.Sprintf("in backend %s:\n    %s\n    server-state-file-name %s", b, load, m.stateFile(b)),
				"the configuration does not read %s: a reload will bring back the servers of %s as they are configured", m.stateFile(b), b)
		}
	}
}

// checkLines looks whether all lines of the frontend are there, and nothing before the choice of the backend.
func checkLines(l *lacks, text []section, frontend string) {
	if len(text) == 0 {
		return
	}
	var missing []string
	for line := range strings.Lines(frontend) {
		want := strings.Join(strings.Fields(line), " ")
		if strings.HasPrefix(want, "#") {
			continue
		}
		at := -1
		for _, s := range text {
			if at = s.has(want); at < 0 {
				continue
			}
			if i := earlier(s.lines[:at]); strings.HasPrefix(want, "use_backend ") && i >= 0 {
				l.add("move it behind the lines of Configuration, and let GroupsOptions.If leave its requests out",
					"the line %q of %s %s comes before the choice of a group: what it takes is answered by somebody else, and measured as the group's", s.lines[i], s.kind, s.name)
			}
			break
		}
		if at < 0 {
			missing = append(missing, want)
		}
	}
	if len(missing) > 0 {
		l.add("in the frontend, and in this order:\n    "+strings.Join(missing, "\n    "), "the configuration files lack %d lines of the frontend, the first: %s", len(missing), missing[0])
	}
}

// earlier is the first line that chooses a backend, and is none of a service's; below zero: there is none.
func earlier(lines []string) int {
	return slices.IndexFunc(lines, func(line string) bool {
		return strings.HasPrefix(line, "use_backend ") && !strings.HasPrefix(line, "use_backend %[var(txn.")
	})
}

// checkLog looks whether a log-format ends in what a Source reads.
func checkLog(l *lacks, text []section, mend, format string) {
	if len(text) == 0 {
		return
	}
	for _, s := range text {
		for _, line := range s.lines {
			if strings.HasPrefix(line, "log-format ") && strings.Contains(strings.ReplaceAll(line, "\\ ", " "), format) {
				return
			}
		}
	}
	l.add("in the frontend:\n"+mend, "no log-format of the configuration ends in %s: a Source counts nothing", format)
}
