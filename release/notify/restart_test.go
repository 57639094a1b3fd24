package notify_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// snapshots is a cursor store that keeps all that was ever saved: a host that dies finds any of it, if what came behind was not acknowledged.
type snapshots struct {
	mu   sync.Mutex
	all  [][]byte
	now  []byte
	fail bool
}

func (s *snapshots) Load(context.Context, string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now, nil
}

func (s *snapshots) Save(_ context.Context, _ string, cursor []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail {
		return errDown
	}
	s.now = cursor
	s.all = append(s.all, cursor)
	return nil
}

// Whatever cursor a host that died has left behind, the next one tells all that was not told, and what it tells again has the same IDs.
func TestNothingIsLostByACrashAndDuplicatesHaveOneID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, whole := new(release.MemoryStore), &room{}
		for i := range 4 {
			written(t, store, fmt.Sprintf("shop-%d", i), 5)
		}
		stop := begin(t, plain(store, map[string]notify.Channel{"room": whole}))
		time.Sleep(time.Minute)
		stop()
		require.Len(t, whole.got(), 48)

		slow := func(r *room) notify.Channel {
			return notify.Func(func(ctx context.Context, m notify.Message) error {
				time.Sleep(70 * time.Millisecond)
				return r.Send(ctx, m)
			})
		}
		kept := &snapshots{}
		o := plain(store, map[string]notify.Channel{"room": slow(&room{})})
		o.Cursors = kept
		stop = begin(t, o)
		time.Sleep(time.Minute)
		stop()
		require.Greater(t, len(kept.all), 20)
		r := rand.New(rand.NewPCG(5, 6))
		for range 30 {
			cut := r.IntN(len(kept.all))
			var old struct {
				Letters  []struct{ Message notify.Message }
				Releases map[string]struct{ Seq uint64 }
			}
			decode(t, kept.all[cut], &old)
			rest := &room{}
			o.Channels = map[string]notify.Channel{"room": rest}
			o.Cursors = &snapshots{now: kept.all[cut]}
			stop := begin(t, o)
			time.Sleep(time.Minute)
			stop()
			got := ids(rest.got())
			assert.Subset(t, ids(whole.got()), got, "no ID is new")
			for _, l := range old.Letters {
				assert.Contains(t, got, l.Message.ID, "what was not sent is sent")
			}
			assert.Len(t, got, len(old.Letters)+behind(old.Releases, 12, 4))
		}
	})
}

// behind is how many events of so many releases had not been taken in.
func behind(releases map[string]struct{ Seq uint64 }, each, count int) int {
	n := each * count
	for _, s := range releases {
		n -= int(s.Seq)
	}
	return n
}

// A cursor that cannot be saved makes digests late, and is told of.
func TestACursorThatCannotBeSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Groups[0].Recipients = append(o.Groups[0].Recipients, notify.Recipient{Name: "boss", Channel: "room", DigestEvery: time.Hour})
		o.Groups = append(o.Groups, notify.Group{Name: "admins", Recipients: []notify.Recipient{{Name: "root", Channel: "room"}}})
		o.Alarms = "admins"
		kept := &snapshots{fail: true}
		o.Cursors = kept
		written(t, store, "shop-1", 2)
		n, err := notify.New(o)
		require.NoError(t, err)
		stop := run(t, n)
		time.Sleep(5 * time.Minute)
		assert.Len(t, ch.to("ada"), 6)
		require.Len(t, ch.to("root"), 1)
		assert.Equal(t, "The cursor of channel room cannot be saved", ch.to("root")[0].Subject)
		assert.Contains(t, n.Status()[0].Failing, "the cursor cannot be saved: down")
		assert.Less(t, time.Since(n.Status()[0].Since), 5*time.Minute+time.Second)
		time.Sleep(58 * time.Minute)
		assert.Empty(t, ch.to("boss"), "the digest waits for its ID to be kept")
		time.Sleep(5 * time.Minute)
		require.Len(t, ch.to("boss"), 1, "but not for ever")
		assert.Len(t, ch.to("boss")[0].Parts, 6)
		time.Sleep(7 * 24 * time.Hour)
		assert.Len(t, ch.got(), 8, "everything once")
		kept.mu.Lock()
		kept.fail = false
		kept.mu.Unlock()
		time.Sleep(time.Minute)
		assert.Empty(t, n.Status()[0].Failing)
		stop()
		begin(t, o)
		time.Sleep(2 * time.Hour)
		assert.Len(t, ch.got(), 8)
	})
}

// A digest whose ID can be kept within some minutes waits for that.
func TestADigestWaitsForItsCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Groups[0].Recipients[0].DigestEvery = time.Hour
		kept := &snapshots{fail: true}
		o.Cursors = kept
		written(t, store, "shop-1", 2)
		begin(t, o)
		time.Sleep(time.Hour + time.Minute)
		assert.Empty(t, ch.got())
		kept.mu.Lock()
		kept.fail = false
		kept.mu.Unlock()
		time.Sleep(time.Minute)
		assert.Len(t, ch.got(), 1)
	})
}

// What was sent up to the moment of a stop is recorded, and not sent again.
func TestAStopRecordsWhatWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Cursors = new(notify.MemoryCursors)
		written(t, store, "shop-1", 2)
		stop := begin(t, o)
		synctest.Wait()
		stop()
		require.Len(t, ch.got(), 6)
		begin(t, o)
		time.Sleep(time.Minute)
		assert.Len(t, ch.got(), 6)
	})
}

// forgetful is a cursor store that keeps only the first cursor of one channel.
type forgetful struct {
	notify.MemoryCursors
	channel string
	saved   bool
}

func (f *forgetful) Save(ctx context.Context, channel string, cursor []byte) error {
	if channel == f.channel {
		if f.saved {
			return nil
		}
		f.saved = true
	}
	return f.MemoryCursors.Save(ctx, channel, cursor)
}

// A host that dies when it has given a letter up, and before it has recorded that, gives it up again: the alarm is the same.
func TestALetterThatIsGivenUpTwiceIsOneAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, chat := new(release.MemoryStore), &room{}
		mail := &room{fail: func(notify.Message, int) error { return notify.Permanent(errDown) }}
		o := plain(store, map[string]notify.Channel{"mail": mail})
		o.Channels["chat"] = chat
		o.Groups = append(o.Groups, notify.Group{Name: "admins", Recipients: []notify.Recipient{{Name: "root", Channel: "chat"}}})
		o.Rules[0].Kinds = []string{"release.succeeded"}
		o.Alarms, o.Cursors = "admins", &forgetful{channel: "mail"}
		stop := begin(t, o)
		time.Sleep(time.Minute) // the cursor of mail stays as it is now
		written(t, store, "shop-1", 1)
		time.Sleep(10 * time.Second)
		stop()
		begin(t, o)
		time.Sleep(time.Hour)
		assert.Equal(t, 2, mail.tries())
		assert.Equal(t, []string{"root: A message to ada on channel mail is given up"}, chat.lines())
	})
}

// A digest that was sealed is the same after a restart, also when more has come meanwhile.
func TestADigestThatComesTwiceHasOneID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, first := new(release.MemoryStore), &room{}
		kept := &snapshots{}
		o := plain(store, map[string]notify.Channel{"room": first})
		o.Groups[0].Recipients[0].DigestEvery = time.Hour
		o.Cursors = kept
		var before []byte
		first.fail = func(notify.Message, int) error {
			before, _ = kept.Load(t.Context(), "room") // as a host finds it that dies right after it has sent
			return nil
		}
		written(t, store, "shop-1", 2)
		stop := begin(t, o)
		time.Sleep(2 * time.Hour)
		stop()
		require.Len(t, first.got(), 1)
		assert.Len(t, first.got()[0].Parts, 6)
		written(t, store, "shop-2", 2)
		second := &room{}
		o.Channels, o.Cursors = map[string]notify.Channel{"room": second}, &snapshots{now: before}
		begin(t, o)
		time.Sleep(2 * time.Hour)
		require.Len(t, second.got(), 2)
		assert.Equal(t, first.got()[0].ID, second.got()[0].ID)
		assert.Len(t, second.got()[0].Parts, 6)
		assert.NotEqual(t, second.got()[0].ID, second.got()[1].ID)
	})
}

// A clock that is put back by years makes nothing wait for years.
func TestAClockThatWasPutBack(t *testing.T) {
	kept := &snapshots{}
	store := new(release.MemoryStore)
	options := func(ch notify.Channel) notify.Options {
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Groups[0].Recipients[0].DigestEvery = time.Hour
		o.Cursors = kept
		return o
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(5 * 365 * 24 * time.Hour)
		written(t, store, "shop-1", 2)
		stop := begin(t, options(&room{}))
		time.Sleep(30 * time.Minute)
		stop()
	})
	synctest.Test(t, func(t *testing.T) { // a bubble begins in the year 2000
		ch := &room{}
		begin(t, options(ch))
		time.Sleep(2 * time.Hour)
		require.Len(t, ch.got(), 1)
		assert.Len(t, ch.got()[0].Parts, 6)
	})
}

// A store that has lost old releases makes nothing come again.
func TestAStoreThatForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		for i := range 3 {
			written(t, store, fmt.Sprintf("shop-%d", i), 1)
		}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Cursors = new(notify.MemoryCursors)
		stop := begin(t, o)
		time.Sleep(time.Hour)
		stop()
		require.Len(t, ch.got(), 12)
		younger := new(release.MemoryStore)
		for e, err := range store.Events(t.Context(), "shop-1", 1) { // it is all that is left, and shop-2 is gone
			require.NoError(t, err)
			require.NoError(t, younger.Append(t.Context(), "shop-1", e.Seq-1, e))
		}
		written(t, younger, "shop-9", 1)
		o.Store = younger
		begin(t, o)
		time.Sleep(time.Hour)
		assert.Len(t, ch.got(), 16)
	})
}

func TestFileCursors(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "cursors")
	f, err := notify.NewFileCursors(folder)
	require.NoError(t, err)
	load := func() (string, error) {
		f, err := notify.NewFileCursors(folder)
		require.NoError(t, err)
		defer f.Close()
		text, err := f.Load(t.Context(), "mail")
		return string(text), err
	}
	text, err := f.Load(t.Context(), "mail")
	assert.NoError(t, err)
	assert.Nil(t, text, "there is none yet")
	for i := range 3 {
		require.NoError(t, f.Save(t.Context(), "mail", fmt.Append(nil, i)))
	}
	require.NoError(t, f.Save(t.Context(), "chat", []byte("other")))
	require.NoError(t, f.Close())
	got, err := load()
	assert.NoError(t, err)
	assert.Equal(t, "2", got)
	name := filepath.Join(folder, "mail.cursor")
	good, err := os.ReadFile(name)
	require.NoError(t, err)
	for cut := range good { // torn anywhere, the one before counts
		require.NoError(t, os.WriteFile(name, good[:cut], 0o600))
		got, err = load()
		require.NoError(t, err)
		require.Equal(t, "1", got)
	}
	g, err := notify.NewFileCursors(folder)
	require.NoError(t, err)
	_, err = g.Load(t.Context(), "mail")
	require.NoError(t, err)
	require.NoError(t, g.Save(t.Context(), "mail", []byte("3")))
	require.NoError(t, g.Close())
	require.NoError(t, os.WriteFile(name, []byte("rubbish"), 0o600))
	got, err = load()
	assert.NoError(t, err)
	assert.Equal(t, "1", got, "a torn file has not taken the place of a whole one")
	require.NoError(t, os.WriteFile(name+".old", []byte("rubbish"), 0o600))
	_, err = load()
	assert.ErrorIs(t, err, notify.ErrCursor)
	assert.ErrorContains(t, err, "mail.cursor: no cursor: it is torn or was changed")
	_, err = notify.NewFileCursors("")
	assert.Error(t, err)
}

// A channel whose cursor cannot be read waits for somebody to look, and the others go on.
func TestACursorThatIsTorn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, good, bad := new(release.MemoryStore), &room{}, &room{}
		written(t, store, "shop-1", 1)
		o := plain(store, map[string]notify.Channel{"good": good, "bad": bad})
		cursors := new(notify.MemoryCursors)
		require.NoError(t, cursors.Save(t.Context(), "bad", []byte(`{"version":1,"rel`)))
		o.Cursors, o.Alarms = cursors, "team"
		n, err := notify.New(o)
		require.NoError(t, err)
		run(t, n)
		time.Sleep(time.Hour)
		assert.Empty(t, bad.got())
		assert.Len(t, good.got(), 5)
		assert.Contains(t, good.lines(), "ada: Channel bad does not run")
		assert.False(t, n.Status()[0].Open)
		assert.Contains(t, n.Status()[0].Failing, "no cursor")
		require.NoError(t, cursors.Save(t.Context(), "bad", []byte(`{"version":1}`))) // somebody mends it
		time.Sleep(2 * time.Minute)
		assert.Len(t, bad.got(), 4)
	})
}

func TestACursorOfAnotherVersion(t *testing.T) {
	assert.ErrorContains(t, notify.ParseCursor([]byte(`{"version":2}`)), "it is of version 2")
}

func FuzzCursor(f *testing.F) {
	f.Add([]byte(`{"version":1,"since":"2026-01-01T00:00:00Z","releases":{"a":{"seq":3}},"letters":[{"message":{"id":"x"},"due":"2026-01-01T00:00:00Z"}]}`))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1,"letters":[null]}`))
	f.Add([]byte(`{"version":1,"releases":{"a":null},"alike":{"b":null}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := notify.ParseCursor(text); err != nil {
			assert.ErrorIs(t, err, notify.ErrCursor)
		}
	})
}

// A secret of a stage is in nothing that is told, and in no cursor.
func TestNoSecretIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const canary = "canary-5f2a9c"
		store, ch, kept := new(release.MemoryStore), &room{}, &snapshots{}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Cursors = kept
		begin(t, o)
		leaky := stage.Declared{Secret: []string{"token"}, Stage: stage.Func(func(ctx context.Context, task *stage.Task) error {
			s, err := task.Secret(ctx, "token")
			if err != nil {
				return err
			}
			return &stage.Error{Outcome: stage.Stranded, Reason: "login with " + s.Reveal() + " was refused", By: s.Reveal()}
		})}
		r := release.NewRunner(release.Config{Store: store, Secrets: func(context.Context, string) (stage.Secret, error) { return stage.NewSecret(canary), nil }})
		_, err := r.Run(t.Context(), release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "leaky", Do: leaky}}},
			release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"})
		require.Error(t, err)
		time.Sleep(time.Minute)
		r.Stop(t.Context())
		all := fmt.Sprintf("%+v", ch.got())
		assert.Contains(t, all, "login with *** was refused")
		assert.NotContains(t, all, canary)
		for _, c := range kept.all {
			assert.False(t, strings.Contains(string(c), canary))
		}
	})
}
