package dora

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Numbers of all lengths are sorted, many equal ones, the least and the greatest among them; eight are a network, which is right
// where it is right for all lists of noughts and ones.
func TestSort(t *testing.T) {
	var s sorter
	check := func(numbers []int64) {
		t.Helper()
		want := slices.Sorted(slices.Values(numbers))
		s.sort(numbers)
		require.True(t, slices.Equal(want, numbers), "%v, want %v", numbers, want)
	}
	for bits := range 1 << 8 {
		var eight []int64
		for i := range 8 {
			eight = append(eight, int64(bits>>i&1))
		}
		check(eight)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 400 {
		for _, most := range []int64{1, 3, 100, math.MaxInt64} {
			numbers := make([]int64, n)
			for i := range numbers {
				numbers[i] = r.Int64N(most) - most/2
			}
			if n > 20 {
				numbers[n/3], numbers[n/2] = math.MaxInt64, math.MinInt64
			}
			check(slices.Clone(numbers))
			slices.Sort(numbers)
			check(numbers)
		}
	}
}
