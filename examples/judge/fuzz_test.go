package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever the recording is: there is a verdict, or an error that says why there is none.
func FuzzReplay(f *testing.F) {
	for _, seed := range []string{
		`{"t":12.0,"group":"baseline","requests":100,"errors":1,"latency":[{"le":0.1,"count":90},{"le":0.5,"count":99},{"le":"+Inf","count":100}]}`,
		`{"t":0,"group":"canary/2","requests":0}` + "\n" + `{"t":1e9,"group":"stable/1","requests":9007199254740992,"errors":0}` + "\n" + `{"t":1000000001,"group":"canary/2","requests":9}`,
		`{"at":"1970-01-01T00:00:00Z","group":"candidate","requests":3,"errors":3}` + "\n" + `{"at":"9999-12-31T23:59:59Z","group":"control","requests":9,"errors":0}`,
		`{"t":3,"group":"candidate","requests":5,"errors":1,"latency":[{"le":0,"count":1},{"le":1e300,"count":4},{"le":"+Inf","count":5}]}` + "\n" +
			`{"t":9,"group":"control","requests":5,"errors":1,"latency":[{"le":0,"count":0},{"le":"+Inf","count":5}]}`,
	} {
		f.Add(seed, "0.01", "0.001", false)
		f.Add(seed+"\n"+seed, "0.5", "0", true)
	}
	f.Fuzz(func(t *testing.T, text, alpha, margin string, little bool) {
		args := []string{"-trace", "-", "-json", "-alpha", alpha, "-error-margin", margin, "-latency-margin", margin}
		out, told, status := play(t, text, args...)
		require.Contains(t, []int{0, 2}, status)
		if status == 0 {
			require.Contains(t, []string{"pass", "fail", "inconclusive"}, last(t, out).Verdict)
		} else {
			require.Contains(t, told, "judge: ")
		}
		if o, err := parse(args); err == nil {
			if o.memory = 64 << 20; little {
				o.memory = 600
			}
			_, _, _ = replay(o, strings.NewReader(text), &textTeller{out: io.Discard}, io.Discard)
		}
	})
}
