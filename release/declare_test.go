package release_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rude panics when it is asked.
type rude struct{ about string }

func (r rude) Run(context.Context, *stage.Task) error { return nil }
func (r rude) ask(about string) {
	if r.about == about {
		panic("asked for " + about)
	}
}
func (r rude) Reads() []stage.Ref          { r.ask("Reads"); return nil }
func (r rude) Writes() []stage.Ref         { r.ask("Writes"); return nil }
func (r rude) Listens() []stage.SignalKind { r.ask("Listens"); return nil }
func (r rude) Validate() error             { r.ask("Validate"); return nil }

func TestAStageThatPanicsWhenAskedIsRefused(t *testing.T) {
	for _, about := range []string{"Reads", "Writes", "Listens", "Validate"} {
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: rude{about}}, {Name: "b", Do: nothing, Needs: []string{"c"}}}}
		err := p.Check()
		assert.ErrorContains(t, err, "stage a: panics when it is asked what it declares: asked for "+about)
		assert.ErrorContains(t, err, `stage b: needs "c"`, "and the others are looked at, too")
		_, err = release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
		assert.ErrorContains(t, err, "panics")
	}
}

func TestAFormerStageThatPanicsWhenAskedIsRefused(t *testing.T) {
	for _, about := range []string{"Reads", "Writes", "Validate"} {
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: nothing}}, Former: map[string]stage.Stage{"b": rude{about}}}
		_, err := release.NewRunner(release.Config{}).TakeUp(t.Context(), p)
		assert.ErrorContains(t, err, "stage b: panics when it is asked what it declares: asked for "+about)
	}
}

func TestAKeyIsNamedOnce(t *testing.T) {
	number := stage.NewKey[int]("version").Ref()
	p := release.Pipeline{Name: "shop", Inputs: []stage.Ref{stage.Notes.Ref(), stage.Notes.Ref(), stage.Version.Ref(), number}, Stages: []release.Stage{{Name: "a", Do: nothing}}}
	err := p.Check()
	assert.ErrorContains(t, err, "Pipeline.Inputs: key notes comes twice")
	assert.ErrorContains(t, err, "Pipeline.Inputs: key version comes twice, as string and as int")
	p = release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: stage.Declared{Stage: nothing, Write: []stage.Ref{stage.Version.Ref(), number}}}}}
	assert.ErrorContains(t, p.Check(), "stage a: writes: key version comes twice, as string and as int")
}

func TestAReviewSteersNoTerminal(t *testing.T) {
	r := release.NewRunner(release.Config{})
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: do(func(context.Context, *stage.Task) error {
		return errors.New("\x1b]0;title\x07\x1b[2J\u009b2J\rgone")
	})}}}
	_, err := r.Run(t.Context(), p, request("r1"))
	require.Error(t, err)
	review, err := r.Review(t.Context(), "r1")
	require.NoError(t, err)
	assert.False(t, strings.ContainsAny(review.String(), "\x1b\x07\u009b\r"), "%q", review)
	assert.Contains(t, review.String(), "gone")
}
