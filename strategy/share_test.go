package strategy_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

func TestShare(t *testing.T) {
	require.Equal(t, strategy.Millionths(50_000), strategy.Percent(5))
	require.Equal(t, strategy.Millionths(333_333), strategy.Ratio(1, 3))
	require.Equal(t, strategy.All(), strategy.Ratio(1, 3).Plus(strategy.Ratio(1, 3).Rest()), "nothing is lost")
	require.Equal(t, "33.3333%", strategy.Ratio(1, 3).String())
	require.Equal(t, "12.5%", strategy.Percent(12.5).String())
	require.Equal(t, 1, strategy.Percent(5).Of(10), "half an instance is one")
	require.Equal(t, 0, strategy.Share{}.Of(10))
	require.Equal(t, 10_000, strategy.All().Of(10_000))
	require.InDelta(t, 0.05, strategy.Percent(5).Fraction(), 1e-9)
	for _, bad := range []strategy.Share{
		strategy.Percent(-1), strategy.Percent(100.0001), strategy.Percent(math.NaN()), strategy.Percent(math.Inf(1)),
		strategy.Ratio(1, 0), strategy.Ratio(2, 1),
	} {
		require.Error(t, bad.Valid(), bad.String())
		_, err := json.Marshal(bad)
		require.Error(t, err)
	}
}

func FuzzParseShare(f *testing.F) {
	for _, seed := range []string{"5%", "33.3333%", "100%", "100.00001%", "-0%", "NaN%", "", "5", "0x1p-2%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := strategy.ParseShare(text)
		if err != nil {
			require.True(t, s.IsZero())
			return
		}
		require.NoError(t, s.Valid())
		again, err := strategy.ParseShare(s.String())
		require.NoError(t, err)
		require.Equal(t, s, again)
		require.Equal(t, strategy.All(), s.Plus(s.Rest()))
	})
}
