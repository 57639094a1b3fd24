package maturity_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/maturity"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestGolden(t *testing.T) {
	m, in := story(t)
	a := assess(t, m, in)
	golden(t, "story.txt", a.Text())
	golden(t, "story.md", a.Markdown())
	text, err := json.MarshalIndent(a, "", "  ")
	require.NoError(t, err)
	golden(t, "story.json", string(text)+"\n")

	for i := range 20 { // in whatever order
		r := rand.New(rand.NewPCG(1, uint64(i)))
		r.Shuffle(len(in.Releases), func(i, k int) { in.Releases[i], in.Releases[k] = in.Releases[k], in.Releases[i] })
		r.Shuffle(len(in.Services), func(i, k int) { in.Services[i], in.Services[k] = in.Services[k], in.Services[i] })
		r.Shuffle(len(in.People), func(i, k int) { in.People[i], in.People[k] = in.People[k], in.People[i] })
		r.Shuffle(len(in.Declarations), func(i, k int) {
			in.Declarations[i], in.Declarations[k] = in.Declarations[k], in.Declarations[i]
		})
		for _, release := range in.Releases {
			s := release.Steps
			r.Shuffle(len(s), func(i, k int) { s[i], s[k] = s[k], s[i] })
		}
		require.Equal(t, a, assess(t, m, in))
	}
}

// All models that come along can be read from their own JSON, and assess the same story.
func TestModels(t *testing.T) {
	_, in := story(t)
	in.Declarations = nil
	for _, m := range maturity.Models() {
		require.NoError(t, m.Validate(), m.Name)
		text, err := json.MarshalIndent(m, "", "  ")
		require.NoError(t, err)
		again, err := maturity.Decode(text)
		require.NoError(t, err)
		assert.Equal(t, m, again)
		golden(t, m.Name+".txt", assess(t, m, in).Text())
		named, err := maturity.Named(m.Name)
		require.NoError(t, err)
		assert.Equal(t, m, named)
	}
	_, err := maturity.Named("cmmi")
	assert.ErrorIs(t, err, maturity.ErrUnknownModel)
	assert.ErrorContains(t, err, `"cmmi"`)
}

// The events behind figures are the same, whether the releases tell whose they are or not.
func TestEventsOfStrangers(t *testing.T) {
	m, in := story(t)
	want := profile(t, assess(t, m, in), "shop")
	require.NoError(t, in.History.Add(dora.Deployment{ID: "x-1", Service: "stranger", Time: ago(1)}))
	a := assess(t, m, in)
	assert.Equal(t, want, profile(t, a, "shop"))
	assert.Equal(t, []string{"x-1"}, finding(t, a, "stranger", "monthly").Evidence.Events)
	require.NoError(t, in.History.Add(dora.Deployment{ID: "x-2", Service: "shop", Time: ago(1)}))
	e := finding(t, assess(t, m, in), "shop", "monthly").Evidence
	assert.Equal(t, 12, len(e.Events)+e.More, "one of which no release tells")
	assert.Equal(t, []string{"x-2", "shop-9/production", "shop-8/production"}, e.Events, "in the order of ids, as not all times are known")
	assert.Zero(t, e.First)
}
