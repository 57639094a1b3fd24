package slack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/release/notify/notifytest"
	"github.com/davit-sdk/davit/release/notify/slack"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type shown struct {
	Text    string
	Channel string
	Format  *bool `json:"mrkdwn"`
}

// read reads a request as a server does that shows the text.
func read(r *http.Request, body []byte) ([]notifytest.Arrival, error) {
	var s shown
	err := json.Unmarshal(body, &s)
	return []notifytest.Arrival{{ID: r.Header.Get("Idempotency-Key"), Text: strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s.Text)}}, err
}

func Example() {
	place := notifytest.NewServer(read) // hooks.slack.com, elsewhere
	defer place.Close()
	channel := &slack.Channel{URL: stage.NewSecret(place.URL + "/services/T0/B0/secret")}
	m := notify.Message{ID: "1", Subject: "shop 1.5.0 is released", Text: "shop 1.5.0 is released.\n\n3 features, 1 fix\n"}
	fmt.Println(channel.Send(context.Background(), m))
	fmt.Println(place.Arrived()[0].Text)
	// Output:
	// <nil>
	// shop 1.5.0 is released.
	//
	// 3 features, 1 fix
}

func TestLaws(t *testing.T) {
	notifytest.Suite{New: func() (notify.Channel, notifytest.Place) {
		place := notifytest.NewServer(read)
		return &slack.Channel{URL: stage.NewSecret(place.URL + "/secret")}, place
	}}.Run(t)
}

func TestNothingInATextIsACommand(t *testing.T) {
	var got shown
	place := notifytest.NewServer(func(_ *http.Request, body []byte) ([]notifytest.Arrival, error) {
		return nil, json.Unmarshal(body, &got)
	})
	defer place.Close()
	channel := &slack.Channel{URL: stage.NewSecret(place.URL)}
	m := notify.Message{ID: "1", Subject: "a & b", Text: "<!channel> <https://evil|good> @here @Everyone @hereby", Address: "#shop"}
	require.NoError(t, channel.Send(t.Context(), m))
	assert.Equal(t, "a &amp; b\n&lt;!channel&gt; &lt;https://evil|good&gt; @\u200bhere @\u200bEveryone @hereby", got.Text)
	assert.Equal(t, "#shop", got.Channel)
	assert.False(t, *got.Format)
	m.Text = strings.Repeat("&", 20_000)
	require.NoError(t, channel.Send(t.Context(), m))
	assert.LessOrEqual(t, len(got.Text), 30_010)
	assert.True(t, strings.HasSuffix(got.Text, "&amp; ..."))
}

func TestTheURLIsShownNowhere(t *testing.T) {
	place := notifytest.NewServer(read)
	place.Fail(notifytest.Refuse)
	channel := &slack.Channel{URL: stage.NewSecret(place.URL + "/services/canary")}
	err := channel.Send(t.Context(), notify.Message{ID: "1"})
	assert.ErrorContains(t, err, "503 Service Unavailable: not now")
	assert.NotContains(t, err.Error(), "canary")
	place.Close()
	err = channel.Send(t.Context(), notify.Message{ID: "1"})
	assert.ErrorContains(t, err, "connection refused")
	assert.NotContains(t, fmt.Sprintf("%v %+v", err, channel), "canary")
	err = (&slack.Channel{URL: stage.NewSecret("http://example.com/canary")}).Validate()
	assert.ErrorContains(t, err, "URL: it is not encrypted")
	assert.NotContains(t, err.Error(), "canary")
}
