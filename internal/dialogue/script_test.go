package dialogue_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/dialogue"
)

const script = `For people.

> list
a [0-9]+
c
> forget
(empty)
> add m <<one 1|two 2
done
`

func TestScript(t *testing.T) {
	all, err := dialogue.Parse(script)
	require.NoError(t, err)
	require.Len(t, all, 3)
	assert.Equal(t, "list\n", all[0].Text)
	assert.Equal(t, "add m <<\none 1\ntwo 2\n\n", all[2].Text)

	for _, answer := range []string{"a 1\nc\n", "x\na 12\nb\nc\nd\n\n"} {
		assert.NoError(t, all[0].Check(answer), answer)
	}
	for _, answer := range []string{"", "\n", "a 1\n", "c\na 1\n", "a one\nc\n", "xa 1\nc"} {
		assert.ErrorContains(t, all[0].Check(answer), "> list: no line fits", answer)
	}
	assert.NoError(t, all[1].Check("\n"))
	assert.NoError(t, all[1].Check(""))
	assert.ErrorContains(t, all[1].Check("no\n"), "where nothing should be")
}

func TestScriptsThatMakeNoSense(t *testing.T) {
	for script, says := range map[string]string{
		"":                  "no command",
		"words\n":           "no command",
		"> a\n> b\nc\n":     "> a: want lines",
		"> a\n(empty)\nb\n": "> a: want lines",
		"> a\nb\n> c\n[\n":  "> c: error parsing regexp",
		"> a\n(empty)\n> b": "> b: want lines",
	} {
		_, err := dialogue.Parse(script)
		assert.ErrorContains(t, err, says, "%q", script)
	}
}
