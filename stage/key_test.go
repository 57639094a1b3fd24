package stage_test

import (
	"context"
	"testing"
	"text/template"
	"time"

	html "html/template"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Two packages of one name may each have a type of one name: they are different types of a key.
func TestTypesOfOneNameAreToldApart(t *testing.T) {
	for _, pair := range [][2]stage.Ref{
		{stage.NewKey[text]("x").Ref(), stage.NewKey[string]("x").Ref()},
		{stage.NewKey[template.Template]("x").Ref(), stage.NewKey[html.Template]("x").Ref()},
		{stage.NewKey[*template.Template]("x").Ref(), stage.NewKey[*html.Template]("x").Ref()},
		{stage.NewKey[[]template.Template]("x").Ref(), stage.NewKey[[]html.Template]("x").Ref()},
		{stage.NewKey[[2]template.Template]("x").Ref(), stage.NewKey[[2]html.Template]("x").Ref()},
		{stage.NewKey[map[string]template.Template]("x").Ref(), stage.NewKey[map[string]html.Template]("x").Ref()},
		{stage.NewKey[struct{ A template.Template }]("x").Ref(), stage.NewKey[struct{ A html.Template }]("x").Ref()},
		{stage.NewKey[struct {
			A int `json:"a"`
		}]("x").Ref(), stage.NewKey[struct {
			A int `json:"b"`
		}]("x").Ref()},
	} {
		assert.NotEqual(t, pair[0], pair[1])
	}
	assert.Equal(t, "artifact (stage.Artifact)", stage.Built.Ref().String())
	assert.Equal(t, "x (map[string]*template.Template)", stage.NewKey[map[string]*html.Template]("x").Ref().String())
}

type text string

// One who waits for a turn waits no longer than its context lasts.
func TestNextHonoursItsContextBesideAnother(t *testing.T) {
	s := hears{}
	host := stagetest.NewHost(s)
	task := host.Task()
	first, end := context.WithCancel(t.Context())
	waiting := make(chan error, 1)
	go func() {
		_, err := task.Next(first)
		waiting <- err
	}()
	for range 20 { // whichever of the two has the turn, neither keeps the other
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, err := task.Next(ctx)
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	end()
	require.ErrorIs(t, <-waiting, context.Canceled)
}

type hears struct{}

func (hears) Run(context.Context, *stage.Task) error { return nil }
func (hears) Listens() []stage.SignalKind            { return []stage.SignalKind{stage.Approve} }
