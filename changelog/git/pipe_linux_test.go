package git

import (
	"bufio"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who has a small room, of which a part is still in use, gets what is there without a pause.
func TestAFullPipeIsReadWithoutPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, to, err := pipe()
		require.NoError(t, err)
		defer from.Close()
		_, err = to.Write(make([]byte, 40<<10)) // which every pipe has room for
		require.NoError(t, err)
		require.NoError(t, to.Close())
		began, in := time.Now(), bufio.NewReaderSize(from, 2<<10)
		for i := range 50 {
			piece := 300 + 37*i%500
			_, err := in.Peek(piece)
			require.NoError(t, err)
			_, err = in.Discard(piece)
			require.NoError(t, err)
		}
		_, err = io.Copy(io.Discard, in)
		require.NoError(t, err)
		assert.LessOrEqual(t, time.Since(began), 2*pause, "beside the end of it")
	})
}

// A long output is read in good pieces.
func TestAnEmptyPipeIsGivenTimeToFill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, to, err := pipe()
		require.NoError(t, err)
		defer from.Close()
		defer to.Close()
		room := make([]byte, 2*shortOutput)
		for _, want := range []time.Duration{0, 0, pause, pause} {
			_, err = to.Write(room[:shortOutput-1])
			require.NoError(t, err)
			began := time.Now()
			n, err := from.Read(room)
			require.NoError(t, err)
			assert.Equal(t, shortOutput-1, n)
			assert.Equal(t, want, time.Since(began))
		}
	})
}
