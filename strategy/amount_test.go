package strategy_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

func TestAmountRounds(t *testing.T) {
	for _, test := range []struct {
		amount   strategy.Amount
		of       int
		up, down int
	}{
		{strategy.Amount{}, 10, 0, 0},
		{strategy.Count(3), 10, 3, 3},
		{strategy.Count(0), 10, 0, 0},
		{strategy.PercentOf(25), 10, 3, 2},
		{strategy.PercentOf(25), 8, 2, 2},
		{strategy.PercentOf(25), 1, 1, 0},
		{strategy.PercentOf(10), 30, 3, 3}, // 0.1*30 is above 3 in floating point
		{strategy.PercentOf(0), 10, 0, 0},
		{strategy.PercentOf(100), 10, 10, 10},
		{strategy.PercentOf(33.3333), 3, 1, 0},
		{strategy.PercentOf(0.0001), 1_000_000, 1, 1},
	} {
		require.Equal(t, test.up, test.amount.Up(test.of), "%s of %d, up", test.amount, test.of)
		require.Equal(t, test.down, test.amount.Down(test.of), "%s of %d, down", test.amount, test.of)
	}
}

func TestAmountValid(t *testing.T) {
	for _, good := range []strategy.Amount{{}, strategy.Count(0), strategy.Count(7), strategy.PercentOf(0), strategy.PercentOf(100)} {
		require.NoError(t, good.Valid())
	}
	for _, test := range []struct {
		bad  strategy.Amount
		want string
	}{
		{strategy.Count(-1), "-1 is below zero"},
		{strategy.PercentOf(-5), "-5% is below zero"},
		{strategy.PercentOf(101), "101% is above 100%"},
		{strategy.Count(2_000_000), "2000000 is above a million instances"},
		{strategy.PercentOf(math.NaN()), "the percentage is not a number"},
		{strategy.PercentOf(math.Inf(1)), "the percentage is not a number"},
		{strategy.PercentOf(math.Inf(-1)), "the percentage is not a number"},
	} {
		require.EqualError(t, test.bad.Valid(), test.want)
		_, err := json.Marshal(test.bad)
		require.Error(t, err)
	}
}

func TestAmountEncoding(t *testing.T) {
	type settings struct {
		A, B, C, D strategy.Amount
		E          strategy.Amount `json:",omitzero"`
	}
	in := settings{A: strategy.Count(3), B: strategy.PercentOf(12.5), D: strategy.Count(0)}
	text, err := json.Marshal(in)
	require.NoError(t, err)
	require.JSONEq(t, `{"A":3,"B":"12.5%","C":null,"D":0}`, string(text))
	var out settings
	require.NoError(t, json.Unmarshal(text, &out))
	require.Equal(t, in, out)
	require.NoError(t, json.Unmarshal([]byte(`{"A":"3"}`), &out))
	require.Equal(t, strategy.Count(3), out.A)
	for _, bad := range []string{`-1`, `"101%"`, `"x"`, `"%"`, `3.5`, `true`, `{}`, `[]`, `"NaN%"`, `"+Inf%"`, `"3 "`} {
		require.Error(t, json.Unmarshal([]byte(`{"A":`+bad+`}`), &out), bad)
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, seed := range []string{"3", "25%", "0%", "-1", "1e3%", "NaN%", "", "%", "99999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := strategy.ParseAmount(text)
		if err != nil {
			require.True(t, a.IsZero())
			return
		}
		require.NoError(t, a.Valid())
		again, err := strategy.ParseAmount(a.String())
		require.NoError(t, err)
		require.Equal(t, a, again)
		require.LessOrEqual(t, a.Down(10_000), a.Up(10_000))
	})
}

func TestAmountAsText(t *testing.T) {
	for _, text := range []string{"", "3", "25%", "33.3333%"} {
		var a strategy.Amount
		require.NoError(t, a.UnmarshalText([]byte(text)))
		again, err := a.MarshalText()
		require.NoError(t, err)
		require.Equal(t, text, string(again))
	}
	var a strategy.Amount
	require.EqualError(t, a.UnmarshalText([]byte("lots")), `amount "lots": want a count or a percentage, as in "3" or "25%"`)
	require.Equal(t, "unset", a.String())
	require.Equal(t, "not-a-number%", strategy.PercentOf(math.NaN()).String())
}
