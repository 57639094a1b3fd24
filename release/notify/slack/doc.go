// Package slack (SHELL) sends messages of package release/notify to an incoming webhook of Slack, or of what answers as one does: Mattermost, Rocket.Chat, Discord.
//
//	chat := &slack.Channel{URL: stage.NewSecret(os.Getenv("SLACK_WEBHOOK"))}
//
// The subject and the text are shown as they are: &, < and > are escaped, so that nothing in them is a link or calls a whole room, formatting is
// turned off, and an @ before channel, here, all or everyone calls nobody. The address of a recipient, where there is one, is the room ("#shop"), for
// servers that let the sender choose it.
//
// A webhook of Slack does not know messages again that come twice; the ID is in the header Idempotency-Key, for servers that do.
//
// # Errors
//
// 2xx is success. 400, 413, 415 and 422 are Permanent; Retry-After is heeded. Redirects are refused. The URL is a secret, and in no error.
//
// # Concurrency
//
// A Channel may be used from any goroutine.
package slack
