package haproxy_test

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// answerAdmin carries out what comes on one connection.
func (s *simulator) answerAdmin(conn net.Conn, from *bufio.Reader) {
	line, err := from.ReadString('\n')
	if err != nil {
		return
	}
	line = strings.TrimSuffix(line, "\n")
	s.mu.Lock()
	w := s.current
	s.mu.Unlock()
	if line == "prompt" {
		s.converse(conn, from, w)
		return
	}
	var payload []string
	if rest, ok := strings.CutSuffix(line, " <<"); ok {
		line = rest
		for {
			one, err := from.ReadString('\n')
			if err != nil {
				return
			}
			if one == "\n" {
				break
			}
			payload = append(payload, strings.TrimSuffix(one, "\n"))
		}
	}
	mute := false
	if s.before != nil {
		var err error
		if mute, err = s.before(line); err != nil {
			return
		}
		s.mu.Lock()
		w = s.current
		s.mu.Unlock()
	}
	if strings.HasPrefix(line, "show events ") && strings.HasSuffix(line, " -w") {
		s.stream(conn, from, w)
		return
	}
	var answer strings.Builder
	for command := range strings.SplitSeq(line, ";") {
		answer.WriteString(s.carryOut(w, strings.TrimSpace(command), payload))
		answer.WriteString("\n")
	}
	if !mute {
		_, _ = io.WriteString(conn, answer.String())
	}
}

// converse is a session with a prompt.
func (s *simulator) converse(conn net.Conn, from *bufio.Reader, w *worker) {
	for line := "prompt"; ; {
		answer, mute := "\n> ", false
		if line != "prompt" {
			if s.before != nil {
				var err error
				if mute, err = s.before(line); err != nil {
					return
				}
			}
			if s.beforeIn != nil && s.beforeIn(w, line) != nil {
				return
			}
			answer = ""
			for command := range strings.SplitSeq(line, ";") {
				answer += s.carryOut(w, command, nil) + "\n> "
			}
		}
		if mute {
			return
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
		next, err := from.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSuffix(next, "\n")
	}
}

// streams is how often somebody began to listen.
func (s *simulator) streams() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streamed
}

// stream gives the ring, and then what comes.
func (s *simulator) stream(conn net.Conn, from *bufio.Reader, w *worker) {
	s.mu.Lock()
	kept := strings.Join(append(slices.Clone(w.log), ""), "\n")
	c := make(chan string, 1<<14)
	w.watch = append(w.watch, c)
	s.streamed++
	s.mu.Unlock()
	gone := make(chan struct{})
	s.serving.Go(func() {
		_, _ = from.ReadByte()
		close(gone)
	})
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		w.watch = slices.DeleteFunc(w.watch, func(o chan string) bool { return o == c })
		s.bury()
	}()
	_, _ = io.WriteString(conn, kept)
	for {
		select {
		case line, ok := <-c:
			if !ok {
				return
			}
			_, _ = io.WriteString(conn, line+"\n")
		case <-gone:
			return
		}
	}
}

// carryOut is what HAProxy answers to a command, without the empty line behind it.
func (s *simulator) carryOut(w *worker, command string, payload []string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, command)
	word := strings.Fields(command)
	has := func(words ...string) bool { return len(word) >= len(words) && slices.Equal(word[:len(words)], words) }
	switch {
	case has("show", "info"):
		return fmt.Sprintf("Name: HAProxy\nVersion: %s\nRelease_date: 2026/10/17\nNbthread: 2\nPid: %d\nUptime: 0d 0h00m00s\nUptime_sec: %d\nCurrConns: %d\nnode: sim\nStopping: %d\n",
			s.version, w.pid, int(time.Since(w.began).Seconds()), w.clients, b2i(w != s.current))
	case has("show", "cli", "level"):
		return s.level + "\n"
	case s.level != "admin":
		return "Permission denied\n"
	case has("show", "env"):
		return s.env(word)
	case has("show", "fd"):
		return ""
	case has("show", "map"), has("prepare", "map"), has("add", "map"), has("commit", "map"):
		return s.mapCommand(w, word, payload)
	case has("show", "servers", "state"):
		return s.states(w, word)
	case has("show", "stat"):
		return s.stat(w)
	case has("show", "events"):
		return s.events(w, word)
	case has("set", "server"), has("add", "server"), has("enable", "health"):
		return s.serverCommand(w, word)
	}
	return "Unknown command: '" + command + "', but maybe one of the following ones is a better match:\n  help\n"
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s *simulator) env(word []string) string {
	switch word[2] {
	case "HAPROXY_CFGFILES":
		return "HAPROXY_CFGFILES=" + s.config + "\n"
	case "PWD":
		return "PWD=/\n"
	}
	return "Variable not found\n"
}

func (s *simulator) mapCommand(w *worker, word []string, payload []string) string {
	if len(word) == 2 {
		if s.mapFile == "" {
			return "# id (file) description\n"
		}
		uses := ""
		for n := range strings.Count(s.frontend, ",map("+s.mapFile) {
			uses += fmt.Sprintf("%s by map at file 'h.cfg' line %d", map[bool]string{true: " used", false: ","}[n == 0], 10+n)
		}
		return fmt.Sprintf("# id (file) description\n0 (%s) pattern loaded from file '%s'%s. curr_ver=0 next_ver=0 entry_cnt=%d\n", s.mapFile, s.mapFile, uses, len(w.entries))
	}
	version := 0
	if at, ok := strings.CutPrefix(word[2], "@"); ok {
		version, _ = strconv.Atoi(at)
		word = slices.Delete(slices.Clone(word), 2, 3)
	}
	if word[len(word)-1] != s.mapFile {
		return "Unknown map identifier. Please use #<id> or <file>.\n"
	}
	switch word[0] {
	case "show":
		var b strings.Builder
		for i, e := range w.entries {
			fmt.Fprintf(&b, "0x55d0c0ffee%02x %s %s\n", i, e.key, e.value)
		}
		return b.String()
	case "prepare":
		w.counter++
		w.drafts[w.counter] = nil
		return fmt.Sprintf("New version created: %d\n", w.counter)
	}
	draft, ok := w.drafts[version]
	if !ok {
		return "Version number out of range.\n"
	}
	if word[0] == "commit" {
		w.entries = draft
		for v := range w.drafts {
			if v <= version {
				delete(w.drafts, v)
			}
		}
		return ""
	}
	for _, line := range payload {
		key, value, ok := strings.Cut(line, " ")
		if !ok {
			return "Missing value.\n"
		}
		draft = append(draft, simEntry{key, value})
	}
	w.drafts[version] = draft
	return ""
}

func (s *simulator) states(w *worker, word []string) string {
	w.check(word[len(word)-1])
	var b strings.Builder
	b.WriteString("1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n")
	known := false
	for i, be := range s.backends {
		if len(word) > 3 && be.name != word[3] {
			continue
		}
		known = true
		for _, o := range w.servers {
			if o.backend == be.name {
				result := o.result
				if s.checking != nil && s.checking(o) {
					result = 0
				}
				fmt.Fprintf(&b, "%d %s %d %s %s %d %d %d %d 0 %d %d %d %d 0 0 0 - %d - 0 0 - - 0\n", i+3, o.backend, o.id, o.name, o.addr, o.op, o.admin, o.uweight, o.iweight,
					o.checkStatus, result, o.health, o.checkState, o.port)
			}
		}
	}
	if !known {
		return "Can't find backend.\n"
	}
	return b.String()
}

func (o *simServer) status() string {
	switch {
	case o.admin&fmaint != 0:
		return "MAINT"
	case o.admin&fdrain != 0:
		return "DRAIN"
	case o.checkState&checkConfigured == 0:
		return "no check"
	case o.op == 0:
		return "DOWN"
	}
	return "UP"
}

func (s *simulator) stat(w *worker) string {
	var b strings.Builder
	b.WriteString("# pxname,svname,qcur,scur,stot,econ,eresp,status,weight,check_status,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,last_chk,algo,mode,bck,cookie,\n")
	row := func(px, sv, status, check, last, algo string, weight int, c simCounts) {
		var be simBackend
		if i := slices.IndexFunc(s.backends, func(b simBackend) bool { return b.name == px }); i >= 0 {
			be = s.backends[i]
		}
		backup, cookie := b2i(sv != "BACKEND" && sv == be.backup), ""
		if sv == "BACKEND" {
			backup, cookie = b2i(be.backup != ""), be.cookie
		}
		fmt.Fprintf(&b, "%s,%s,%d,%d,%d,%d,%d,%s,%d,%s,%d,%d,%d,%d,%d,%d,%s,%s,%s,%d,%s,\n", px, sv, c.queued, c.current, c.total, c.econ, c.eresp, status, weight, check,
			c.answers[1], c.answers[2], c.answers[3], c.answers[4], c.answers[5], c.answers[0], last, algo, cmp.Or(be.mode, "http"), backup, cookie)
	}
	row("shop", "FRONTEND", "OPEN", "", "", "", 0, simCounts{})
	for _, be := range s.backends {
		for _, o := range w.servers {
			if o.backend == be.name {
				check, last := "", ""
				if o.checkState&checkConfigured != 0 {
					check, last = map[bool]string{true: "L7OK", false: "L4CON"}[o.result == 3], `"Layer7, ""check"" passed"`
				}
				row(o.backend, o.name, o.status(), check, last, "", o.uweight, o.simCounts)
			}
		}
		algo := be.algorithm
		if algo == "" {
			algo = "roundrobin"
		}
		row(be.name, "BACKEND", "UP", "", "", algo, 1, *w.backend[be.name])
	}
	return b.String()
}

func (s *simulator) events(w *worker, word []string) string {
	if len(word) == 2 {
		text := "Supported events sinks are listed below. Add -w(wait), -n(new). Any key to stop\n    stdout     : type=fd, 0 dropped, standard output (fd#1)\n"
		if s.ring != "" {
			text += fmt.Sprintf("    %-10s : type=buffer, %d dropped, \n", s.ring, w.dropped)
		}
		return text
	}
	if word[2] != s.ring {
		return "No such event sink\n"
	}
	if len(w.log) == 0 {
		return ""
	}
	return strings.Join(w.log, "\n") + "\n"
}

func (s *simulator) serverCommand(w *worker, word []string) string {
	place := word[2]
	o := w.find(place)
	if word[0] == "add" {
		backend, name, _ := strings.Cut(place, "/")
		if o != nil {
			return "Already exists a server with the same name in backend.\n"
		}
		a, err := netip.ParseAddrPort(word[3])
		if err != nil {
			return "'server' expects <name> and <addr>[:<port>] as arguments.\n"
		}
		o = &simServer{backend: backend, name: name, id: 100 + len(w.servers), addr: a.Addr().String(), port: int(a.Port()), admin: fmaint, uweight: 1, iweight: 1, checkStatus: 1, checkState: checkPause, dynamic: true}
		if slices.Contains(word, "check") {
			o.checkState |= checkConfigured
		}
		w.servers = append(w.servers, o)
		return "New server registered.\n"
	}
	if o == nil {
		return "No such server.\n"
	}
	switch {
	case word[0] == "enable":
		o.checkState |= checkOn
		return ""
	case word[3] == "addr":
		port, _ := strconv.Atoi(word[6])
		text := fmt.Sprintf("IP changed from '%s' to '%s', port changed from '%d' to '%d' by 'stats socket command'\n", o.addr, word[4], o.port, port)
		if o.addr == word[4] && o.port == port {
			text = "no need to change the addr, no need to change the port by 'stats socket command'\n"
		}
		o.addr, o.port = word[4], port
		return text
	case word[3] == "weight":
		return o.setWeight(word[4])
	case word[3] == "state":
		return o.setState(word[4])
	case word[3] == "health" && word[4] == "down":
		o.op, o.polls = 0, 1
		return ""
	}
	return "usage: set server <backend>/<server> addr | agent | state | weight\n"
}

func (o *simServer) setWeight(text string) string {
	if share, ok := strings.CutSuffix(text, "%"); ok {
		n, _ := strconv.Atoi(share)
		o.uweight = o.iweight * n / 100
		return ""
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return "Invalid weight.\n"
	case n < 0 || n > 256:
		return "Absolute weight can only be between 0 and 256 inclusive.\n"
	}
	o.uweight = n
	return ""
}

func (o *simServer) setState(state string) string {
	wasMaint := o.admin&fmaint != 0
	switch state {
	case "ready":
		o.admin &^= fmaint | fdrain
	case "drain":
		o.admin = o.admin&^fmaint | fdrain
	case "maint":
		o.admin = o.admin&^fdrain | fmaint
		o.op, o.checkState = 0, o.checkState|checkPause
	default:
		return "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n"
	}
	if wasMaint && state != "maint" {
		o.wake(false)
	}
	return ""
}

// answerMaster is the master's socket.
func (s *simulator) answerMaster(conn net.Conn, from *bufio.Reader) {
	line, err := from.ReadString('\n')
	if err != nil {
		return
	}
	line = strings.TrimSuffix(line, "\n")
	var pid int
	if at, command, ok := strings.Cut(line, " "); ok && strings.HasPrefix(at, "@!") {
		pid, _ = strconv.Atoi(at[2:])
		line = command
	}
	s.mu.Lock()
	workers := slices.Clone(s.old)
	current := s.current
	s.mu.Unlock()
	if pid == 0 {
		text := fmt.Sprintf("#<PID>          <type>          <reloads>       <uptime>        <version>      \n900             master          %d [failed: 0]   0d00h00m01s     %s\n# workers\n%-15d worker          0               0d00h00m01s     %s\n", len(workers), s.version, current.pid, s.version)
		if len(workers) > 0 {
			text += "# old workers\n"
		}
		for _, w := range workers {
			text += fmt.Sprintf("%-15d worker          1               0d00h00m02s     %s\n", w.pid, s.version)
		}
		_, _ = io.WriteString(conn, text+"# programs\n\n")
		return
	}
	for _, w := range append(workers, current) {
		if w.pid == pid {
			_, _ = io.WriteString(conn, s.carryOut(w, line, nil)+"\n")
			return
		}
	}
	_, _ = fmt.Fprintf(conn, "Can't find the target PID matching the prefix '@!%d'\n", pid)
}
