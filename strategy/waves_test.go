package strategy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

func TestInWaves(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
	for _, c := range []struct {
		sizes []strategy.Amount
		want  string
	}{
		{nil, "a|b|c|d|e|f|g|h|i|j"},
		{[]strategy.Amount{strategy.Count(1), strategy.PercentOf(20), strategy.PercentOf(50)}, "a|bc|defgh|ij"},
		{[]strategy.Amount{strategy.PercentOf(100)}, "abcdefghij"},
		{[]strategy.Amount{strategy.Count(0)}, "a|b|c|d|e|f|g|h|i|j"},
		{[]strategy.Amount{strategy.Count(3)}, "abc|def|ghi|j"},
	} {
		var got []string
		for _, w := range strategy.InWaves(names, c.sizes...) {
			got = append(got, strings.Join(w.Regions, ""))
		}
		assert.Equal(t, c.want, strings.Join(got, "|"))
	}
	assert.Empty(t, strategy.InWaves(nil, strategy.Count(1)))
}

func TestWavesTellAllThatIsWrong(t *testing.T) {
	bad := strategy.Waves{
		Strategy: nil, AtOnce: -1, TakeBack: "some",
		ByRegion: map[string]strategy.Strategy{"nowhere": strategy.Rolling{}, "eu": strategy.Rolling{Partition: -1}, "us": nil},
		Hold:     strategy.Hold{Gates: []string{"wave"}},
		Waves: []strategy.Wave{
			{Regions: []string{"eu", "eu", "", "x\ny"}, AtOnce: -2, Hold: strategy.Hold{Bake: -1}},
			{Strategy: strategy.Canary{Bake: -1}, Regions: []string{"ap"}},
			{},
		},
	}
	_, err := bad.Plan(nil, v2)
	require.Error(t, err)
	for _, want := range []string{
		"Waves.AtOnce: -1 is below zero",
		`Waves.TakeBack: "some" is neither "bad wave" nor "every wave"`,
		`Waves.Hold.Gates: "wave" is the name of the gate by which regions wait`,
		"Waves.Waves[0].AtOnce: -2 is below zero",
		"Waves.Waves[0].Hold.Bake: -1ns is below zero",
		"Waves.Waves[0].Regions[1]: region eu is there twice",
		"Waves.Waves[0].Regions[2]: a region without a name",
		"Waves.Waves[0].Regions[2]: there is no strategy for ",
		`Waves.Waves[0].Regions[3]: "x\ny" has characters that cannot be seen`,
		"Waves.Waves[1].Strategy.Canary.Bake: -1ns is below zero",
		"Waves.Waves[2].Regions: a wave without a region",
		`Waves.ByRegion["eu"].Rolling.Partition: -1 is below zero`,
		`Waves.ByRegion["nowhere"]: no wave has that region`,
		`Waves.ByRegion["us"]: there is no strategy`,
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.ErrorContains(t, strategy.Waves{}.Validate(), "Waves.Waves: there is no wave")
}

func TestWavesNameTheRegionThatCannotBePlanned(t *testing.T) {
	w := strategy.Waves{Strategy: strategy.BlueGreen{}, Waves: strategy.InWaves([]string{"eu", "us", "ap"})}
	underWay := running(v1, 4)
	underWay.Stable.Share = strategy.Percent(50)
	underWay.Candidate = strategy.Group{Revision: v3, Replicas: 1, Share: strategy.Percent(50)}
	_, err := w.Plan(map[string]strategy.State{"eu": running(v1, 4), "us": underWay, "ap": underWay}, v2)
	require.ErrorIs(t, err, strategy.ErrUnderWay)
	assert.ErrorContains(t, err, "region us: From.Candidate")
	assert.ErrorContains(t, err, "region ap: From.Candidate")
	assert.NotContains(t, err.Error(), "region eu")

	_, err = w.Plan(map[string]strategy.State{"eu": running(v1, 4), "us": running(v1, 4), "sa": running(v1, 1)}, v2)
	assert.ErrorContains(t, err, "nothing tells what region ap runs")
	assert.ErrorContains(t, err, "region sa is in no wave")

	_, err = w.Plan(map[string]strategy.State{"eu": running(v2, 4), "us": running(v2, 4), "ap": running(v2, 4)}, v2)
	require.ErrorIs(t, err, strategy.ErrNothingToDo)
	p, err := w.Plan(map[string]strategy.State{"eu": running(v2, 4), "us": running(v1, 4), "ap": running(v2, 4)}, v2)
	require.NoError(t, err)
	assert.Equal(t, []string{"ap", "eu"}, p.Same)
	assert.Len(t, p.Waves, 1)
}

func TestWavePlansAreReadStrictly(t *testing.T) {
	p := someWaves(t)
	text, err := json.MarshalIndent(p, "", "  ")
	require.NoError(t, err)
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown field of the plan", `"take_back"`, `"take"`, "unknown field"},
		{"unknown field of a wave", `"at_once"`, `"once"`, "unknown field"},
		{"unknown field of a region", `"region"`, `"place"`, "unknown field"},
		{"unknown field of a region's plan", `"strategy"`, `"strategie"`, "unknown field"},
		{"a field in capitals", `"regions"`, `"Regions"`, "unknown field"},
		{"a region twice", `"us-2"`, `"us-1"`, "Waves[1].Regions[1].Region: region us-1 is there twice"},
		{"one that runs it already", `"sa-1"`, `"ap-1"`, "Same[0]: region ap-1 is there twice"},
		{"too many at once", `"at_once": 2`, `"at_once": 3`, "Waves[1].AtOnce: 3 of 2 regions cannot move at once"},
		{"another extent", `"bad wave"`, `"nothing"`, `TakeBack: "nothing" is neither`},
		{"no extent", `"take_back": "bad wave",`, ``, "TakeBack: it is not said how much is taken back"},
		{"a share that is none", `"10%"`, `"110%"`, "must lie between 0% and 100%"},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(string(text), c.old, c.new, 1)
			require.NotEqual(t, string(text), changed)
			_, err := strategy.ParseWavePlan([]byte(changed))
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err = strategy.ParseWavePlan([]byte(strings.Replace(string(text), `"region": "ap-1"`, `"region": "ap-1", "region": "x"`, 1)))
	require.ErrorContains(t, err, `field "region" is there twice`)
	for _, bad := range []string{"", "null", "{}", "[]", string(text) + "x", `{"to":{"version":"1"},"waves":[{"at_once":1,"regions":[{"region":"a"}]}],"take_back":"bad wave"}`} {
		_, err := strategy.ParseWavePlan([]byte(bad))
		require.Error(t, err, bad)
	}
}

func FuzzParseWavePlan(f *testing.F) {
	text, err := json.Marshal(someWaves(f))
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"to":{"version":"1"},"waves":[{"at_once":1,"regions":[{"region":"a","plan":{}}]}],"take_back":"bad wave"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := strategy.ParseWavePlan(text)
		if err != nil {
			return
		}
		_ = p.Verify()
		_, _, _ = p.Table(), p.Estimate(strategy.EstimateOptions{Startup: time.Second}), p.Needs()
		again, err := json.Marshal(p)
		require.NoError(t, err)
		read, err := strategy.ParseWavePlan(again)
		require.NoError(t, err)
		require.Equal(t, p.Hash(), read.Hash())
	})
}

func TestWavePlansAreChecked(t *testing.T) {
	good := someWaves(t)
	fresh := func() strategy.WavePlan {
		text, err := json.Marshal(good)
		require.NoError(t, err)
		p, err := strategy.ParseWavePlan(text)
		require.NoError(t, err)
		return p
	}
	seen := map[string]string{good.Hash(): "nothing"}
	for _, c := range []struct {
		name   string
		change func(*strategy.WavePlan)
		want   string // nothing: it is valid
	}{
		{"no wave", func(p *strategy.WavePlan) { p.Waves = nil }, "Waves: a plan has at least one wave"},
		{"an empty wave", func(p *strategy.WavePlan) { p.Waves[1].Regions = nil }, "Waves[1].Regions: a wave without a region"},
		{"another revision", func(p *strategy.WavePlan) { p.Waves[1].Regions[0].Plan.To = v3 }, "Waves[1].Regions[0].Plan.To: it brings 1.2.0"},
		{"a way back", func(p *strategy.WavePlan) {
			p.Waves[2].Regions[0].Plan, _ = strategy.Abort(p.Waves[2].Regions[0].Plan, 0)
		}, "Waves[2].Regions[0].Plan: it is a way back"},
		{"one that does not wait", func(p *strategy.WavePlan) { last(p, 1, 0).Gates = nil }, `Waves[1].Regions[0].Plan: its last step does not name the gate "wave"`},
		{"one that does not wait for the answer", func(p *strategy.WavePlan) { last(p, 0, 0).Gates = nil }, `its last step does not name the gate "wave"`},
		{"one that waits too early", func(p *strategy.WavePlan) { p.Waves[0].Regions[0].Plan.Steps[0].Gates = []string{"wave"} }, `Waves[0].Regions[0].Plan.Steps[0].Gates: only the last step may name "wave"`},
		{"what is same, unsorted", func(p *strategy.WavePlan) { p.Same = []string{"z", "y"} }, "Same: the regions are not sorted"},
		{"a region's plan", func(p *strategy.WavePlan) { last(p, 2, 0).Bake = -1 }, "Waves[2].Regions[0].Plan.Steps[2].Bake: -1ns is below zero"},
		{"no pause", func(p *strategy.WavePlan) { p.Waves[0].Pause = nil }, ""},
		{"a name", func(p *strategy.WavePlan) { p.Waves[1].Name = "x" }, ""},
		{"the order", func(p *strategy.WavePlan) {
			g := p.Waves[1].Regions
			g[0], g[1] = g[1], g[0]
		}, ""},
		{"more is taken back", func(p *strategy.WavePlan) { p.TakeBack = strategy.EveryWave }, ""},
		{"none is the same", func(p *strategy.WavePlan) { p.Same = nil }, ""},
		{"fewer at once", func(p *strategy.WavePlan) { p.Waves[1].AtOnce = 1 }, ""},
		{"a bake of a region", func(p *strategy.WavePlan) { last(p, 1, 1).Bake++ }, ""},
	} {
		p := fresh()
		c.change(&p)
		if c.want != "" {
			assert.ErrorContains(t, p.Validate(), c.want, c.name)
			continue
		}
		assert.NoError(t, p.Validate(), c.name)
		assert.NotContains(t, seen, p.Hash(), c.name)
		seen[p.Hash()] = c.name
	}
	unsafe := fresh()
	unsafe.Waves[1].Regions[1].Plan.Limits.MinAvailable = 4
	var broken *strategy.Violation
	require.ErrorAs(t, unsafe.Verify(), &broken)
	assert.Equal(t, strategy.LawFloor, broken.Law)
	assert.ErrorContains(t, unsafe.Verify(), "region us-2: Steps[0]")
	assert.NotContains(t, unsafe.Verify().Error(), "region us-1")
	_, ok := good.Region("us-2")
	assert.True(t, ok)
	_, ok = good.Region("sa-1")
	assert.False(t, ok)
}

func last(p *strategy.WavePlan, wave, region int) *strategy.Step {
	steps := p.Waves[wave].Regions[region].Plan.Steps
	return &steps[len(steps)-1]
}
