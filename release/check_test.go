package release_test

import (
	"errors"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func refs(keys ...stage.Ref) []stage.Ref { return keys }

// keyed is a stage that reads and writes keys.
func keyed(read, write []stage.Ref) stage.Stage {
	return stage.Declared{Stage: nothing, Read: read, Write: write}
}

type invalid struct{ stage.Func }

func (invalid) Validate() error {
	return multierror.Append(nil, errors.New("Invalid.A: it is wrong"), errors.New("Invalid.B: it is, too"))
}

// wrapped hides a stage.
type wrapped struct {
	stage.Func
	inner stage.Stage
}

func (w wrapped) Unwrap() stage.Stage { return w.inner }

func TestCheckReportsEverythingAtOnce(t *testing.T) {
	version, notes := stage.Version.Ref(), stage.Notes.Ref()
	tests := []struct {
		name     string
		pipeline release.Pipeline
		want     []string
	}{
		{"nothing", release.Pipeline{}, []string{`Pipeline.Name: ""`, "Pipeline.Stages: there is none"}},
		{"names", release.Pipeline{Name: "Shop!", Parallel: -1, Stages: []release.Stage{
			{Name: "Build", Do: nothing}, {Name: "a", Do: nothing}, {Name: "a", Do: nothing},
		}}, []string{
			`Pipeline.Name: "Shop!"`, "Pipeline.Parallel: -1", `Stages[0].Name: "Build"`,
			"stage a: Stages[1] and Stages[2] have the same name",
		}},
		{"stages", release.Pipeline{Name: "p", Stages: []release.Stage{
			{Name: "none"}, {Name: "nil", Do: stage.Func(nil)}, {Name: "bad", Do: invalid{}, Timeout: -time.Second},
			{Name: "deaf", Do: listener{kinds: []stage.SignalKind{stage.Abort}, Func: nothing.(stage.Func)}},
		}}, []string{
			"stage none: Do: there is nothing to do", "stage nil: the function is nil",
			"stage bad: Timeout: -1s is below zero", "stage bad: Invalid.A: it is wrong", "stage bad: Invalid.B: it is, too",
			`stage deaf: listens for "abort", which is not for a stage to take`,
		}},
		{"needs", release.Pipeline{Name: "p", Stages: []release.Stage{
			{Name: "a", Do: nothing, Needs: []string{"a", "nobody"}},
			{Name: "b", Do: nothing, Needs: []string{"a", "a"}},
		}}, []string{"stage a: needs itself", `stage a: needs "nobody", which there is not`, "stage b: needs a twice"}},
		{"two cycles", release.Pipeline{Name: "p", Stages: []release.Stage{
			{Name: "a", Do: nothing, Needs: []string{"b"}}, {Name: "b", Do: nothing, Needs: []string{"a"}},
			{Name: "x", Do: nothing, Needs: []string{"a", "z"}}, {Name: "y", Do: nothing, Needs: []string{"x"}}, {Name: "z", Do: nothing, Needs: []string{"y"}},
		}}, []string{"stage a: is part of a cycle: a -> b -> a", "stage x: is part of a cycle: x -> y -> z -> x"}},
		{"keys", release.Pipeline{Name: "p", Inputs: refs(notes, stage.NewKey[string]("Bad Key").Ref()), Stages: []release.Stage{
			{Name: "a", Do: keyed(nil, refs(version))},
			{Name: "b", Do: keyed(nil, refs(version, stage.NewKey[int]("").Ref())), Needs: []string{"a"}},
			{Name: "c", Do: keyed(refs(version, stage.Built.Ref()), refs(notes))},
			{Name: "d", Do: keyed(refs(stage.NewKey[int]("version").Ref()), nil), Needs: []string{"a"}},
			{Name: "e", Do: keyed(refs(stage.NewKey[int]("notes").Ref()), nil)},
		}}, []string{
			`Pipeline.Inputs: key "Bad Key"`, "stage b: writes key version, which a writes too", `stage b: writes key ""`,
			"stage c: reads key version of stage a, but does not need that stage", "stage c: reads key artifact, which nobody writes",
			"stage c: writes key notes, which is an input of the pipeline", "stage d: reads key version as int, but it is a string",
			"stage e: reads key notes as int, but it is a string",
		}},
		{"a key that may be missing", release.Pipeline{Name: "p", Stages: []release.Stage{
			{Name: "a", Do: keyed(nil, refs(version)), OnFailure: release.GoOn},
			{Name: "b", Do: keyed(refs(version), nil), Needs: []string{"a"}},
			{Name: "c", Do: keyed(refs(version), nil), Needs: []string{"a"}, Always: true},
		}}, []string{"stage b: reads key version of stage a, which is allowed to fail"}},
		{"behind wrappers", release.Pipeline{Name: "p", Stages: []release.Stage{
			{Name: "a", Do: wrapped{inner: wrapped{inner: keyed(refs(version), nil)}, Func: nothing.(stage.Func)}},
		}}, []string{"stage a: reads key version, which nobody writes"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.pipeline.Check()
			for _, want := range test.want {
				assert.ErrorContains(t, err, want)
			}
			var all *multierror.Error
			require.ErrorAs(t, err, &all)
			assert.Len(t, all.Errors, len(test.want), "%v", err)
			_, err = release.NewRunner(release.Config{}).Run(t.Context(), test.pipeline, request("r1"))
			assert.ErrorAs(t, err, &all, "and it is not run")
		})
	}
}

func TestOutlineOrdersStages(t *testing.T) {
	p := release.Pipeline{Name: "p", Stages: []release.Stage{
		{Name: "d", Do: nothing, Needs: []string{"b", "c"}},
		{Name: "c", Do: nothing, Needs: []string{"a"}},
		{Name: "b", Do: nothing, Needs: []string{"a"}},
		{Name: "a", Do: nothing},
	}}
	outline, err := p.Outline()
	require.NoError(t, err)
	require.NoError(t, outline.Validate())
	var names []string
	for _, s := range outline.Stages {
		names = append(names, s.Name)
	}
	assert.Equal(t, []string{"a", "c", "b", "d"}, names)
}

func TestAValueIsHandedOnWhenItsStageEnds(t *testing.T) {
	version := refs(stage.Version.Ref())
	p := release.Pipeline{Name: "p", Stages: []release.Stage{
		{Name: "forgets", Do: keyed(nil, version)},
		{Name: "reads", Do: keyed(version, nil), Needs: []string{"forgets"}},
	}}
	_, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
	assert.ErrorContains(t, err, "did not set the key version, which it declares to write")
}
