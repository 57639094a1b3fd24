package git_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// size is how large a repository is to be.
type size struct {
	commits int
	// release is how many commits there are between two releases, and since how many commits the last one is.
	release, since int
	// parts is how many folders there are, parts/00 and so on; a commit changes one to three files in them.
	// Without them commits are empty.
	parts int
}

// generate makes a repository that looks like a real one: every tenth commit is a merge, messages have
// a body mostly, and releases are tagged. The same size and seed give the same repository.
func generate(t testing.TB, s size, seed uint64) *workshop {
	t.Helper()
	w := newWorkshop(t)
	cmd := exec.CommandContext(t.Context(), "git", "fast-import", "--quiet")
	cmd.Dir = w.dir
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	g := &generator{size: s, r: rand.New(rand.NewPCG(seed, 2)), out: bufio.NewWriter(in)}
	g.history()
	require.NoError(t, g.out.Flush())
	require.NoError(t, in.Close())
	require.NoError(t, cmd.Wait())
	w.run("pack-refs", "--all")
	w.run("gc", "--quiet")
	return w
}

type generator struct {
	size
	r       *rand.Rand
	out     *bufio.Writer
	version int
}

func (g *generator) history() {
	const start = 1_500_000_000
	main, side := 0, 0 // the tips of two branches
	for i := 1; i <= g.commits; i++ {
		branch, from, merged := "main", main, 0
		switch {
		case side > 0 && g.r.IntN(8) == 0:
			merged, side = side, 0
		case side > 0 && g.r.IntN(2) == 0:
			branch, from = "side", side
		case side == 0 && main > 0 && g.r.IntN(9) == 0:
			branch = "side"
		}
		message := g.message(i, merged > 0)
		fmt.Fprintf(g.out, "commit refs/heads/%s\nmark :%d\nauthor %s %d +0100\ncommitter Bob <bob@example.org> %d +0000\ndata %d\n%s\n",
			branch, i, g.author(), start+i*300-g.r.IntN(90_000), start+i*300, len(message), message)
		if from > 0 {
			fmt.Fprintf(g.out, "from :%d\n", from)
		}
		if merged > 0 {
			fmt.Fprintf(g.out, "merge :%d\n", merged)
		} else if g.parts > 0 {
			g.files(i)
		}
		if branch == "side" {
			side = i
			continue
		}
		main = i
		if due := (i + g.since) / g.release; i <= g.commits-g.since && due > g.version {
			g.version = due
			fmt.Fprintf(g.out, "tag v1.%d.0\nfrom :%d\ntagger Bob <bob@example.org> %d +0000\ndata 8\nrelease\n\n", g.version, i, start+i*300)
		}
	}
}

var people = []string{"Ada <ada@example.org>", "Grace H. <grace@example.org>", "Jürgen <j@example.de>", "Žofie <z@example.cz>", "bot[bot] <bot@example.com>"}

func (g *generator) author() string { return people[g.r.IntN(len(people))] }

func (g *generator) files(i int) {
	for range 1 + g.r.IntN(3) {
		text := fmt.Sprint(i)
		fmt.Fprintf(g.out, "M 100644 inline parts/%02d/src/file%d.go\ndata %d\n%s\n", g.r.IntN(g.parts), g.r.IntN(9), len(text), text)
	}
}

var vocabulary = strings.Fields("the davit lowers a boat into rough water and hoists it back when the rope holds " +
	"otherwise rollback waits for traffic that nobody has measured since version pipeline gate canary `code` x < y && z")

func (g *generator) words(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(vocabulary[g.r.IntN(len(vocabulary))])
	}
	return b.String()
}

func (g *generator) message(i int, merge bool) string {
	if merge {
		return fmt.Sprintf("Merge pull request #%d from ada/topic\n\n%s\n", i, g.words(6))
	}
	kinds := []string{"feat", "fix", "fix", "fix", "docs", "chore", "build", "refactor", "test", "perf"}
	var b strings.Builder
	fmt.Fprintf(&b, "%s(part-%02d): %s (#%d)\n", kinds[g.r.IntN(len(kinds))], g.r.IntN(40), g.words(4+g.r.IntN(6)), i)
	for range g.r.IntN(4) {
		b.WriteString("\n")
		for range 1 + g.r.IntN(4) {
			b.WriteString(g.words(8+g.r.IntN(6)) + "\n")
		}
	}
	if g.r.IntN(3) == 0 {
		fmt.Fprintf(&b, "\nFixes #%d\nCo-authored-by: %s\n", g.r.IntN(i+1), g.author())
	}
	if g.r.IntN(150) == 0 {
		fmt.Fprintf(&b, "BREAKING CHANGE: %s\n", g.words(12))
	}
	return b.String()
}
