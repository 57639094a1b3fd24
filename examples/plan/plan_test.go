package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func call(args ...string) (out, told string, status int) {
	var o, e bytes.Buffer
	status = run(args, &o, &e)
	return o.String(), e.String(), status
}

func TestWhatItSays(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.json")
	text := strings.NewReplacer(`"owner": "ada",
  "window"`, `"window"`, `"rollback"`, `"about_rollback"`).Replace(string(ownPlan))
	text = strings.Replace(text, `"about_rollback": {"how": "the rollout goes back to what ran before; baskets are read by both versions", "within_ns": 900000000000, "decides": "ada", "automatic": true},`, "", 1)
	require.NoError(t, os.WriteFile(bad, []byte(text), 0o644))
	other := filepath.Join(dir, "other.json")
	require.NoError(t, os.WriteFile(other, bytes.ReplaceAll(ownPlan, []byte("shop-5"), []byte("shop-6")), 0o644))
	for name, test := range map[string]struct {
		args   []string
		status int
	}{
		"good":     {nil, 0},
		"long":     {[]string{"-length", "5h"}, 1},
		"bad":      {[]string{"-file", bad}, 1},
		"others":   {[]string{other}, 1},
		"markdown": {[]string{"-markdown"}, 0},
		"json":     {[]string{"-json"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			out, told, status := call(test.args...)
			assert.Empty(t, told)
			assert.Equal(t, test.status, status)
			golden := filepath.Join("testdata", name+".txt")
			if os.Getenv("UPDATE") != "" {
				require.NoError(t, os.WriteFile(golden, []byte(out), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), out)
			if name == "json" {
				assert.True(t, json.Valid([]byte(out)))
			}
		})
	}
}

func TestHowItIsCalled(t *testing.T) {
	out, told, status := call("-h")
	assert.Equal(t, []any{usage, "", 0}, []any{out, told, status})
	for want, args := range map[string][]string{
		"plan: -length 0s: it is not above zero":           {"-length", "0"},
		"plan: -markdown and -json do not go together":     {"-markdown", "-json"},
		"plan: flag provided but not defined: -frobnicate": {"-frobnicate"},
		"plan: -file is empty":                             {"-file", ""},
		"plan: -calendars is empty":                        {"-calendars", ""},
		"plan: the name of another plan is empty":          {""},
	} {
		_, told, status := call(args...)
		assert.Equal(t, 2, status)
		assert.Contains(t, told, want)
	}
	empty := filepath.Join(t.TempDir(), "empty.json")
	require.NoError(t, os.WriteFile(empty, nil, 0o644))
	for _, args := range [][]string{{"-file", "nowhere.json"}, {"-file", empty}, {"-calendars", "nowhere.json"}, {"-calendars", empty}, {empty}} {
		out, told, status := call(args...)
		assert.Equal(t, 1, status)
		assert.Empty(t, out)
		assert.NotEmpty(t, told)
	}
}
