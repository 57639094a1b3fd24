package preset

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConditions(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		text    string
		yes, no []float64
	}{
		{"result[0] >= 0.95", []float64{0.95, 1, inf}, []float64{0.9499, -1, nan}},
		{"result < 1e-3", []float64{0, -5}, []float64{1e-3, inf, nan}},
		{"result>5&&result<=7", []float64{5.5, 7}, []float64{5, 7.1, nan}},
		{"result < 1 || result > 9", []float64{0, 10}, []float64{1, 5, 9, nan}},
		{"result < 1 or result > 9 and result < 11", []float64{0, 10}, []float64{12, 5}},
		{"(result < 1 or result > 9) and result < 11", []float64{0, 10}, []float64{12, 5}},
		{"!(result > 5)", []float64{5, nan}, []float64{6}},
		{"not isNaN(result) && result != 3", []float64{4, inf}, []float64{nan, 3}},
		{"isNaN(result) || result >= 0.9", []float64{nan, 1}, []float64{0.5}},
		{"isInf(1/result)", []float64{0}, []float64{1, nan, inf}},
		{"100 * (1 - result) <= 5", []float64{0.96, 1}, []float64{0.94, nan}},
		{"-result == 2 - 4", []float64{2}, []float64{-2}},
		{"((result)) * 2 - 1 > (3)", []float64{2.1}, []float64{2}},
		{"len(result) == 0 || result < 1", []float64{0.5}, []float64{1, nan}},
		{"default(result, 0) < 0.5", []float64{0.4}, []float64{0.5, nan}},
		{"!isNil(result) && asFloat(result[0]) > 1", []float64{1.5}, []float64{1, nan}},
		{"asInt(result) == 1", []float64{1, 1.9}, []float64{2, nan}},
		{".5 < result", []float64{1}, []float64{0.5}},
	} {
		f, err := parseCondition(c.text)
		require.NoError(t, err, c.text)
		for _, v := range c.yes {
			assert.True(t, f(&measured{value: v}), "%s of %v", c.text, v)
		}
		for _, v := range c.no {
			assert.False(t, f(&measured{value: v}), "%s of %v", c.text, v)
		}
	}
}

// Where there is no number, a condition says so, or asks for it.
func TestConditionsOfNoNumber(t *testing.T) {
	for text, want := range map[string]struct{ is, asked bool }{
		"len(result) == 0 || result[0] < 1":    {true, false},
		"len(result) > 0 && result[0] < 1":     {false, false},
		"default(result, 0) < 0.5":             {true, false},
		"default(result, 2 * 3) < 0.5":         {false, false},
		"isNil(result) or result > 5":          {true, false},
		"not isNil(result)":                    {false, false},
		"result[0] < 1":                        {false, true},
		"isNaN(result)":                        {true, true},
		"result < 1 || len(result) == 0":       {true, true},
		"asFloat(result) > 1 && isNil(result)": {false, true},
	} {
		c, err := parseCondition(text)
		require.NoError(t, err, text)
		x := &measured{value: 7, none: true}
		assert.Equal(t, want.is, c(x), text)
		assert.Equal(t, want.asked, x.asked, text)
	}
}

func TestConditionsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "the end where result or a number is wanted",
		"result":              "the end where a comparison is wanted",
		"result[1] > 2":       "result[0], the only one there is",
		"result > ":           "the end where result or a number",
		"result > 1 2":        `"2" where an operator`,
		"results > 1":         `"results" where result or a number`,
		"default(result) > 1": `")" where ","`,
		"default(1, 2) > 1":   `"1" where "(result"`,
		"len(result > 1":      `">" where ")"`,
		"asFloat result > 1":  `where "("`,
		"isNil(result":        `where ")"`,
		"all(result, # < 1)":  `"all" where`,
		"!result > 5":         "after a negation",
		"(result > 5":         `">" where ")"`,
		"result = 5":          `"=" where a comparison`,
		"1e > result":         `"1e" where`,
		"isNaN result":        `where "(" is wanted`,
		"Inf > result":        `"Inf" where`,
		"result > 1 && ":      "the end",
		"result > 1 💥":        "where an operator",
	} {
		_, err := parseCondition(text)
		assert.ErrorContains(t, err, want, "%q", text)
	}
	_, err := parseCondition(strings.Repeat("(", 400) + "result > 1" + strings.Repeat(")", 400))
	require.NoError(t, err)
	_, err = parseCondition(strings.Repeat("(", 600) + "result > 1" + strings.Repeat(")", 600))
	require.ErrorContains(t, err, "too many")
}

// Whatever is written, it is a condition or an error, and a condition of any number has an answer.
func FuzzCondition(f *testing.F) {
	for _, text := range []string{"result[0] >= 0.95", "!(isNaN(result)) && (result+1)*2 < 3e5 || 1/-result != .5", "((", "result > 1e+", "not not (result<1)"} {
		f.Add(text, 0.5)
	}
	f.Fuzz(func(t *testing.T, text string, v float64) {
		c, err := parseCondition(text)
		if err != nil {
			require.Nil(t, c)
			return
		}
		require.Equal(t, c(&measured{value: v}), c(&measured{value: v}))
		again, err := parseCondition("(" + text + ")")
		if len(text) < maxCondition-2 {
			require.NoError(t, err)
			require.Equal(t, c(&measured{value: v}), again(&measured{value: v}))
		}
	})
}
